"""How many numbers a Transformer is made of, and how many products it computes, from its sizes.

All of it is sums and products, so sizes may be whole numbers (:class:`~largemodels.estimate.Shape`) or tensors, as
in a page (:class:`~largemodels.estimate.Parameters`). ``s`` has the attributes of ``Shape``.
"""


def attention_matrices(s) -> int:
    """Return the weights of one layer's attention: of queries, keys, values and output."""
    if (m := s.latent) is not None:
        query = m.plain + m.turned
        ask = s.width * m.query_rank + m.query_rank * s.heads * query if m.query_rank else s.width * s.heads * query
        tell = s.width * (m.rank + m.turned) + m.rank * s.heads * (m.plain + m.value)
        return ask + tell + s.heads * m.value * s.width
    return 2 * s.width * (s.heads + s.kv_heads) * s.head_width


def attention_biases(s) -> int:
    """Return the biases of one layer's attention."""
    return s.qkv_bias * (s.heads + 2 * s.kv_heads) * s.head_width + s.out_bias * s.width


def attention_norms(s) -> int:
    """Return what one layer's attention normalises with: queries and keys, or what is between two narrow matrices."""
    if s.latent is not None:
        return s.latent.query_rank + s.latent.rank
    return {"": 0, "head": 2 * s.head_width, "all": (s.heads + s.kv_heads) * s.head_width}[s.query_norm]


def mlp_matrices(s, hidden: int) -> int:
    """Return the weights of one MLP: two matrices, or three if one of them gates."""
    return (2 + s.gated) * s.width * hidden


def mlp_biases(s, hidden: int) -> int:
    """Return the biases of one MLP."""
    return s.mlp_bias * ((1 + s.gated) * hidden + s.width)


def parts(s, experts: int | None = None) -> dict[str, int]:
    """Return the parameters of each kind of part; they add up to the model's. Count so many experts, or all."""
    dense = s.layers - s.expert_layers

    def mlp(hidden):
        return mlp_matrices(s, hidden) + mlp_biases(s, hidden)

    counted = s.experts if experts is None else experts
    mixture = counted * mlp(s.expert_hidden) + (s.shared_hidden > 0) * mlp(s.shared_hidden)
    norms = s.layers * s.norms + s.final_norm + s.embedding_norm
    return {
        "embedding": s.vocabulary * s.width,
        "positions": s.positions * s.width,
        "attention": s.layers * (attention_matrices(s) + attention_biases(s)),
        "mlp": dense * mlp(s.hidden),
        "experts": s.expert_layers * mixture,
        "router": s.expert_layers * s.experts * s.width,
        "norms": norms * s.width * (1 + s.norm_bias) + s.layers * attention_norms(s),
        "head": (1 - s.tied) * s.vocabulary * s.width,
    }


def active(s) -> int:
    """Return the parameters that one token passes: without those of the experts that are not chosen for it.

    They are added up, and not taken from all: in float32 a difference of large numbers has few figures left.
    """
    return sum(parts(s, s.chosen).values())


def block_products(s) -> int:
    """Return the multiply-adds of one token with the matrices of all layers."""
    dense = s.layers - s.expert_layers
    experts = s.chosen * mlp_matrices(s, s.expert_hidden) + mlp_matrices(s, s.shared_hidden) + s.experts * s.width
    return s.layers * attention_matrices(s) + dense * mlp_matrices(s, s.hidden) + s.expert_layers * experts


def pair_products(s) -> int:
    """Return the multiply-adds of one query with one key and its value, in all heads and layers."""
    if (m := s.latent) is not None:
        return s.layers * s.heads * (m.plain + m.turned + m.value)
    return 2 * s.layers * s.heads * s.head_width


def training(s, tokens: int, context: int, causal: int, recomputed: int) -> dict[str, int]:
    """Return the operations, two for each multiply-add, of training on ``tokens`` in texts of ``context``.

    Additions without a product, normalisation, softmax and activations are left out. The backward pass computes each
    product twice: for the gradients of both its factors.
    """
    blocks = 2 * tokens * block_products(s)
    head = 2 * tokens * s.vocabulary * s.width
    reach = 2 * context * (1 - causal) + (context + 1) * causal  # twice what a query sees of its text, in the mean
    attention = tokens * reach * pair_products(s)
    forward = blocks + attention + head
    return {
        "six_nd": 6 * active(s) * tokens,
        "matrices": 3 * (blocks + head),
        "attention": 3 * attention,
        "exact": 3 * forward,
        "recomputation": recomputed * (blocks + attention),
        "done": 3 * forward + recomputed * (blocks + attention),
    }
