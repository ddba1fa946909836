"""What a training run leaves on disk so that it can be cut off at any moment and go on as if it had not been."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from largemodels.train.distributed import count, fill, gather, rank
from largemodels.train.files import plain, read_tensors, to_bytes, write_whole
from largemodels.train.recipe import Recipe
from largemodels.train.settings import describe_model, differences, model_differences


@dataclass(frozen=True)
class Checkpoint:
    """Where to keep a run's state, and after how many steps to write it anew.

    The file is safetensors, with a JSON text inside: weights, the optimizer's averages, the state of the
    random numbers, the number of steps done, what the run was, and notes. Nothing in it is code.

    Attributes:
        path: the file.
        every: steps from one writing to the next.
        notes: what else is to be kept with the state, such as sums over steps; anything JSON takes. Change it as the
            run goes; when it goes on, what was noted at the last writing is put back.
    """

    path: str | Path
    every: int = 100
    notes: dict[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self):
        if self.every < 1:
            raise ValueError(f"a checkpoint is written every 1 or more steps; got {self.every}")

    def due(self, done: int, steps: int) -> bool:
        """Tell whether to write after ``done`` of ``steps`` steps."""
        return done % self.every == 0 or done == steps


def identify(model: nn.Module, recipe: Recipe, batches: Sequence) -> dict[str, Any]:
    """Describe a run well enough to refuse another run's checkpoint."""
    return {
        "model": describe_model(model),
        "recipe": asdict(recipe),
        "steps": len(batches),
        "first batch": _digest(batches[0]),
        "last batch": _digest(batches[len(batches) - 1]),
        "processes": count(),
    }


def save(checkpoint: Checkpoint, run: dict, done: int, model: nn.Module, optimizer: Optimizer) -> None:
    """Write a run's state after ``done`` steps, whole or not at all. All processes call this; one writes.

    Raises ``OSError``, naming the file, when the disk is full; the checkpoint of before is still there.
    """
    tensors = {f"model.{name}": x for name, x in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        for key, x in optimizer.state.get(parameter, {}).items():
            tensors[f"optimizer.{name}.{key}"] = x
    device = next(model.parameters()).device
    tensors["random.cpu"] = gather(torch.get_rng_state(), device)
    if device.type == "cuda":
        tensors["random.cuda"] = gather(torch.cuda.get_rng_state(device), device)
    tensors = plain(tensors)
    if rank() == 0:
        text = json.dumps({**run, "done": done, "notes": checkpoint.notes})
        write_whole(checkpoint.path, to_bytes(tensors, {"run": text}))


def restore(checkpoint: Checkpoint, run: dict, model: nn.Module, optimizer: Optimizer) -> int:
    """Put a run's state and its notes back, and return the number of steps done.

    Raises:
        ValueError: the file is damaged, no checkpoint, or another run's; nothing has been changed.
    """
    path = checkpoint.path
    tensors, texts = read_tensors(path)
    try:
        saved = json.loads(texts["run"])
        done = int(saved["done"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no checkpoint of a training run; choose another path") from error
    if not isinstance(saved.get("model"), dict):
        raise ValueError(
            f"{path} was written by an older version, which did not note all settings of the model, so it cannot be "
            f"told whether it is this run's: finish the run with that version, or choose another path"
        )
    if different := _differences(saved, run):
        raise ValueError(
            f"{path} is the checkpoint of another run: {'; '.join(different)}. "
            f"Go on with that run's settings, or choose another path"
        )
    device = next(model.parameters()).device
    with torch.no_grad():
        for name, x in model.state_dict().items():
            fill(x, tensors[f"model.{name}"])
        for name, parameter in model.named_parameters():
            prefix = f"optimizer.{name}."
            state = {key.removeprefix(prefix): x for key, x in tensors.items() if key.startswith(prefix)}
            if state:
                optimizer.state[parameter] = {key: _like(parameter, x, optimizer) for key, x in state.items()}
    checkpoint.notes.update(saved["notes"])
    # clones, because torch reads a generator's state from where the storage starts, not the tensor
    torch.set_rng_state(tensors["random.cpu"][rank()].clone())
    if device.type == "cuda" and "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"][rank()].clone(), device)
    return done


def _like(parameter: nn.Parameter, x: Tensor, optimizer: Optimizer) -> Tensor:
    """Bring an average into its parameter's layout and shards: fused kernels walk both side by side."""
    if x.ndim == 0:  # the count of steps, which fused kernels keep on the device
        return x.to(parameter.device if optimizer.defaults["fused"] else "cpu")
    mine = torch.empty_like(parameter)
    fill(mine, x)
    return mine


def _digest(batch: tuple[Tensor, Tensor]) -> str:
    """Return a checksum of a batch's numbers and shapes."""
    digest = hashlib.sha256()
    for x in batch:
        digest.update(f"{tuple(x.shape)} {x.dtype}".encode())
        digest.update(x.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()[:16]


def _differences(saved: dict, here: dict) -> list[str]:
    """Say in words where two runs differ."""
    found = []
    for key, value in here.items():
        there = saved.get(key)
        if there == value:
            continue
        if key == "model":
            found += model_differences(there, value)
        elif key == "recipe":
            found += differences(there, value)
        elif key.endswith("batch"):
            found.append(f"the {key} holds other examples (other data, batch size, seed or augmentation)")
        else:
            found.append(f"{key}: {there} there and {value} here")
    return found
