"""Is a chance good enough to act on? Net benefit, and the line that calibrates chances."""

import torch
from torch import Tensor

STEPS, SMALL = 50, 1e-10  # of Newton's method


def net_benefit(chances: Tensor, happened: Tensor, thresholds: Tensor) -> Tensor:
    """Return the net benefit ``(t,)`` of treating those whose chance is at least a threshold (Vickers and Elkin 2006).

    With n people, it is TP / n − FP / n · t / (1 − t): those rightly treated, less those wrongly treated at the rate of
    exchange that the threshold t implies. To treat at a chance of 1 in 5 is to hold one case missed for as bad as four
    treatments in vain. To treat nobody has 0.

    Args:
        chances: ``(n,)``, from 0 to 1; ``torch.ones(n)`` treats all.
        happened: ``(n,)``, whether it came true.
        thresholds: ``(t,)``, at least 0 and below 1.

    Raises:
        ValueError: shapes that do not fit, nobody, or values out of their limits.
    """
    _check(chances, happened)
    if thresholds.ndim != 1 or not ((thresholds >= 0) & (thresholds < 1)).all():
        raise ValueError(f"thresholds are (t,), from 0 to below 1; got {tuple(thresholds.shape)}: {thresholds}")
    happened = happened.double()
    treated = (chances >= thresholds[:, None]).double()  # (t, n)
    right, wrong = treated @ happened, treated @ (1 - happened)
    thresholds = thresholds.double()
    return (right - wrong * thresholds / (1 - thresholds)) / len(chances)


def calibration_line(chances: Tensor, happened: Tensor) -> tuple[float, float]:
    """Return slope and intercept of the logistic regression of what happened on the chances' logits (Cox 1958).

    1 and 0 are right. A slope below 1: chances too extreme. An intercept below 0, at slope 1: chances too high. Found
    by Newton's method, by maximum likelihood.

    Args:
        chances: ``(n,)``, above 0 and below 1, not all the same.
        happened: ``(n,)``, whether it came true.

    Raises:
        ValueError: as :func:`net_benefit`, chances of 0 or 1, or no finite line: the chances part the two kinds.
    """
    _check(chances, happened)
    chances, happened = chances.double(), happened.double()
    if not ((chances > 0) & (chances < 1)).all() or (chances == chances[0]).all():
        raise ValueError("a line takes chances above 0 and below 1, not all the same")
    x = torch.stack([chances.logit(), torch.ones_like(chances)], 1)
    line = torch.tensor([1.0, 0.0], dtype=torch.float64)
    for _ in range(STEPS):
        p = (x @ line).sigmoid()
        curvature = (x * (p * (1 - p))[:, None]).T @ x
        step, singular = torch.linalg.solve_ex(curvature, x.T @ (happened - p))
        if singular or not step.isfinite().all():
            break
        line = line + step * (2 / step.abs().max()).clamp(max=1)
        if step.abs().max() < SMALL:
            return line[0].item(), line[1].item()
    raise ValueError("no line is best: the chances part those to whom it happened from the others")


def _check(chances: Tensor, happened: Tensor) -> None:
    if chances.ndim != 1 or chances.shape != happened.shape or len(chances) == 0:
        got = f"{tuple(chances.shape)} and {tuple(happened.shape)}"
        raise ValueError(f"chances and happened are both (n,), with n at least 1; got {got}")
    if not ((chances >= 0) & (chances <= 1)).all():
        raise ValueError(f"a chance is from 0 to 1; got {chances.min():g} to {chances.max():g}")
    if not ((happened == 0) | (happened == 1)).all():
        raise ValueError("it happened or not: True or False, or 1 or 0")
