"""Whether one model is better than another, or only luckier: their difference, and how far chance can move it."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Lead:
    """How much one model is ahead of another.

    Attributes:
        mean: the difference of their mean scores.
        error: its standard error. About nineteen times in twenty the true difference lies within two of them.
    """

    mean: float
    error: float

    @property
    def decided(self) -> bool:
        """Whether the difference is larger than two standard errors, so that the opposite is unlikely."""
        return abs(self.mean) > 2 * self.error


def compare(one: Tensor, other: Tensor) -> Lead:
    """Compare two models that were asked the same examples, each in one or several runs.

    Other examples might have come up, and other seeds. For the first the scores are compared example by example: what
    is easy or hard for both takes no part. For the second the runs of each model are compared with each other. Both
    variances are added, which is a little too careful, as the first holds a share of the second already.

    Args:
        one: scores ``(runs, n)`` of each run on each example, as 1 for right and 0 for wrong.
        other: the same of the other model, ``(runs, n)``; it may have another number of runs.

    Raises:
        ValueError: fewer than two examples, or not the same number for both.
    """
    if one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1] or one.shape[1] < 2 or 0 in other.shape:
        raise ValueError(
            "scores are (runs, n), with the same n of at least two examples for both models; "
            f"got {tuple(one.shape)} and {tuple(other.shape)}"
        )
    one, other = one.double(), other.double()
    gaps = one.mean(0) - other.mean(0)
    variance = gaps.var() / len(gaps)
    for runs in (one, other):
        if len(runs) > 1:
            variance = variance + runs.mean(1).var() / len(runs)
    return Lead(gaps.mean().item(), torch.sqrt(variance).item())
