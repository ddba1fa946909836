"""How fast a quantity grows: the time in which it doubles, with an interval."""

import torch
from torch import Tensor, nn

from largemodels.estimate.quantities import WIDE

LEAST = 3  # points for a line with an error
QUANTILE = 1.959964  # of the normal distribution, at 97.5 %
FEW = (12.7062, 4.3027, 3.1824, 2.7764)  # of Student's t, at 97.5 %, for 1 to 4 degrees of freedom


def student(freedom: Tensor) -> Tensor:
    """Return the quantile at 97.5 % of Student's t for 1, 2, 3, … degrees of freedom, within 0.001.

    From 5 on it is the expansion in powers of one over the degrees of freedom, Abramowitz and Stegun (1964), 26.7.5.
    """
    z, over = QUANTILE, 1 / freedom.clamp(min=5)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    quantile = z + over * (terms[0] + over * (terms[1] + over * (terms[2] + over * terms[3])))
    for count, value in enumerate(FEW, 1):
        quantile = torch.where(freedom == count, value, quantile)
    return quantile


class DoublingTime(nn.Module):
    """A straight line through the logarithms to base 2, by least squares, and what it says of the time to double.

    The interval is the one that holds in 95 of 100 cases if what is left beside the line is independent, normal and
    equally wide everywhere (Student's t). It says nothing of how the points were chosen.
    """

    def forward(self, years: Tensor, doublings: Tensor, weights: Tensor, at: Tensor) -> dict[str, Tensor]:
        """Take ``years``, best counted from some year in the middle, and ``doublings``, the logarithms: both ``(n,)``.

        ``weights`` ``(n,)`` are 1 for a point that counts and 0 for one that is left out; ``at`` ``(m,)`` are years at
        which to draw the line.

        Returns:
            ``count``: of the points that count; ``rate``: doublings a year, and the ends of its interval, ``(3,)``;
            ``months``: to double, and the ends, the shortest first, ``(3,)``, where 0 stands for "never, as far as
            the points can tell"; ``spread``: of what is left beside the line, in doublings; ``explained``: the share
            of the variance that the line explains; ``line``, ``low`` and ``high``: the line and its interval,
            ``(m,)``. With fewer than three points, or all of one date, everything but the count is 0.

        Raises:
            ValueError: shapes that do not fit, numbers of fewer bits than float32, NaN or infinity, or a weight other
                than 0 and 1.
        """
        if not torch.compiler.is_compiling():
            _check(years, doublings, weights, at)
        count = weights.sum()
        n = count.clamp(min=1)
        middle, mean = (weights * years).sum() / n, (weights * doublings).sum() / n
        x, y = weights * (years - middle), weights * (doublings - mean)
        width = (x * x).sum()
        fits = (count >= LEAST) & (width > 1e-6)
        width = torch.where(fits, width, 1.0)
        slope = torch.where(fits, (x * y).sum() / width, 0.0)

        left = y - slope * x
        freedom = (count - 2).clamp(min=1)
        spread = torch.where(fits, ((left * left).sum() / freedom).sqrt(), 0.0)
        quantile = student(freedom)
        reach = quantile * spread / width.sqrt()
        rate = torch.stack([slope, slope - reach, slope + reach])
        total = (y * y).sum()
        explained = torch.where(fits & (total > 0), 1 - (left * left).sum() / total.clamp(min=1e-12), 0.0)

        line = mean + slope * (at - middle)
        band = quantile * spread * (1 / n + (at - middle) ** 2 / width).sqrt()
        return {
            "count": count[None],
            "rate": rate,
            "months": _months(rate[[0, 2, 1]]),
            "spread": spread[None],
            "explained": explained[None],
            "line": torch.where(fits, line, 0.0),
            "low": torch.where(fits, line - band, 0.0),
            "high": torch.where(fits, line + band, 0.0),
        }


def _months(rate: Tensor) -> Tensor:
    """Return how long a doubling takes, or 0 where it grows by less than one in a thousand years."""
    grows = rate > 1e-3
    return torch.where(grows, 12 / torch.where(grows, rate, 1.0), 0.0)


def _check(years: Tensor, doublings: Tensor, weights: Tensor, at: Tensor) -> None:
    n = len(years) if years.ndim == 1 else 0
    if n < 1 or doublings.shape != (n,) or weights.shape != (n,) or at.ndim != 1:
        shapes = ", ".join(str(tuple(each.shape)) for each in (years, doublings, weights, at))
        raise ValueError(f"it takes years, doublings and weights (n,) and at (m,); got {shapes}")
    for name, values in (("years", years), ("doublings", doublings), ("weights", weights), ("at", at)):
        if values.dtype not in WIDE or not values.isfinite().all():
            raise ValueError(f"{name} are finite numbers of {' or '.join(map(str, WIDE))}; got {values}")
    if not ((weights == 0) | (weights == 1)).all():
        raise ValueError("a weight is 1 for a point that counts and 0 for one that is left out")
