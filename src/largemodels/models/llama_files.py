"""Where published files keep the settings and weights of a Llama, and under which names."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from largemodels.files import GGUF
from largemodels.layers import RotaryScaling, quantise

# the names of our parts, in a GGUF file and as the transformers library has them
PARTS = {
    "norm1": ("attn_norm", "input_layernorm"),
    "attention.to_q": ("attn_q", "self_attn.q_proj"),
    "attention.to_k": ("attn_k", "self_attn.k_proj"),
    "attention.to_v": ("attn_v", "self_attn.v_proj"),
    "attention.out": ("attn_output", "self_attn.o_proj"),
    "norm2": ("ffn_norm", "post_attention_layernorm"),
    "mlp.gate": ("ffn_gate", "mlp.gate_proj"),
    "mlp.expand": ("ffn_up", "mlp.up_proj"),
    "mlp.contract": ("ffn_down", "mlp.down_proj"),
}
ENDS = {
    "embedding": ("token_embd", "model.embed_tokens"),
    "norm": ("output_norm", "model.norm"),
    "head": ("output", "lm_head"),
}
ARCHITECTURE = "llama"
COMPUTED = re.compile(r"rotary_emb\.inv_freq$")  # in old files; it follows from the base
SCALING = ("rope_type", "type", "rope_theta", "factor", "original_max_position_embeddings")
LIMITS = {
    "yarn": {"beta_fast": "fast", "beta_slow": "slow"},
    "llama3": {"high_freq_factor": "fast", "low_freq_factor": "slow"},
}
Weights = Iterator[tuple[str, Tensor]]


def read_gguf(path: str | Path, dtype: torch.dtype) -> tuple[dict, Weights]:
    """Return the settings of a ``LlamaConfig`` and the weights, by our names, of a GGUF file.

    Raises ``FileNotFoundError``, or ``ValueError`` for a file that is damaged or holds a model of another kind.
    """
    file = GGUF(path)
    try:
        if file.architecture != ARCHITECTURE:
            raise ValueError(
                f"{path} holds a model of architecture {file.architecture!r}; only {ARCHITECTURE!r} can be read"
            )
        settings = _gguf_settings(file)
    except KeyError as error:
        raise ValueError(f"{path} does not describe a whole model: {error.args[0]}") from error
    names = {theirs: ours for ours, theirs in _names(settings["layers"], 0)}
    _none_left_over(path, set(file.tensors) - set(names))
    return settings, _gguf_weights(file, names, settings["head_width"], dtype)


def read_pretrained(folder: str | Path, dtype: torch.dtype) -> tuple[dict, Weights]:
    """Return the settings of a ``LlamaConfig`` and the weights of a folder. Raises as :func:`read_gguf`."""
    folder = Path(folder)
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"there is no {folder / 'config.json'}: give the folder that a model was saved in")
    try:
        settings = _transformers_settings(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    except KeyError as error:
        raise ValueError(f"{folder / 'config.json'} does not describe a whole model: {error} is missing") from error
    except ValueError as error:  # that of the JSON reader is one
        raise ValueError(f"{folder / 'config.json'}: {error}") from error
    names = {theirs: ours for ours, theirs in _names(settings["layers"], 1)}
    return settings, _pretrained_weights(folder, names, settings["tied"], dtype)


class Unfilled(TorchFunctionMode):
    """Inside it nobody draws initial weights for modules, for weights that are replaced at once."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(function, "__module__", "") == nn.init.__name__:
            return (*args, kwargs.get("tensor"))[0]
        return function(*args, **kwargs)


def fill(model: nn.Module, weights: Weights, kind: str | None = None) -> None:
    """Put weights, by name, in their places in a model that has none yet (on torch's ``meta`` device).

    With ``kind`` each matrix is packed in few bits as soon as it is there (:func:`~largemodels.layers.quantise`), so
    that the whole model never stands in memory unpacked. Raises ``ValueError`` for weights of another shape, or if some
    are missing.
    """
    wanted = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    for name, w in weights:
        if name not in wanted or w.shape != wanted[name]:
            raise ValueError(f"{name} has shape {tuple(w.shape)}; {wanted.get(name, 'nothing')} was expected")
        del wanted[name]
        path = name.removesuffix(".weight")
        if kind is None and _wide(w.shape, w.dtype):
            w = w.T.contiguous().T
        model.get_submodule(path).weight = nn.Parameter(w)
        paths = [path]
        if path == "embedding" and model.config.tied:
            model.head.weight = model.embedding.weight
            paths = [path, "head"]
        if kind is not None:
            quantise(model, kind, *paths)
    if wanted:
        raise ValueError(f"{len(wanted)} weights are missing, the first is {min(wanted)}")


