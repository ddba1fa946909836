"""Which unit follows what: how closely the units of a network keep up with the properties of Python text."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from largemodels.text import properties


@dataclass(frozen=True)
class Following:
    """How closely the units of a network follow one property of a text, the closest first.

    Attributes:
        units: their numbers, ``(n,)``, in the order of the magnitude of ``chosen``.
        chosen: the correlation of each with the property, on the texts that the order is made by, ``(n,)``.
        measured: the same on other texts, ``(n,)``: what to believe, since the best of many is also a lucky one.
    """

    units: Tensor
    chosen: Tensor
    measured: Tensor


def tracking(states: Sequence[Tensor], texts: Sequence[str]) -> dict[str, Following]:
    """Rank units by how closely they follow each of the :func:`~largemodels.text.properties` of Python texts.

    The first half of the texts makes the order, the other half measures. Correlation is Pearson's, over all
    characters of a half; that of a unit that never moves is 0.

    Args:
        states: for each text what the units held after each character, ``(t, n)``.
        texts: Python, each read from its beginning, of ``t`` characters; at least two.

    Raises:
        ValueError: states that do not fit the texts, NaN, or a half in which a property never changes.
    """
    shapes = [tuple(state.shape) for state in states]
    wanted = [(len(text), shapes[0][-1]) for text in texts] if shapes and shapes[0] else []
    if len(texts) < 2 or shapes != wanted:
        raise ValueError(
            f"two texts or more take one tensor (t, n) each, t their length; "
            f"got shapes {shapes} for lengths {[len(text) for text in texts]}"
        )
    if not all(state.isfinite().all() for state in states):
        raise ValueError("the states hold NaN or infinity")
    known = [properties(text) for text in texts]
    middle = (len(texts) + 1) // 2
    halves = slice(None, middle), slice(middle, None)
    found = {}
    for name in known[0]:
        chosen, measured = (
            _correlation(
                torch.cat(list(states[half])).double(), torch.cat([one[name] for one in known[half]]).double(), name
            )
            for half in halves
        )
        units = chosen.abs().argsort(descending=True, stable=True)
        found[name] = Following(units, chosen[units].float(), measured[units].float())
    return found


def _correlation(states: Tensor, target: Tensor, name: str) -> Tensor:
    """Return Pearson's correlation ``(n,)`` of every column of ``(t, n)`` with ``(t,)``."""
    target = (target - target.mean()).to(states.device)
    if not target.any():
        raise ValueError(f"in one half of the texts {name!r} never changes: give more or longer texts")
    states = states - states.mean(0)
    spread = (states.square().sum(0) * target.square().sum()).sqrt()
    return torch.where(spread > 0, target @ states / spread.clamp(min=1e-30), torch.zeros_like(spread)).clamp(-1, 1)
