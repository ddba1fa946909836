"""The book's recurrent layers beside torch's: one training step of the source document's size."""

from collections.abc import Callable
from time import process_time

import torch
from torch import nn

from bench.timing import in_turns, ratio, spread
from largemodels.device import keep_large_buffers
from largemodels.layers import GRU, LSTM, RNN

STEPS, FEATURES, UNITS = 100, 100, 64
LAYERS = {"RNN": (RNN, nn.RNN), "LSTM": (LSTM, nn.LSTM), "GRU": (GRU, nn.GRU)}


def measure(rounds: int = 40, batch: int = 64) -> list[dict]:
    """Time a step, forward and backward, on one thread: milliseconds of processor time, and ratios to torch's layer.

    Processor time, not the clock's: other programs on the machine do not count.
    """
    keep_large_buffers()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [
            {
                "case": f"{name}, {STEPS} steps, {FEATURES} features, {UNITS} units",
                "forms": _measure(name, rounds, batch),
            }
            for name in LAYERS
        ]
    finally:
        torch.set_num_threads(threads)


def forms(name: str) -> dict[str, nn.Module]:
    """Return torch's layer, and ours as it is and compiled, all with the same weights."""
    ours, theirs = (kind(FEATURES, UNITS) for kind in LAYERS[name])
    theirs.batch_first = True
    theirs.load_state_dict(ours.state_dict())
    found = {f"nn.{name}": theirs, f"layers.{name}": ours}
    if name == "LSTM":  # compiling a loop of so many steps takes a while
        found[f"layers.{name}, compiled"] = torch.compile(ours)
    return found


def _measure(name: str, rounds: int, batch: int) -> dict[str, dict]:
    chance = torch.Generator().manual_seed(0)
    x = torch.randn(batch, STEPS, FEATURES, generator=chance).requires_grad_()
    gradient = torch.randn(batch, STEPS, UNITS, generator=chance)

    def once(layer: Callable) -> float:
        layer.zero_grad()
        x.grad = None
        start = process_time()
        layer(x)[0].backward(gradient)
        return process_time() - start

    tasks = {form: lambda layer=layer: once(layer) for form, layer in forms(name).items()}
    seconds = in_turns(tasks, rounds, warm_up=3)
    return {
        form: {
            "milliseconds": spread([1e3 * s for s in measured]),
            "times_torch": ratio(measured, seconds[f"nn.{name}"]),
        }
        for form, measured in seconds.items()
    }
