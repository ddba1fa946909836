"""Where published files keep the settings and weights of a Llama, and under which names."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from largemodels.files import GGUF
from largemodels.layers import RotaryScaling

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


def read_gguf(path: str | Path, dtype: torch.dtype) -> tuple[dict, dict[str, Tensor]]:
    """Return the settings of a ``LlamaConfig`` and the weights, by our names, of a GGUF file.

    Raises ``FileNotFoundError``, or ``ValueError`` for a file that is damaged or holds a model of another kind.
    """
    file = GGUF(path)
    if file.architecture != ARCHITECTURE:
        raise ValueError(f"{path} holds a model of architecture {file.architecture!r}; only {ARCHITECTURE!r} can be read")
    try:
        settings = _gguf_settings(file)
    except KeyError as error:
        raise ValueError(f"{path} does not describe a whole model: {error.args[0]}") from error
    weights = {}
    for ours, theirs in _names(settings["layers"], 0):
        if theirs in file.tensors:
            w = file.tensors[theirs].unpack()
            if ours.endswith(("to_q.weight", "to_k.weight")):  # rows stand in pairs (0, 1), ours are (0, d/2)
                w = w.view(-1, settings["head_width"] // 2, 2, w.shape[1]).transpose(1, 2).reshape(w.shape)
            weights[ours] = w.to(dtype)
    settings["tied"] = "head.weight" not in weights
    return settings, weights


def read_pretrained(folder: str | Path, dtype: torch.dtype) -> tuple[dict, dict[str, Tensor]]:
    """Return the settings of a ``LlamaConfig`` and the weights, by our names, of a folder. Raises as :func:`read_gguf`."""
    folder = Path(folder)
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"there is no {folder / 'config.json'}: give the folder that a model was saved in")
    try:
        theirs = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        settings = _transformers_settings(theirs)
    except (KeyError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{folder / 'config.json'} does not describe a whole model ({error!r})") from error
    except ValueError as error:
        raise ValueError(f"{folder / 'config.json'}: {error}") from error
    names, weights = {theirs: ours for ours, theirs in _names(settings["layers"], 1)}, {}
    for file in _tensor_files(folder):
        weights |= {names[name]: file.get_tensor(name).to(dtype) for name in file.keys() if name in names}  # noqa: SIM118
    if settings["tied"]:
        weights.pop("head.weight", None)
    return settings, weights


def _names(layers: int, place: int) -> Iterator[tuple[str, str]]:
    """Yield our name of every weight, and the one in files: of GGUF (place 0) or of transformers (place 1)."""
    for ours, theirs in ENDS.items():
        yield f"{ours}.weight", f"{theirs[place]}.weight"
    for layer in range(layers):
        for ours, theirs in PARTS.items():
            yield f"blocks.{layer}.{ours}.weight", f"{('blk', 'model.layers')[place]}.{layer}.{theirs[place]}.weight"


def _gguf_settings(file: GGUF) -> dict:
    def say(name: str):
        return file[f"{ARCHITECTURE}.{name}"]

    heads, width = say("attention.head_count"), say("embedding_length")
    scaling = None
    if (kind := file.get(f"{ARCHITECTURE}.rope.scaling.type", "none")) != "none":
        trained = file.get(f"{ARCHITECTURE}.rope.scaling.original_context_length", say("context_length"))
        scaling = RotaryScaling(kind, say("rope.scaling.factor"), trained)
    if "rope_freqs.weight" in file.tensors:
        raise ValueError(f"{file.path} changes the speeds of its rotary positions one by one, which is not supported")
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
    if kind == "default":
        return None
    limits = {}
    if kind == "llama3":
        limits = {"fast": rope["high_freq_factor"], "slow": rope["low_freq_factor"]}
    elif kind == "yarn":
        limits = {"fast": rope.get("beta_fast") or 32.0, "slow": rope.get("beta_slow") or 1.0}
    trained = rope.get("original_max_position_embeddings") or context
    return RotaryScaling(kind, float(rope["factor"]), int(trained), **limits)


def _tensor_files(folder: Path) -> Iterator:
    """Open the safetensors files of a folder, one after the other."""
    from safetensors import SafetensorError, safe_open

    paths = sorted(folder.glob("model*.safetensors"))
    if not paths:
        raise FileNotFoundError(f"there is no model.safetensors in {folder}")
    if (index := folder / "model.safetensors.index.json").exists():
        there, listed = {path.name for path in paths}, set(json.loads(index.read_text())["weight_map"].values())
        if missing := sorted(listed - there):
            raise FileNotFoundError(f"{folder} lacks {', '.join(missing)}, of which its index speaks")
        paths = [folder / name for name in sorted(listed)]
    for path in paths:
        try:
            with safe_open(path, framework="pt") as file:
                yield file
        except SafetensorError as error:
            raise ValueError(f"{path} is damaged or no safetensors file ({error}); fetch it again") from error
