"""Errors by group: how often each group is judged wrongly, how sure that is, and thresholds that make it equal."""

from dataclasses import dataclass
from math import nan, sqrt

import torch
from torch import Tensor

SURE = 2  # standard errors to either side


@dataclass(frozen=True)
class Rate:
    """A share, or a difference of two, with the interval in which it is about nineteen times in twenty.

    Attributes:
        value: the share itself; NaN if there was no case.
        low: lower end of the interval.
        high: upper end.
        cases: how many it was measured on.
    """

    value: float
    low: float
    high: float
    cases: int

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.low:.1%} to {self.high:.1%})"


@dataclass(frozen=True)
class GroupErrors:
    """How a group is judged.

    Attributes:
        flagged: of all its cases, those that are flagged.
        false_alarms: of those that should not be flagged, those that are (false positive rate).
        misses: of those that should be, those that are not (false negative rate).
        precision: of those that are flagged, those that should be; in several runs, of those that flag any.
    """

    flagged: Rate
    false_alarms: Rate
    misses: Rate
    precision: Rate


def rate(hits: Tensor) -> Rate:
    """Return the share of ones in ``hits``, ``(n,)`` or ``(runs, n)``: the same cases in several runs.

    The interval is Wilson's (1927), which is right for few cases and for shares near 0 too. With several runs, the
    95 % interval of their mean (Student's t) is added in squares: two runs are 12.7 standard errors wide to either
    side, three 4.3. Raises ``ValueError`` for another shape, or values other than 0 and 1.
    """
    if hits.ndim not in (1, 2) or len(hits) < hits.ndim - 1:
        raise ValueError(f"hits are (n,) or (runs, n), of a run or more; got {tuple(hits.shape)}")
    _check_binary("hits", hits)
    hits = torch.atleast_2d(hits).double()
    return _rate(hits.mean(1), hits.shape[1])


def _rate(shares: Tensor, cases: float) -> Rate:
    """Return the rate of the shares ``(runs,)`` of so many cases."""
    if not cases:
        return Rate(nan, 0.0, 1.0, 0)
    p, z2 = float(shares.mean()), SURE**2
    middle, half = (p + z2 / (2 * cases)) / (1 + z2 / cases), sqrt(p * (1 - p) / cases + z2 / (4 * cases**2))
    half *= SURE / (1 + z2 / cases)
    runs = _half_width(shares) if len(shares) > 1 else 0.0
    below, above = p - middle + half, middle + half - p
    return Rate(p, max(0.0, p - sqrt(below**2 + runs**2)), min(1.0, p + sqrt(above**2 + runs**2)), round(cases))


def _half_width(shares: Tensor) -> float:
    """Return half the 95 % interval of the mean of ``(runs,)``; two standard errors are too few of a few runs."""
    from scipy.special import stdtrit  # here, since it takes half a second to load

    return float(stdtrit(len(shares) - 1, 0.975)) * float(shares.std()) / sqrt(len(shares))


def difference(one: Rate, other: Rate) -> Rate:
    """Return ``one - other``, measured on different cases, with the interval of Newcombe (1998, method 10)."""
    gap = one.value - other.value
    below = sqrt((one.value - one.low) ** 2 + (other.high - other.value) ** 2)
    above = sqrt((one.high - one.value) ** 2 + (other.value - other.low) ** 2)
    return Rate(gap, gap - below, gap + above, one.cases + other.cases)


