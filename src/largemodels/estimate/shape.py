"""The sizes of a Transformer that writes: all that its parameters and its computation follow from."""

from dataclasses import dataclass, fields

from largemodels.estimate import counting

QUERY_NORMS = ("", "head", "all")


@dataclass(frozen=True)
class Latent:
    """Multi-head latent attention (DeepSeek-AI 2024): keys and values are kept as one short vector a token.

    Attributes:
        query_rank: width between the two matrices of the queries; 0 if there is one matrix.
        rank: of the short vector.
        plain: numbers of a query or key that carry no position.
        turned: those that carry it; of keys, all heads share them.
        value: numbers per value.

    Raises ``ValueError`` for sizes that cannot be; it names them.
    """

    query_rank: int
    rank: int
    plain: int
    turned: int
    value: int

    def __post_init__(self):
        _check_sizes(self, dict.fromkeys(("rank", "plain", "turned", "value"), 1))


@dataclass(frozen=True)
class Shape:
    """The sizes of a decoder. The defaults are a Llama's: no biases, RMSNorm twice a layer and once at the end.

    Attributes:
        vocabulary, width, layers: of the model.
        heads, kv_heads, head_width: of queries; of keys and values; numbers per head.
        hidden: numbers between the matrices of an MLP.
        gated: whether an MLP has three matrices instead of two (Shazeer 2020).
        tied: whether the head's weights are the embedding's.
        positions: position vectors that are learned; 0 for rotary positions or ALiBi.
        norms: normalisations of the width a layer. They have a weight, and with ``norm_bias`` a bias.
        final_norm, embedding_norm: whether there is one after the last layer, and one after the embedding.
        query_norm: whether queries and keys are normalised: "" not, "head" each head by itself, "all" heads together.
        qkv_bias, out_bias, mlp_bias: whether those matrices have biases.
        expert_layers: layers whose MLP is a mixture of experts; the others have one of ``hidden``.
        experts, chosen: of such a layer, and how many of them a token passes.
        expert_hidden: as ``hidden``, of one expert.
        shared_hidden: the same for the expert that all tokens pass; 0 if there is none.
        latent: sizes of multi-head latent attention, in place of ``kv_heads`` and ``head_width``.

    Raises ``ValueError`` for sizes that cannot be; it names them.
    """

    vocabulary: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    head_width: int
    hidden: int
    gated: bool = True
    tied: bool = False
    positions: int = 0
    norms: int = 2
    norm_bias: bool = False
    final_norm: bool = True
    embedding_norm: bool = False
    query_norm: str = ""
    qkv_bias: bool = False
    out_bias: bool = False
    mlp_bias: bool = False
    expert_layers: int = 0
    experts: int = 0
    chosen: int = 0
    expert_hidden: int = 0
    shared_hidden: int = 0
    latent: Latent | None = None

    def __post_init__(self):
        least = dict.fromkeys(("vocabulary", "width", "layers", "heads", "kv_heads", "head_width", "hidden"), 1)
        if self.expert_layers:
            least |= dict.fromkeys(("experts", "chosen", "expert_hidden"), 1)
        _check_sizes(self, least)
        if not isinstance(self.latent, Latent | None):
            raise ValueError(f"latent is {self.latent!r}; it must be a Latent, or None")
        if self.heads % self.kv_heads:
            raise ValueError(f"heads must be a multiple of kv_heads; got {self.heads} and {self.kv_heads}")
        if self.query_norm not in QUERY_NORMS:
            raise ValueError(f"query_norm is {self.query_norm!r}; choose one of {', '.join(map(repr, QUERY_NORMS))}")
        if self.expert_layers > self.layers or self.chosen > self.experts:
            raise ValueError(
                f"there cannot be more layers of experts than layers, nor more experts chosen than there are; got "
                f"{self.expert_layers} of {self.layers} layers and {self.chosen} of {self.experts} experts"
            )

    @classmethod
    def read(cls, settings) -> "Shape":
        """Return the shape that settings describe.

        Args:
            settings: a ``config.json`` as a dictionary; an open :class:`~largemodels.files.GGUF` file; or a
                ``GPTConfig`` or ``LlamaConfig`` of this book.

        Raises ``ValueError`` for a model of another kind, and for a setting that is missing, means nothing, or is not
        known: it might change the count.
        """
        from largemodels.estimate.reading import read

        return read(settings)

    def parts(self) -> dict[str, int]:
        """Return the parameters of each kind of part."""
        return counting.parts(self)

    def parameters(self) -> int:
        """Return all parameters, exactly; weights that two parts share count once."""
        return sum(self.parts().values())

    def active(self) -> int:
        """Return the parameters that one token passes: without the experts that are not chosen for it."""
        return counting.active(self)

    def products(self, context: int, causal: bool = False) -> int:
        """Return the multiply-adds of a forward pass of one text of so many tokens.

        With ``causal``, of attention only the half of the square that a query may see; without, all of it, as kernels
        that hide the rest by a mask compute. Every layer is taken to see the whole text, also where a window slides.
        """
        return self.training(context, context, causal)["exact"] // 6

    def training(self, tokens: int, context: int, causal: bool = False, recomputed: bool = False) -> dict[str, int]:
        """Return the operations of training on so many tokens, as :class:`TrainingCompute` tells, exactly.

        Raises ``ValueError`` for tokens or a context that are no whole numbers from 1.
        """
        for name, value in (("tokens", tokens), ("context", context)):
            if type(value) is not int or value < 1:
                raise ValueError(f"{name} is {value!r}; it must be a whole number from 1")
        return counting.training(self, tokens, context, int(causal), int(recomputed))


def _check_sizes(sizes: Latent | Shape, least: dict[str, int]) -> None:
    """Raise ``ValueError`` for a whole number below its least, or 0, and for what is not of its type."""
    for field in fields(sizes):
        value, lowest = getattr(sizes, field.name), least.get(field.name, 0)
        if field.type is bool and type(value) is not bool:
            raise ValueError(f"{field.name} is {value!r}; it must be true or false")
        if field.type is int and not (type(value) is int and value >= lowest):
            raise ValueError(f"{field.name} is {value!r}; it must be a whole number from {lowest}")
