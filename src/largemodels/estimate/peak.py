"""How much memory a computation really took: the measurement beside which estimates stand."""

from collections.abc import Callable, Iterable
from itertools import chain

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile


def peak_memory(work: Callable[[], object]) -> int:
    """Run ``work`` once and return how many bytes of CPU memory tensors took at their most, beyond those before it.

    Every piece that torch's allocator gave and got back is in the profiler's record, those inside fused operations
    included; so the number is the same at every run, unlike the process's memory. Scratch space of other libraries,
    which do not ask torch for it, is missing.
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        work()
    changes = []
    waiting = list(record.profiler.kineto_results.experimental_event_tree())
    while waiting:
        event = waiting.pop()
        waiting += event.children
        kind, details = event.typed
        if kind.name == "Allocation" and details.device.type == "cpu":
            changes.append((event.start_time_ns, details.total_allocated, details.alloc_size))
    if not changes:
        return 0
    _, total, size = min(changes)
    return max(0, max(total for _, total, _ in changes) - (total - size))


def held_memory(*things: nn.Module | torch.optim.Optimizer | Iterable[Tensor]) -> int:
    """Return the bytes of the tensors of models and optimisers, or of tensors; memory that two share counts once."""
    storages = [x.untyped_storage() for x in chain.from_iterable(_tensors(thing) for thing in things)]
    # by identity: on the meta device, which holds sizes alone, every address is 0
    return sum({storage._cdata: storage.nbytes() for storage in storages}.values())


def _tensors(thing) -> Iterable[Tensor]:
    if isinstance(thing, nn.Module):
        return chain(thing.parameters(), thing.buffers())
    if isinstance(thing, torch.optim.Optimizer):
        return (x for state in thing.state.values() for x in state.values() if isinstance(x, Tensor))
    return thing
