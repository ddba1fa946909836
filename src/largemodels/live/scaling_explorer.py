"""A fitted loss law to move about on: computation, parameters and data, and the best split of the computation."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import ClassVar

import torch
from torch import Tensor, nn

from largemodels.estimate import Fit
from largemodels.live.view import View

NAMES = ("law", "parameters", "tokens", "at")
POINTS = 81  # of each curve


@dataclass(frozen=True)
class Law:
    """A loss law as a reader meets it.

    Attributes:
        name: what it is called.
        fit: its constants.
        unit: what its data are counted in, in the plural, such as ``tokens``.
        parameters: the least and the most that can be set.
        tokens: the same of the data.
        fitted: the least and the most of both that runs were made with, ``((n, n), (d, d))``.
        top: the loss at the upper edge of the picture.
        points: name → parameters and data of models worth going to; the first is the start.
    """

    name: str
    fit: Fit
    unit: str
    parameters: tuple[float, float]
    tokens: tuple[float, float]
    fitted: tuple[tuple[float, float], tuple[float, float]]
    top: float
    points: Mapping[str, tuple[float, float]] = field(default_factory=dict)


class ScalingExplorer(View):
    """Fields for computation, parameters and data on a loss law, and curves of equal computation.

    Bind it to :class:`~largemodels.estimate.LossSurface`, with what it has prepared::

        view = ScalingExplorer([ours, chinchilla])
        live(view, LossSurface(), view.start())

    Args:
        laws: with different names; the first is shown first.
        key: the name under which the reader's choices stand in the address of a page, so that they can be sent: a
            letter, then letters and digits, in lower case, that no other widget of the page has. Without it ``law``.

    Raises:
        ValueError: no law, two of one name, a key or limits that there cannot be, a point out of the limits; on
            binding, inputs of other names.
    """

    parts: ClassVar[tuple[str, ...]] = (
        "calculator/read",
        "calculator/write",
        "calculator/steps",
        "calculator/field",
        "scaling/chart",
    )

    def __init__(self, laws: Sequence[Law], key: str = "", **traits):
        names = [law.name for law in laws]
        if not laws or len(set(names)) < len(names):
            raise ValueError(f"it takes laws of different names; got {', '.join(names) or 'none'}")
        if not re.fullmatch("([a-z][a-z0-9]*)?", key):
            raise ValueError(f"the key is a letter, then letters and digits, in lower case; got {key!r}")
        settings = {"laws": [_plain(law) for law in laws], "key": key, "points": POINTS}
        self._first = settings["laws"][0]
        super().__init__(settings=settings, **traits)

    def start(self) -> dict[str, Tensor]:
        """Return the inputs to begin with: the first law, at the first of its points."""
        first = self._first
        low, high = (torch.tensor(float(end)).log10().item() for end in first["parameters"])
        point = first["points"][0]
        return {
            "law": torch.tensor(first["constants"]),
            "parameters": torch.tensor([point["parameters"]]),
            "tokens": torch.tensor([point["tokens"]]),
            "at": torch.logspace(low, high, POINTS, dtype=torch.float64).float(),
        }

    def bind(self, function: nn.Module, example: dict[str, Tensor], dynamic=None) -> "ScalingExplorer":
        """Let ``function`` answer from now on, beginning with ``example``."""
        if tuple(example) != NAMES:
            raise ValueError(f"it takes {', '.join(NAMES)}, in this order; got {', '.join(example) or 'nothing'}")
        return super().bind(function, example, dynamic)


def _plain(law: Law) -> dict:
    """Return a law as a page can hold it; raise ``ValueError`` for what cannot be shown."""
    constants = [float(value) for value in law.fit[:5]]
    if not all(isfinite(value) and value > 0 for value in constants):
        raise ValueError(f"the constants of {law.name!r} must be finite and above 0; got {constants}")
    for name, (low, high) in (("parameters", law.parameters), ("tokens", law.tokens)):
        if not (0 < low < high < 1e18):
            raise ValueError(f"the {name} of {law.name!r} lie between two numbers above 0; got {low:g} and {high:g}")
    if not law.fit.floor < law.top < float("inf"):
        raise ValueError(f"the top of {law.name!r} lies above its floor, {law.fit.floor:g}; got {law.top}")
    if not law.points:
        raise ValueError(f"{law.name!r} has no point to start from")
    for name, (n, d) in law.points.items():
        if not (law.parameters[0] <= n <= law.parameters[1] and law.tokens[0] <= d <= law.tokens[1]):
            raise ValueError(f"{name!r} of {law.name!r} lies outside its limits: {n:g} parameters, {d:g} {law.unit}")
    return {
        "name": law.name,
        "constants": constants,
        "unit": law.unit,
        "parameters": [float(end) for end in law.parameters],
        "tokens": [float(end) for end in law.tokens],
        "fitted": [[float(end) for end in ends] for ends in law.fitted],
        "top": float(law.top),
        "points": [{"name": n, "parameters": float(p), "tokens": float(d)} for n, (p, d) in law.points.items()],
    }