def _gguf_weights(file: GGUF, names: dict[str, str], head_width: int, dtype: torch.dtype) -> Weights:
    for theirs, packed in file.tensors.items():
        ours, w = names[theirs], packed.unpack(dtype, columns=_wide(packed.shape, dtype))
        if ours.endswith(("to_q.weight", "to_k.weight")):  # rows stand in pairs (0, 1), ours are (0, d/2)
            w = w.view(-1, head_width // 2, 2, w.shape[1]).transpose(1, 2).reshape(w.shape)
        yield ours, w


def _pretrained_weights(folder: Path, names: dict[str, str], tied: bool, dtype: torch.dtype) -> Weights:
    for file in _tensor_files(folder):
        theirs = file.keys()
        _none_left_over(folder, {name for name in theirs if name not in names and not COMPUTED.search(name)})
        for name in theirs:
            if name in names and not (tied and names[name] == "head.weight"):
                yield names[name], file.get_tensor(name).to(dtype)


def _wide(shape: tuple[int, ...], dtype: torch.dtype) -> bool:
    """Return whether weights ``(out, in)`` are better laid out by columns: float32 with more rows than columns.

    A processor then multiplies them by one vector in half the time; in bfloat16 it takes several times as long.
    """
    return dtype == torch.float32 and len(shape) == 2 and shape[0] > shape[1]


def _none_left_over(path: str | Path, names: set[str]) -> None:
    """Raise ``ValueError`` if there are weights that our model has no place for: it would compute something else."""
    if names:
        raise ValueError(f"{path} has {len(names)} weights that Llama has not, for example {min(names)}")


def _names(layers: int, place: int) -> Iterator[tuple[str, str]]:
    """Yield our name of every weight, and the one in files: of GGUF (place 0) or of transformers (place 1)."""
    for ours, theirs in ENDS.items():
        yield f"{ours}.weight", f"{theirs[place]}.weight"
    for layer in range(layers):
        for ours, theirs in PARTS.items():
            yield f"blocks.{layer}.{ours}.weight", f"{('blk', 'model.layers')[place]}.{layer}.{theirs[place]}.weight"


def _gguf_settings(file: GGUF) -> dict:
    if "token_embd.weight" not in file.tensors:
        raise KeyError(f"{file.path} has no weights 'token_embd.weight'")

    def say(name: str):
        return file[f"{ARCHITECTURE}.{name}"]

    heads, width = say("attention.head_count"), say("embedding_length")
    scaling = None
    if (kind := file.get(f"{ARCHITECTURE}.rope.scaling.type", "none")) != "none":
        trained = file.get(f"{ARCHITECTURE}.rope.scaling.original_context_length", say("context_length"))
        scaling = RotaryScaling(kind, say("rope.scaling.factor"), trained)
    return {
        "vocabulary": file.tensors["token_embd.weight"].shape[0],
        "context": say("context_length"),
        "layers": say("block_count"),
        "heads": heads,
        "kv_heads": file.get(f"{ARCHITECTURE}.attention.head_count_kv", heads),
        "width": width,
        "hidden": say("feed_forward_length"),
        "head_width": file.get(f"{ARCHITECTURE}.attention.key_length", width // heads),
        "base": file.get(f"{ARCHITECTURE}.rope.freq_base", 10_000.0),
        "eps": say("attention.layer_norm_rms_epsilon"),
        "tied": "output.weight" not in file.tensors,
        "scaling": scaling,
    }


def _transformers_settings(theirs: dict) -> dict:
    if theirs.get("model_type") != ARCHITECTURE:
        raise ValueError(f"the model is of type {theirs.get('model_type')!r}; only {ARCHITECTURE!r} can be read")
    if theirs.get("attention_bias") or theirs.get("mlp_bias"):
        raise ValueError("the model has biases, which Llama has not")
    if theirs.get("hidden_act", "silu") != "silu":
        raise ValueError(f"the model's activation is {theirs['hidden_act']!r}; Llama has 'silu'")
    heads, context = theirs["num_attention_heads"], theirs["max_position_embeddings"]
    rope = theirs.get("rope_parameters") or theirs.get("rope_scaling") or {}
    return {
        "vocabulary": theirs["vocab_size"],
        "context": context,
        "layers": theirs["num_hidden_layers"],
        "heads": heads,
        "kv_heads": theirs.get("num_key_value_heads") or heads,
        "width": theirs["hidden_size"],
        "hidden": theirs["intermediate_size"],
        "head_width": theirs.get("head_dim") or theirs["hidden_size"] // heads,
        "base": float(rope.get("rope_theta") or theirs.get("rope_theta") or 10_000.0),
        "eps": theirs["rms_norm_eps"],
        "tied": theirs.get("tie_word_embeddings", False),
        "scaling": _transformers_scaling(rope, context),
    }


def _transformers_scaling(rope: dict, context: int) -> RotaryScaling | None:
    kind = rope.get("rope_type") or rope.get("type") or "default"
    given = {name: value for name, value in rope.items() if value is not None and name not in SCALING}
    if given.get("partial_rotary_factor") == 1:
        del given["partial_rotary_factor"]
    limits = {ours: given.pop(theirs) for theirs, ours in LIMITS.get(kind, {}).items() if theirs in given}
    if given:
        raise ValueError(f"rotary positions are set in ways that are not supported: {given}")
    if kind == "default":
        return None
    trained = rope.get("original_max_position_embeddings") or context
    return RotaryScaling(kind, float(rope["factor"]), int(trained), **limits)


def _tensor_files(folder: Path) -> Iterator:
    """Open the safetensors files of a folder, one after the other."""
    from safetensors import SafetensorError, safe_open

    paths = sorted(folder.glob("model*.safetensors"))
    if not paths:
        raise FileNotFoundError(f"there is no model.safetensors in {folder}")
    if (index := folder / "model.safetensors.index.json").exists():
        listed = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        if missing := sorted(listed - {path.name for path in paths}):
            raise FileNotFoundError(f"{folder} lacks {', '.join(missing)}, of which its index speaks")
        paths = [folder / name for name in sorted(listed)]
    for path in paths:
        try:
            with safe_open(path, framework="pt") as file:
                yield file
        except SafetensorError as error:
            raise ValueError(f"{path} is damaged or no safetensors file ({error}); fetch it again") from error
