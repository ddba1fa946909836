"""Is a model right as often as it says? Its calibration error, and a temperature that mends it."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

EQUAL = ("width", "count")
HALVINGS = 80  # of an interval that spans less than a factor of 2 ** 40


@dataclass(frozen=True)
class Reliability:
    """What a reliability diagram shows: answers in groups of nearly one confidence, each group ``(bins,)``.

    Attributes:
        sure: mean confidence of the group.
        right: share of right answers in it.
        count: answers in it; groups without any are left out.
    """

    sure: Tensor
    right: Tensor
    count: Tensor


def reliability(sure: Tensor, right: Tensor, bins: int = 15, equal: str = "width") -> Reliability:
    """Put answers into groups by their confidence.

    Args:
        sure: ``(n,)``, the probability that the model gives to its answer, from 0 to 1.
        right: ``(n,)``, whether the answer was right.
        bins: the number of groups.
        equal: the groups are equal in "width" (of confidence), or in "count" (of answers). Where a border of equal
            counts falls among answers of one confidence, each group gets its part of the right ones, so that the order
            of the answers plays no part.

    Raises:
        ValueError: no answers, shapes that do not fit, confidences outside 0 to 1, answers neither right nor wrong,
            no whole number of groups from 1, or another kind of group.
    """
    if sure.ndim != 1 or sure.shape != right.shape or len(sure) == 0:
        raise ValueError(
            f"sure and right are both (n,), with n at least 1; got {tuple(sure.shape)}, {tuple(right.shape)}"
        )
    if not ((sure >= 0) & (sure <= 1)).all():
        raise ValueError(f"a confidence is from 0 to 1; got {sure.min():g} to {sure.max():g}")
    if not ((right == 0) | (right == 1)).all():
        raise ValueError("an answer is right or not: True or False, or 1 or 0")
    if type(bins) is not int or bins < 1 or equal not in EQUAL:
        raise ValueError(f"groups are at least 1, equal in {' or '.join(EQUAL)}; got {bins!r}, {equal!r}")
    sure, right = sure.detach().double(), right.double()
    if equal == "width":
        group = (sure * bins).long().clamp(max=bins - 1)
    else:
        group = sure.argsort(stable=True).argsort() * bins // len(sure)
        _, place, ties = sure.unique(return_inverse=True, return_counts=True)
        right = (torch.bincount(place, right) / ties)[place]
    count = torch.bincount(group, minlength=bins)
    full = count > 0
    means = [torch.bincount(group, x, minlength=bins)[full] / count[full] for x in (sure, right)]
    return Reliability(*means, count[full])


def calibration_error(sure: Tensor, right: Tensor, bins: int = 15, equal: str = "width") -> float:
    """Return the expected calibration error (ECE; Naeini et al. 2015, Guo et al. 2017).

    That is the mean distance between how sure the answers of a group are and how many of them are right, weighted by
    the groups' sizes. Takes and raises the same things as :func:`reliability`.
    """
    groups = reliability(sure, right, bins, equal)
    return ((groups.sure - groups.right).abs() * groups.count).sum().item() / len(sure)


def error_by_chance(sure: Tensor, bins: int = 15, equal: str = "width", draws: int = 200, seed: int = 0) -> Tensor:
    """Return the calibration errors ``(draws,)`` that a perfectly calibrated model would show on as many answers.

    Each draw lets every answer be right with just the probability that the model gives it (consistency resampling,
    Bröcker and Smith 2007). No group of a finite number is hit exactly, and a distance is never negative: so the
    error of a model without any is above 0, the more so the fewer answers a group has.
    """
    generator = torch.Generator().manual_seed(seed)
    chance = torch.rand(draws, len(sure), generator=generator)
    return torch.tensor([calibration_error(sure, draw < sure, bins, equal) for draw in chance])


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the temperature T with which ``logits / T`` have the lowest cross-entropy (Guo et al. 2017).

    The loss is convex in 1/T. Its slope there is the mean of what the logits are expected to be, less those of the true
    class; where it is 0, found by halving, is the minimum.

    Args:
        logits: ``(n, classes)``, of examples that the model has not been trained on.
        labels: ``(n,)``.

    Raises:
        ValueError: shapes that do not fit, logits that are not finite, labels that are no classes, or no minimum: every
            answer right, so that the loss falls as T does, or none better than chance.
    """
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or len(labels) == 0:
        raise ValueError(f"logits (n, classes) take labels (n,); got {tuple(logits.shape)} and {tuple(labels.shape)}")
    if not logits.isfinite().all():
        raise ValueError("logits must be finite; for a class that is masked leave out its column")
    if labels.dtype != torch.int64 or ((labels < 0) | (labels >= logits.shape[1])).any():
        raise ValueError(f"labels are classes, int64 from 0 to {logits.shape[1] - 1}; got {labels.dtype}: {labels}")
    logits = logits.detach().double()
    truth = logits.gather(1, labels[:, None])[:, 0]

    def slope(sharpness: float) -> float:
        return ((F.softmax(logits * sharpness, 1) * logits).sum(1) - truth).mean().item()

    low, high = 2.0**-20, 2.0**20  # of 1/T
    if slope(low) >= 0 or slope(high) <= 0:
        why = "no better than chance" if slope(low) >= 0 else "all right"
        raise ValueError(f"these answers are {why}, so no temperature is best; take more examples, or other ones")
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return 1 / low
