"""A view whose function can read on: when a text grows, a page computes only the new part and keeps the rest."""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from traitlets import Dict

from largemodels.live.binding import Binding
from largemodels.live.view import View


@dataclass(frozen=True)
class Past:
    """A further input of a function that reads on: what it returned for the text before.

    Attributes:
        output: the name of the output that it is made of.
        shape: its shape before there was a text; ``("heads", 0)`` stands for the length of axis 0 of the input
            ``heads``.
        last: true if the last row of the output is enough, as for the state of a recurrent network; false if all
            of it is needed, as for keys and values.
    """

    output: str
    shape: tuple
    last: bool = False


@dataclass(frozen=True)
class Growth:
    """How the answer for a text follows from the answer for its beginning.

    The function takes its usual inputs and then, optionally, one tensor for each ``past``. If it gets these, it treats
    the text as a continuation, and returns the answer for this new part alone.

    Attributes:
        past: for each further input, by name, what it is made of.
        axes: for each output, the axis along which it grows with the text; two axes for a square. An output that is
            not named does not grow.
        text: the input that grows, along its axis 1.
    """

    past: dict[str, Past]
    axes: dict[str, tuple[int, ...]]
    text: str = "text"


class GrowingView(View):
    """A view of a growing text. In a notebook the function reads the whole text each time; the view does not notice."""

    grows = Dict(help="how the answer grows with the text, as assets/reading.js takes it").tag(sync=True)

    def bind(
        self, function: nn.Module, example: dict[str, Tensor], dynamic: dict | None = None, growth: Growth | None = None
    ) -> "GrowingView":
        """Let ``function`` answer from now on; with ``growth``, its export can read on."""
        self._growth = growth
        with self.hold_sync():
            self.grows = {} if growth is None else asdict(growth)
            return super().bind(function, example, dynamic)

    def _export(self, binding: Binding) -> bytes:
        return super()._export(binding if self._growth is None else reading_on(binding, self._growth))


def reading_on(binding: Binding, growth: Growth, rows: int = 3) -> Binding:
    """Return the binding of the same function with its past, of any length, among the inputs: for the export.

    The text of the example is cut, so that past and text together are no longer than it was: it may fill the context.
    """
    example, dynamic = dict(binding.example), dict(binding.dynamic)
    text = example[growth.text]
    example[growth.text] = text[:, : max(2, text.shape[1] - rows)]
    for name, past in growth.past.items():
        axis, *_ = growth.axes[past.output]
        sizes = [example[n[0]].shape[n[1]] if isinstance(n, tuple) else n for n in past.shape]
        if not past.last:
            sizes[axis] = rows
            free = {i: dynamic[n[0]][n[1]] for i, n in enumerate(past.shape) if isinstance(n, tuple)}
            dynamic[name] = {**free, axis: "past"}
        example[name] = torch.zeros(sizes, device=example[growth.text].device)
    return Binding(binding.function, example, dynamic)
