"""Systems by date and size, their sources, and the time in which they doubled without those that one distrusts."""

import math
import re
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from largemodels.data import Figure, System
from largemodels.live.view import View

NAMES = ("years", "doublings", "weights", "at")
MIDDLE = 1995.0  # years are counted from here, so that float32 holds six digits
AXES = {  # name: what a reader calls it, the quantity, and the units of it that can be compared
    "compute": ("training compute", "compute", ("operations",)),
    "parameters": ("parameters", "parameters", ("parameters",)),
    "text": ("text to learn from", "data", ("words", "tokens")),
    "images": ("images to learn from", "data", ("images",)),
}
SCALES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class SystemsExplorer(View):
    """Points by date; the reader looks a system up, leaves some out, and sees how fast the others doubled.

    Bind it to :class:`~largemodels.estimate.DoublingTime`, with what it has prepared::

        view = SystemsExplorer(systems())
        live(view, DoublingTime(), view.start())

    Args:
        systems: in the order of their dates, with different names.
        axis: what to show first, one of ``AXES``.
        key: the name under which the reader's choices stand in the address of a page, so that they can be sent: a
            letter, then letters and digits, in lower case, no other widget of the page has it. Without one ``systems``.

    Raises:
        ValueError: fewer than three systems, another order, an axis or a key that there cannot be; on binding, inputs
            of other names.
    """

    parts: ClassVar[tuple[str, ...]] = ("systems/controls", "systems/plot", "systems/card")

    def __init__(self, systems: Sequence[System], axis: str = "compute", key: str = "", **traits):
        years = [system.year for system in systems]
        if len(years) < 3 or sorted(years) != years:
            raise ValueError(f"it takes at least three systems, the oldest first; got {len(years)}")
        if axis not in AXES:
            raise ValueError(f"the axis must be one of {', '.join(AXES)}; got {axis!r}")
        if not re.fullmatch("([a-z][a-z0-9]*)?", key):
            raise ValueError(f"the key is a letter, then letters and digits, in lower case; got {key!r}")
        axes = [
            {"key": key, "name": name, "unit": " or ".join(units), "values": [_logarithm(s, key) for s in systems]}
            for key, (name, _, units) in AXES.items()
        ]
        self._years, self._values = years, axes[list(AXES).index(axis)]["values"]
        rows = [
            {
                "name": system.name,
                "year": system.year,
                "when": f"{system.date:%B} {system.date.year}",
                "organisation": system.organisation,
                "domain": system.domain,
                "figures": {axis: _row(system, quantity) for axis, (_, quantity, _) in list(AXES.items())[:3]},
                "others": [_written(other) for other in system.others],
            }
            for system in systems
        ]
        domains = list(dict.fromkeys(system.domain for system in systems))
        settings = {"systems": rows, "axes": axes, "domains": domains, "middle": MIDDLE, "key": key}
        super().__init__(settings=settings, **traits)

    def start(self) -> dict[str, Tensor]:
        """Return the inputs to begin with: all systems that have a figure count; a line from the first year on."""
        known = [value is not None for value in self._values]
        at = torch.arange(math.floor(self._years[0]), math.ceil(self._years[-1]) + 1) - MIDDLE
        return {
            "years": torch.tensor(self._years, dtype=torch.float64).sub(MIDDLE).float(),
            "doublings": torch.tensor([value or 0.0 for value in self._values]),
            "weights": torch.tensor(known).float(),
            "at": at.float(),
        }

    def bind(self, function: nn.Module, example: dict[str, Tensor], dynamic=None) -> "SystemsExplorer":
        """Let ``function`` answer from now on, beginning with ``example``."""
        if tuple(example) != NAMES:
            raise ValueError(f"it takes {', '.join(NAMES)}, in this order; got {', '.join(example) or 'nothing'}")
        return super().bind(function, example, dynamic)


def _logarithm(system: System, axis: str) -> float | None:
    """Return the logarithm to base 2 of the figure that belongs on an axis."""
    _, quantity, units = AXES[axis]
    figure = getattr(system, quantity)
    return math.log2(figure.value) if figure and figure.unit in units else None


def _row(system: System, quantity: str) -> dict:
    figure = getattr(system, quantity)
    return _written(figure) if figure else {"missing": system.missing[quantity]}


def _written(figure: Figure) -> dict:
    """Return a figure in words."""
    by = f" by {figure.by}" if figure.by else " by its makers"
    return {
        "text": f"{spelt(figure.value)} {figure.unit}",
        "how": figure.how,
        "known": figure.how + by,
        "working": figure.working,
        "source": figure.text,
        "place": figure.place,
        "link": figure.link,
    }


def spelt(value: float) -> str:
    """Write a number for a reader: 7,291; 1.4 trillion; 3.14 × 10²³."""
    if value < 1e6:
        return f"{value:,.0f}"
    for scale, name in SCALES:
        if scale <= value < 1e3 * scale:
            return f"{value / scale:.3g} {name}" if value / scale < 999.5 else f"{value / scale:.0f} {name}"
    digits, power = f"{value:.2e}".split("e")
    return f"{float(digits):g} × 10{str(int(power)).translate(RAISED)}"