def errors_by_group(flagged: Tensor, labels: Tensor, group: Tensor) -> list[GroupErrors]:
    """Return the errors of each group, in the order of their numbers.

    Args:
        flagged: what was decided, ``(n,)`` or ``(runs, n)`` for the same cases in several runs; True is flagged.
        labels: what should have been, ``(n,)``.
        group: the number of the group of each case, ``(n,)``, int64 from 0.

    Raises:
        ValueError: shapes that do not fit, values other than 0 and 1, or groups that are no numbers from 0.
    """
    flagged = torch.atleast_2d(flagged).double()
    n = flagged.shape[1]
    if flagged.ndim != 2 or labels.shape != (n,) or group.shape != (n,) or not n:
        shapes = ", ".join(str(tuple(x.shape)) for x in (flagged, labels, group))
        raise ValueError(f"flagged is (n,) or (runs, n), labels and group are (n,), and n is not 0; got {shapes}")
    for name, values in (("flagged", flagged), ("labels", labels)):
        _check_binary(name, values)
    _check_groups(group)
    labels, found = labels.bool(), []
    for number in range(int(group.max()) + 1):
        own = group == number
        hits = (flagged * (own & labels)).sum(1)
        all_of = (flagged * own).sum(1)
        found.append(
            GroupErrors(
                rate(flagged[:, own]),
                rate(flagged[:, own & ~labels]),
                rate(1 - flagged[:, own & labels]),
                _rate((hits / all_of)[all_of > 0], float(all_of.mean())),
            )
        )
    return found


def shuffled_gaps(values: Tensor, members: Tensor, times: int, generator: torch.Generator) -> Tensor:
    """Return ``times`` differences of means between members and others, with the membership shuffled each time.

    It is what chance does where group plays no part (a permutation test).

    Args:
        values: of the cases, ``(n,)``.
        members: True for those of the group, ``(n,)``; some, but not all.
        times: how often to shuffle.
        generator: of random numbers.

    Raises:
        ValueError: shapes that do not fit, or everybody, or nobody, is a member.
    """
    _check_binary("members", members)
    if values.ndim != 1 or values.shape != members.shape or not 0 < members.sum() < len(members):
        raise ValueError(f"values and members are (n,), with some members; got {values.shape} and {members.shape}")
    order = torch.rand(times, len(values), generator=generator).argsort(1)
    inside = values.double()[order[:, : int(members.sum())]]
    outside = values.double()[order[:, int(members.sum()) :]]
    return inside.mean(1) - outside.mean(1)


def equal_false_alarms(scores: Tensor, labels: Tensor, group: Tensor, share: float) -> Tensor:
    """Return a threshold for each group: equally many false alarms in all, and ``share`` of all cases flagged.

    A case is flagged if its score is above the threshold of its group. Both conditions are met as nearly as the scores
    allow (Hardt et al. 2016, with false alarms alone made equal).

    Args:
        scores: ``(n,)``.
        labels: True where a case should be flagged, ``(n,)``.
        group: the number of the group of each case, ``(n,)``, int64 from 0.
        share: of all cases, between 0 and 1.

    Raises:
        ValueError: shapes that do not fit, scores that are NaN, labels other than 0 and 1, groups that are no numbers
            from 0, a group without cases that should not be flagged, or a share that is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"the share that is flagged lies between 0 and 1; got {share}")
    if scores.ndim != 1 or not len(scores) or not scores.shape == labels.shape == group.shape or scores.isnan().any():
        shapes = ", ".join(str(tuple(x.shape)) for x in (scores, labels, group))
        raise ValueError(f"scores, labels and group are (n,), and no score is NaN; got {shapes}")
    _check_binary("labels", labels)
    _check_groups(group)
    scores = scores.detach() if scores.dtype in (torch.float32, torch.float64) else scores.double()
    count = int(group.max()) + 1
    innocent = [scores[(group == number) & ~labels.bool()] for number in range(count)]
    if empty := [number for number, some in enumerate(innocent) if not len(some)]:
        raise ValueError(f"groups {empty} have no case that should not be flagged, so no false alarms to make equal")
    low, high = 0.0, 1.0  # the rate of false alarms that all groups get
    for _ in range(40):
        middle = (low + high) / 2
        thresholds = torch.stack([some.quantile(1 - middle) for some in innocent])
        low, high = (middle, high) if (scores > thresholds[group]).float().mean() < share else (low, middle)
    return thresholds


def _check_binary(name: str, values: Tensor) -> None:
    if not ((values == 0) | (values == 1)).all():
        raise ValueError(f"{name} must be 0 or 1, or False or True")


def _check_groups(group: Tensor) -> None:
    if group.dtype != torch.int64 or (group < 0).any():
        raise ValueError(f"groups are numbered from 0, in int64; got {group.dtype}: {group}")
