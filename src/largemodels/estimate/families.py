"""The kinds of model that ``config.json`` files name, and where each says its sizes.

Defaults are those of the ``transformers`` library, which reads the same files.
"""

from largemodels.estimate.said import Said
from largemodels.estimate.shape import Latent

BIASES = {"norm_bias": True, "qkv_bias": True, "out_bias": True, "mlp_bias": True}


def _sizes(said: Said, kv_heads: int | None = None, head_width: int | None = None) -> dict:
    """Return the sizes that most files have, under the names that most of them use."""
    width, heads = said.number("hidden_size"), said.number("num_attention_heads")
    if said.get("head_dim") is None and head_width is None and width % heads:
        raise ValueError(f"it does not say 'head_dim', and {heads} heads do not divide the width of {width}")
    return {
        "vocabulary": said.number("vocab_size"),
        "width": width,
        "layers": said.number("num_hidden_layers"),
        "heads": heads,
        "kv_heads": said.number("num_key_value_heads", default=kv_heads or heads, null=heads),
        "head_width": said.number("head_dim", default=head_width or width // heads),
        "hidden": said.number("intermediate_size"),
        "tied": said.flag("tie_word_embeddings", False),
    }


def _old(said: Said, names: dict[str, tuple[str, ...]], tied: bool) -> dict:
    """Return the sizes of models from before grouped queries and gates, which call them by names of their own."""
    found = {ours: said.number(*theirs) for ours, theirs in names.items()}
    if found["width"] % found["heads"]:
        raise ValueError(f"{found['heads']} heads do not divide the width of {found['width']}")
    more = {"kv_heads": found["heads"], "head_width": found["width"] // found["heads"], "gated": False}
    return found | more | BIASES | {"tied": said.flag("tie_word_embeddings", tied)}


def _gpt2(said: Said) -> dict:
    said.only("add_cross_attention", False)
    names = {
        "vocabulary": ("vocab_size",),
        "width": ("n_embd", "hidden_size"),
        "layers": ("n_layer", "num_hidden_layers"),
        "heads": ("n_head", "num_attention_heads"),
        "positions": ("n_positions", "max_position_embeddings"),
    }
    found = _old(said, names, tied=True)
    return found | {"hidden": said.number("n_inner", default=4 * found["width"])}


def _gpt_neox(said: Said) -> dict:
    names = {
        "vocabulary": ("vocab_size",),
        "width": ("hidden_size",),
        "layers": ("num_hidden_layers",),
        "heads": ("num_attention_heads",),
        "hidden": ("intermediate_size",),
    }
    biased = said.flag("attention_bias", True)
    return _old(said, names, tied=False) | {"qkv_bias": biased, "out_bias": biased}


def _bloom(said: Said) -> dict:
    names = {
        "vocabulary": ("vocab_size",),
        "width": ("hidden_size", "n_embed"),
        "layers": ("n_layer", "num_hidden_layers"),
        "heads": ("n_head", "num_attention_heads"),
    }
    found = _old(said, names, tied=True)
    return found | {"hidden": 4 * found["width"], "embedding_norm": True}


def _opt(said: Said) -> dict:
    names = {
        "vocabulary": ("vocab_size",),
        "width": ("hidden_size",),
        "layers": ("num_hidden_layers",),
        "heads": ("num_attention_heads",),
        "hidden": ("ffn_dim",),
    }
    found = _old(said, names, tied=True)
    said.only("word_embed_proj_dim", found["width"])
    said.only("enable_bias", True)
    said.only("layer_norm_elementwise_affine", True)
    before, removed = said.flag("do_layer_norm_before", True), said.flag("_remove_final_layer_norm", False)
    return found | {"positions": said.number("max_position_embeddings") + 2, "final_norm": before and not removed}


def _llama(said: Said) -> dict:
    biased = said.flag("attention_bias", False)
    return _sizes(said) | {"qkv_bias": biased, "out_bias": biased, "mlp_bias": said.flag("mlp_bias", False)}


def _mistral(said: Said) -> dict:
    return _sizes(said, kv_heads=8)


def _mixtral(said: Said) -> dict:
    found = _sizes(said, kv_heads=8)
    return found | _experts(said, found["layers"], found["hidden"], "num_local_experts", "num_experts")


def _qwen2(said: Said) -> dict:
    return _sizes(said, kv_heads=32) | {"qkv_bias": True}


def _qwen3(said: Said) -> dict:
    return _attention_bias(said) | _sizes(said, kv_heads=32, head_width=128) | {"query_norm": "head"}


def _qwen3_moe(said: Said) -> dict:
    found = _attention_bias(said) | _sizes(said, kv_heads=4) | {"query_norm": "head"}
    step, dense = said.number("decoder_sparse_step", default=1), said.list("mlp_only_layers")
    mixed = sum(layer not in dense and (layer + 1) % step == 0 for layer in range(found["layers"]))
    hidden = said.number("moe_intermediate_size")
    return found | _experts(said, mixed, hidden, "num_experts", "num_local_experts")


def _olmo(said: Said) -> dict:
    return _attention_bias(said) | _sizes(said) | {"norms": 0, "final_norm": False}  # they have no weights


def _olmo2(said: Said) -> dict:
    return _attention_bias(said) | _sizes(said) | {"query_norm": "all"}


def _olmoe(said: Said) -> dict:
    found = _olmo2(said)
    said.only("head_dim", found["width"] // found["heads"])  # of queries and keys, whose norms have the width itself
    return found | _experts(said, found["layers"], found["hidden"], "num_experts", "num_local_experts")


def _gemma(said: Said, kv_heads: int = 16) -> dict:
    tied = {"tied": said.flag("tie_word_embeddings", True)}
    return _attention_bias(said) | _sizes(said, kv_heads=kv_heads, head_width=256) | tied


def _gemma2(said: Said) -> dict:
    return _gemma(said, kv_heads=4) | {"norms": 4}


def _gemma3(said: Said) -> dict:
    return _gemma2(said) | {"query_norm": "head"}


def _deepseek_v2(said: Said) -> dict:
    return _deepseek(said, shared=2, dense=0)


def _deepseek_v3(said: Said) -> dict:
    return _deepseek(said, shared=1, dense=3)


def _deepseek(said: Said, shared: int, dense: int) -> dict:
    """Leave out the module that predicts the token after next (``num_nextn_predict_layers``): it is for training."""
    said.only("attention_bias", False)
    said.only("moe_layer_freq", 1)
    said.only("mlp_bias", False)
    latent = Latent(
        query_rank=said.number("q_lora_rank", default=1536, null=0),
        rank=said.number("kv_lora_rank"),
        plain=said.number("qk_nope_head_dim"),
        turned=said.number("qk_rope_head_dim"),
        value=said.number("v_head_dim"),
    )
    said.only("qk_head_dim", latent.plain + latent.turned)
    heads, hidden = said.number("num_attention_heads"), said.number("moe_intermediate_size")
    layers = said.number("num_hidden_layers")
    said.only("num_key_value_heads", heads)
    found = {
        "vocabulary": said.number("vocab_size"),
        "width": said.number("hidden_size"),
        "layers": layers,
        "heads": heads,
        "kv_heads": heads,
        "head_width": latent.plain + latent.turned,
        "hidden": said.number("intermediate_size"),
        "tied": said.flag("tie_word_embeddings", False),
        "latent": latent,
        "shared_hidden": said.number("n_shared_experts", default=shared, null=0, least=0) * hidden,
    }
    mixed = max(0, layers - said.number("first_k_dense_replace", default=dense, least=0))
    return found | _experts(said, mixed, hidden, "n_routed_experts", "num_local_experts")


def _attention_bias(said: Said) -> dict:
    biased = said.flag("attention_bias", False)
    return {"qkv_bias": biased, "out_bias": biased}


def _experts(said: Said, layers: int, hidden: int, *names: str) -> dict:
    chosen = said.number("num_experts_per_tok")
    return {"expert_layers": layers, "experts": said.number(*names), "chosen": chosen, "expert_hidden": hidden}


FAMILIES = {
    "gpt2": _gpt2,
    "gpt_neox": _gpt_neox,
    "bloom": _bloom,
    "opt": _opt,
    "llama": _llama,
    "mistral": _mistral,
    "mixtral": _mixtral,
    "qwen2": _qwen2,
    "qwen3": _qwen3,
    "qwen3_moe": _qwen3_moe,
    "olmo": _olmo,
    "olmo2": _olmo2,
    "olmoe": _olmoe,
    "gemma": _gemma,
    "gemma2": _gemma2,
    "gemma3_text": _gemma3,
    "deepseek_v2": _deepseek_v2,
    "deepseek_v3": _deepseek_v3,
}
