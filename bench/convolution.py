"""The book's convolution beside torch's, on the layers of the source document's network."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import process_time

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.timing import in_turns, ratio, spread
from largemodels.device import keep_large_buffers
from largemodels.layers import conv2d

Form = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Case:
    """A layer, how its input lies in memory, and whether the input needs a gradient, too."""

    channels: int
    filters: int
    size: int
    channels_last: bool
    input_gradient: bool

    def __str__(self):
        order = "channels last" if self.channels_last else "channels first"
        return (
            f"{self.channels} → {self.filters} on {self.size} × {self.size}, {order}, "
            f"gradients of weights{' and input' if self.input_gradient else ''}"
        )


# the first layer of a network needs no gradient of its input: it is timed both ways
CASES = [
    Case(*layer, channels_last, input_gradient)
    for *layer, input_gradient in ((1, 32, 28, False), (1, 32, 28, True), (32, 64, 13, True))
    for channels_last in (True, False)
]


def unfolded(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Convolve by one product with the columns that ``F.unfold`` makes: what textbooks show."""
    rows, columns = weight.shape[2:]
    y = weight.flatten(1) @ F.unfold(x, (rows, columns)) + bias[:, None]
    return y.unflatten(2, (x.shape[2] - rows + 1, x.shape[3] - columns + 1))


def shifted(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Convolve as the formula is written: for each position in the kernel, add the shifted image times its weights."""
    rows, columns = weight.shape[2:]
    h, w = x.shape[2] - rows + 1, x.shape[3] - columns + 1
    y = bias[:, None, None]
    for p in range(rows):
        for q in range(columns):
            y = y + torch.einsum("bcij,oc->boij", x[:, :, p : p + h, q : q + w], weight[:, :, p, q])
    return y


FORMS: dict[str, Form] = {"F.conv2d": F.conv2d, "layers.conv2d": conv2d, "F.unfold": unfolded, "shifted sum": shifted}


def measure(rounds: int = 40, batch: int = 64) -> list[dict]:
    """Time every form in every case on one thread: milliseconds of processor time, and ratios to ``F.conv2d``.

    Processor time, not the clock's: other programs on the machine do not count.
    """
    keep_large_buffers()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [{"case": str(case), **asdict(case), "forms": _measure(case, rounds, batch)} for case in CASES]
    finally:
        torch.set_num_threads(threads)


def _measure(case: Case, rounds: int, batch: int) -> dict[str, dict]:
    chance = torch.Generator().manual_seed(0)
    layout = torch.channels_last if case.channels_last else torch.contiguous_format
    x = torch.randn(batch, case.channels, case.size, case.size, generator=chance).to(memory_format=layout)
    x.requires_grad_(case.input_gradient)
    weight = torch.randn(case.filters, case.channels, 3, 3, generator=chance).requires_grad_()
    bias = torch.randn(case.filters, generator=chance).requires_grad_()
    side = case.size - 2
    gradient = torch.randn(batch, case.filters, side, side, generator=chance).to(memory_format=layout)

    def once(form: Form) -> float:
        x.grad = weight.grad = bias.grad = None
        start = process_time()
        form(x, weight, bias).backward(gradient)
        return process_time() - start

    seconds = in_turns({name: lambda form=form: once(form) for name, form in FORMS.items()}, rounds, warm_up=3)
    return {
        name: {
            "milliseconds": spread([1e3 * s for s in measured]),
            "times_torch": ratio(measured, seconds["F.conv2d"]),
        }
        for name, measured in seconds.items()
    }
