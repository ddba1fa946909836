"""Where published files keep the settings and weights of a Llama, and under which names."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from largemodels.files import GGUF, Packed
from largemodels.layers import quantise
from largemodels.models.llama_settings import ARCHITECTURE, OBJECT, TEXT, checked, gguf_settings, transformers_settings

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
COMPUTED = re.compile(r"rotary_emb\.inv_freq$")  # in old files; it follows from the base
Weights = Iterator[tuple[str, Tensor]]


def read_gguf(path: str | Path, dtype: torch.dtype) -> tuple[dict, Weights]:
    """Return the settings of a ``LlamaConfig`` and the weights, by our names, of a GGUF file.

    Raises ``FileNotFoundError``, or ``ValueError`` for a file that is damaged or holds a model of another kind.
    """
    file, settings, names = _open_gguf(path)
    return settings, _gguf_weights(file, names, settings["head_width"], dtype)


def packed_gguf(path: str | Path) -> tuple[dict, dict[str, Packed]]:
    """Return the same of weights that are still packed, by our names, their rows in our order."""
    file, settings, names = _open_gguf(path)
    packed = {names[theirs]: each for theirs, each in file.tensors.items()}
    width = settings["head_width"]
    return settings, {ours: replace(w, packed=in_our_order(ours, w.packed, width)) for ours, w in packed.items()}


def _open_gguf(path: str | Path) -> tuple[GGUF, dict, dict[str, str]]:
    """Return the file, its settings, and our name for each of its tensors."""
    file = GGUF(path)
    with naming(path):
        if file.architecture != ARCHITECTURE:
            raise ValueError(
                f"{path} holds a model of architecture {file.architecture!r}; only {ARCHITECTURE!r} can be read"
            )
        settings = gguf_settings(file)
    names = {theirs: ours for ours, theirs in _names(settings["layers"], 0)}
    _none_left_over(path, set(file.tensors) - set(names))
    return file, settings, names


def read_pretrained(folder: str | Path, dtype: torch.dtype) -> tuple[dict, Weights]:
    """Return the settings of a ``LlamaConfig`` and the weights of a folder. Raises as :func:`read_gguf`."""
    folder = Path(folder)
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(f"there is no {folder / 'config.json'}: give the folder that a model was saved in")
    with naming(folder / "config.json"):
        settings = transformers_settings(_object(folder / "config.json"))
    names = {theirs: ours for ours, theirs in _names(settings["layers"], 1)}
    return settings, _pretrained_weights(folder, names, settings["tied"], dtype)


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Let an error say in which file it is; that something is missing is a ``ValueError``, too."""
    try:
        yield
    except KeyError as error:
        raise ValueError(f"{path} does not describe a whole model: {error.args[0]}") from error
    except ValueError as error:
        raise error if str(path) in str(error) else ValueError(f"{path}: {error}") from error


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
        if name not in wanted:
            raise ValueError(f"{name} is there twice")
        if w.shape != wanted[name]:
            raise ValueError(f"{name} has shape {tuple(w.shape)}; {wanted[name]} was expected")
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
        yield ours, in_our_order(ours, w, head_width)


def in_our_order(name: str, rows: Tensor, head_width: int) -> Tensor:
    """Return the rows of a matrix of GGUF, packed or not, in our order: in pairs (0, 1) there, (0, d/2) here."""
    turned = name.endswith(("to_q.weight", "to_k.weight"))
    if turned and rows.ndim == 2 and not len(rows) % head_width:
        return rows.view(-1, head_width // 2, 2, rows.shape[1]).transpose(1, 2).reshape(rows.shape)
    return rows


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


def _tensor_files(folder: Path) -> Iterator:
    """Open the safetensors files of a folder, one after the other."""
    from safetensors import SafetensorError, safe_open

    paths = sorted(folder.glob("model*.safetensors"))
    if not paths:
        raise FileNotFoundError(f"there is no model.safetensors in {folder}")
    if (index := folder / "model.safetensors.index.json").exists():
        with naming(index):
            files = checked("weight_map", _object(index).get("weight_map"), OBJECT).values()
            listed = {checked("a file in weight_map", file, TEXT) for file in files}
        if missing := sorted(listed - {path.name for path in paths}):
            raise FileNotFoundError(f"{folder} lacks {', '.join(missing)}, of which its index speaks")
        paths = [folder / name for name in sorted(listed)]
    elif (whole := folder / "model.safetensors") in paths:  # whatever else is there belongs to something else
        paths = [whole]
    for path in paths:
        try:
            with safe_open(path, framework="pt") as file:
                yield file
        except SafetensorError as error:
            raise ValueError(f"{path} is damaged or no safetensors file ({error}); fetch it again") from error


def _object(path: Path) -> dict:
    """Read a JSON file that holds an object. Raises ``ValueError`` for one that does not."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}; fetch it again") from error
    return checked("its content", content, OBJECT)
