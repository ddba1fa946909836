"""The same training on several processes, one for each device. torch.distributed does the work."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from largemodels.device import pick_device
from largemodels.train.loss import counted

LOST = ("Connection closed by peer", "Connection reset by peer", "Broken pipe")  # gloo's words


class LostProcessError(ConnectionError):
    """Another process of the training died, so that this one cannot go on."""


@contextmanager
def processes(name: str = "auto") -> Iterator[torch.device]:
    """Join the processes that ``torchrun`` started, if it started this one; yield this process's device.

    Messages go by NCCL between GPUs and by gloo between CPUs.

    Raises:
        ValueError: an unknown device.
        LostProcessError: another process died: gloo lost its connection, or ``torchrun`` ended this one for it.
    """
    device = pick_device(name)
    if not dist.is_torchelastic_launched():
        yield device
        return
    if device.type == "cuda":
        device = pick_device(f"cuda:{os.environ['LOCAL_RANK']}")
        torch.cuda.set_device(device)
    elif device.type != "cpu":
        device = torch.device("cpu")
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    main = threading.current_thread() is threading.main_thread()  # Python delivers signals nowhere else
    before = signal.signal(signal.SIGTERM, _ended) if main else None
    lost = False  # then nothing is tidied up: torch 2.13 may wait for ever for the thread of a lost connection
    try:
        yield device
    except LostProcessError:
        lost = True
        raise
    except RuntimeError as error:
        if lost := any(words in str(error) for words in LOST):
            raise LostProcessError("another process of this training was lost: its connection is closed") from error
        raise
    finally:
        if main:
            signal.signal(signal.SIGTERM, before)
        if not lost:
            dist.destroy_process_group()


def _ended(number: int, frame) -> None:
    raise LostProcessError("this process was told to end (SIGTERM): torchrun does so when another one was lost")


def count() -> int:
    """Return the number of processes that train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """Return this process's number, from 0; the first one prints and writes."""
    return dist.get_rank() if dist.is_initialized() else 0


def shard(model: nn.Module, device: torch.device) -> nn.Module:
    """Give every process a part of the weights only (FSDP2), for a model that does not fit on one device.

    The elements of the model's sequences and lists are gathered one at a time as they compute.
    """
    from torch.distributed.device_mesh import init_device_mesh  # here, because they take a second to import
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (count(),))
    for sequence in model.children():
        if isinstance(sequence, nn.Sequential | nn.ModuleList):
            for block in sequence:
                if any(True for _ in block.parameters()):
                    fully_shard(block, mesh=mesh)
    return fully_shard(model, mesh=mesh)


def sharded(model: nn.Module) -> bool:
    """Tell whether :func:`shard` was here."""
    return hasattr(model, "set_requires_gradient_sync")


def spread(model: nn.Module, device: torch.device) -> nn.Module:
    """Return the model in the form that adds up gradients over all processes: itself if there is only one.

    On GPUs batch normalisation takes its statistics from the whole batch. On CPUs torch has no such form:
    there every process normalises its own share.
    """
    if count() == 1 or sharded(model):
        return model
    if device.type == "cuda":
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    return DistributedDataParallel(model, device_ids=[device] if device.type == "cuda" else None)


def pieces_of(examples: int, accumulate: int) -> int:
    """Return how many pieces of a batch each process computes, one after the other."""
    return min(accumulate, max(1, examples // count()))


def share(x: Tensor, y: Tensor, accumulate: int) -> list[tuple[Tensor, Tensor, float]]:
    """Cut a batch into pieces and return this process's: ``(inputs, targets, weight)``.

    A piece weighs as much as its share of the targets that count (see :func:`cross_entropy`); the weights of all pieces
    of all processes add up to 1. Every process gets as many pieces; where a batch has fewer examples than there are
    processes, some get the first example with weight 0. Raises ``ValueError`` for a batch in which no target counts.
    """
    pieces = pieces_of(len(x), accumulate)
    pairs = list(zip(x.tensor_split(pieces * count()), y.tensor_split(pieces * count()), strict=True))
    counts = torch.stack([counted(py) for _, py in pairs]).tolist()
    if sum(counts) == 0:
        empty = "is empty" if len(x) == 0 else f"has {y.numel()} targets of -100, which do not count, and no other"
        raise ValueError(f"the batch {empty}: it has no mean loss; leave it out")
    mine = list(zip(pairs, counts, strict=True))[rank() * pieces : (rank() + 1) * pieces]
    return [(px, py, n / sum(counts)) if len(px) else (x[:1], y[:1], 0.0) for (px, py), n in mine]


def exchange(model: nn.Module, last: bool) -> AbstractContextManager:
    """Exchange gradients only after the last piece of a batch."""
    if sharded(model):
        model.set_requires_gradient_sync(last)
    return model.no_sync() if isinstance(model, DistributedDataParallel) and not last else nullcontext()


def total(x: Tensor) -> Tensor:
    """Return the sum of ``x`` over all processes."""
    if count() > 1:
        dist.all_reduce(x)
    return x


def gather(x: Tensor, device: torch.device) -> Tensor:
    """Stack what every process holds: ``(processes, *shape)``, on the CPU."""
    if count() == 1:
        return x[None]
    parts = [torch.empty_like(x, device=device) for _ in range(count())]
    dist.all_gather(parts, x.to(device))
    return torch.stack(parts).cpu()


def whole(x: Tensor) -> Tensor:
    """Return a tensor that may lie in shards over all processes in one piece; all of them must call this."""
    return x.full_tensor() if hasattr(x, "full_tensor") else x


def fill(x: Tensor, value: Tensor) -> None:
    """Overwrite ``x`` in place, in its own layout of memory and over its own shards, with a whole tensor."""
    if hasattr(x, "full_tensor"):
        from torch.distributed.tensor import distribute_tensor

        value = distribute_tensor(value.to(x.device), x.device_mesh, x.placements)
    x.copy_(value)
