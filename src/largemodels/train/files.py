"""Files that are written whole or not at all; weights as safetensors, so that nothing is ever unpickled; UTF-8."""

import json
import os
import sys
from codecs import lookup
from pathlib import Path

import torch
from torch import Tensor, nn

from largemodels.train.distributed import rank, whole
from largemodels.train.settings import configuration, differences, renamed

CONFIG = "largemodels.config"  # a text in the files of weights


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file in one piece: whatever happens, ``path`` holds the old content or the new, never a part.

    The content goes to a hidden file beside it, to the disk, and then takes the old file's place.
    Raises ``OSError``, which names the file, when the disk is full or the folder cannot be written.
    """
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(unfinished, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, path)
        finally:
            if unfinished.exists():
                unfinished.unlink()
    except OSError as error:
        kept = "the file of before is still there, whole" if path.exists() else "nothing was written"
        message = (
            f"cannot write {path} ({len(content):,} bytes): {error.strerror or error}; {kept}. "
            f"Free some space or choose another folder"
        )
        raise OSError(error.errno, message) from error


def save_weights(path: str | Path, model: nn.Module) -> None:
    """Write a model's parameters and buffers as a safetensors file, whole or not at all.

    The fields of ``model.config``, if it is a dataclass, go into the file as a text, as ``load_weights`` compares them:
    some settings change what a model answers and no weight's shape, as the number of heads does.
    Where several processes train together all of them call this, and the first one writes.
    Raises ``OSError``, which names the file, when the disk is full.
    """
    tensors = plain(model.state_dict())
    if rank() == 0:
        write_whole(path, to_bytes(tensors, {CONFIG: json.dumps(configuration(model))}))


def load_weights(path: str | Path, model: nn.Module) -> None:
    """Read a model's parameters and buffers from a safetensors file into ``model``, on its own device.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is damaged, or holds the weights of another model: other names or shapes, or, if the file
            tells them, other settings. The model is unchanged.
    """
    tensors, texts = read_tensors(path)
    check_fit(path, tensors, texts, model)
    model.load_state_dict(tensors)


def plain(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return whole copies on the CPU, in the plain order of memory: all that safetensors takes."""
    return {name: whole(x.detach()).cpu().clone(memory_format=torch.contiguous_format) for name, x in tensors.items()}


def to_bytes(tensors: dict[str, Tensor], texts: dict[str, str]) -> bytes:
    """Return the content of a safetensors file of tensors and texts."""
    from safetensors.torch import save  # here and below: a machine that keeps nothing does without it

    return save(tensors, texts)


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of a safetensors file and the text stored with them. Raises as :func:`load_weights`.

    They are copies: what safetensors gives lies in the file, which so could be neither replaced (on Windows) nor
    freed (elsewhere) as long as one tensor lives.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"there is no file {path}")
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name).clone() for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or no safetensors file ({error}); delete it") from error


def check_fit(path: str | Path, tensors: dict[str, Tensor], texts: dict[str, str], model: nn.Module) -> None:
    """Raise ``ValueError``, naming what differs, unless settings, names and shapes are the model's."""
    there, here = json.loads(texts.get(CONFIG, "{}")), configuration(model)
    if there and here and (different := differences(there, here, ("in the file", "in the model"))):
        raise ValueError(
            f"{path} holds the weights of another model: {'; '.join(different)}. Give the model the file's settings; "
            f"to mix them on purpose, use model.load_state_dict(safetensors.torch.load_file(path))"
        )
    there = {name: tuple(x.shape) for name, x in tensors.items()}
    here = {name: tuple(x.shape) for name, x in model.state_dict().items()}
    if prefixed := renamed(there, here):
        raise ValueError(f"{path} holds the weights {prefixed}")
    if different := [name for name in {**here, **there} if here.get(name) != there.get(name)]:
        name = different[0]
        raise ValueError(
            f"{path} holds the weights of another model: {len(different)} tensors differ, the first is {name}, "
            f"{there.get(name, 'absent')} in the file and {here.get(name, 'absent')} in the model"
        )


def speak_utf8() -> None:
    """Let what is printed hold any character: terminals whose locale says ASCII nearly always show UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if not hasattr(stream, "reconfigure"):  # in a notebook
            continue
        if lookup(stream.encoding).name == "ascii":
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
        else:
            stream.reconfigure(errors="backslashreplace")
