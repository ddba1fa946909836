"""What settings say of a model's sizes: of ``config.json`` files, of GGUF files, and of this book's own models."""

from collections.abc import Mapping
from math import prod

from largemodels.estimate.families import FAMILIES
from largemodels.estimate.said import Said
from largemodels.estimate.shape import Shape
from largemodels.files import GGUF
from largemodels.models import GPTConfig, LlamaConfig

# tensors of a GGUF file that are computed from settings
COMPUTED = ("rope_freqs.weight",)
# where files of models that also see or hear keep the settings of the part that writes
NESTED = ("text_config", "llm_config", "language_config")


def read(settings: Mapping | GGUF | GPTConfig | LlamaConfig) -> Shape:
    """Return the shape that settings describe. Raises as :meth:`Shape.read`."""
    if isinstance(settings, GPTConfig):
        return _gpt(settings)
    if isinstance(settings, LlamaConfig):
        return _llama(settings)
    if isinstance(settings, GGUF):
        return _gguf(settings)
    if not isinstance(settings, Mapping):
        raise ValueError(
            "a shape is read from a dictionary, a GGUF file, a GPTConfig or a LlamaConfig; "
            f"got {type(settings).__name__}"
        )
    said = Said(settings)
    kind = settings.get("model_type")
    if not isinstance(kind, str) or kind not in FAMILIES:
        inner = next((name for name in NESTED if isinstance(settings.get(name), Mapping)), "")
        hint = f"; the sizes of its language model stand under {inner!r}: read these" if inner else ""
        raise ValueError(f"model_type is {kind!r}; known are {', '.join(sorted(FAMILIES))}{hint}")
    found = FAMILIES[kind](said)
    said.close()
    return Shape(**found)


def _gpt(c: GPTConfig) -> Shape:
    return Shape(
        vocabulary=c.vocabulary,
        width=c.width,
        layers=c.layers,
        heads=c.heads,
        kv_heads=c.heads,
        head_width=c.width // c.heads,
        hidden=4 * c.width,
        gated=False,
        tied=True,
        positions=c.context if c.positions == "learned" else 0,
        norm_bias=True,
        qkv_bias=True,
        out_bias=True,
        mlp_bias=True,
    )


def _llama(c: LlamaConfig) -> Shape:
    return Shape(c.vocabulary, c.width, c.layers, c.heads, c.kv_heads, c.head_width, c.hidden, tied=c.tied)


def _gguf(file: GGUF) -> Shape:
    """Read the usual names, and make sure that they explain every number in the file."""
    kind, tensors = file.architecture, file.tensors
    if "token_embd.weight" not in tensors:
        raise ValueError(f"{file.path} has no tensor 'token_embd.weight'")

    def number(name: str, default: int | None = None) -> int:
        value = file.get(f"{kind}.{name}", default)
        if type(value) is not int or value < 1:
            raise ValueError(f"{kind}.{name} is {value!r}; it must be a whole number from 1")
        return value

    layers, heads, width = number("block_count"), number("attention.head_count"), number("embedding_length")
    experts = file.get(f"{kind}.expert_count") or 0
    normed = tensors.get("blk.0.attn_q_norm.weight")
    head_width = number("attention.key_length", width // heads)
    shape = Shape(
        vocabulary=tensors["token_embd.weight"].shape[0],
        width=width,
        layers=layers,
        heads=heads,
        kv_heads=number("attention.head_count_kv", heads),
        head_width=head_width,
        hidden=number("feed_forward_length"),
        gated=any(name in tensors for name in ("blk.0.ffn_gate.weight", "blk.0.ffn_gate_exps.weight")),
        tied="output.weight" not in tensors,
        positions=tensors["position_embd.weight"].shape[0] if "position_embd.weight" in tensors else 0,
        norm_bias="output_norm.bias" in tensors,
        embedding_norm="token_embd_norm.weight" in tensors,
        query_norm="" if normed is None else "head" if normed.shape[-1] == head_width else "all",
        qkv_bias="blk.0.attn_q.bias" in tensors or "blk.0.attn_qkv.bias" in tensors,
        out_bias="blk.0.attn_output.bias" in tensors,
        mlp_bias="blk.0.ffn_down.bias" in tensors,
        expert_layers=layers if experts else 0,
        experts=experts,
        chosen=number("expert_used_count") if experts else 0,
        expert_hidden=number("expert_feed_forward_length", number("feed_forward_length")) if experts else 0,
    )
    held = sum(prod(tensor.shape) for name, tensor in tensors.items() if name not in COMPUTED)
    if held != shape.parameters():
        raise ValueError(
            f"{file.path} holds {held:,} numbers; what is known of a {kind} explains {shape.parameters():,} of them"
        )
    return shape
