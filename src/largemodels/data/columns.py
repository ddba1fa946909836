"""A table with gaps and units as a network wants it: no gaps, one scale. All that it takes is learned from one part."""

import torch
from torch import Tensor

FEWEST = 2  # rows of which a spread can be told


class Columns:
    """Fill gaps and bring columns to one scale, by medians, means and spreads of the rows it was made from.

    Made from the training rows and used on all others, it lets nothing of the held-out rows into training::

        ready = Columns(features[learn])
        inputs, held_out = ready(features[learn]), ready(features[test])

    A gap gets the median of its column; a column with gaps in the training rows gets a second one, 1 where there was a
    gap. Then each column has mean 0 and standard deviation 1 over the training rows; a constant column becomes 0.

    Args:
        rows: of training, ``(n, f)``, NaN for a gap.

    Raises:
        ValueError: another shape, fewer than two rows, a column that is all gaps, or infinite numbers.
    """

    def __init__(self, rows: Tensor):
        _check(rows)
        gaps = rows.isnan()
        if len(rows) < FEWEST or gaps.all(0).any():
            raise ValueError(f"it takes two rows or more, and a number in each column; got {tuple(rows.shape)}")
        self.median = _median(rows)
        self.with_gaps = gaps.any(0)
        filled = self._fill(rows)
        self.mean, self.spread = filled.mean(0), filled.std(0, correction=0)
        self.width = filled.shape[1]

    def __call__(self, rows: Tensor) -> Tensor:
        """Return rows ``(m, f)`` as ``(m, width)``. Raises ``ValueError`` for another number of columns."""
        _check(rows)
        if rows.shape[1] != len(self.median):
            raise ValueError(f"made from {len(self.median)} columns; got {rows.shape[1]}")
        spread = torch.where(self.spread > 1e-6 * self.mean.abs(), self.spread, torch.inf)
        return (self._fill(rows) - self.mean) / spread

    def _fill(self, rows: Tensor) -> Tensor:
        gaps = rows.isnan()
        return torch.cat([torch.where(gaps, self.median, rows), gaps[:, self.with_gaps].to(rows.dtype)], 1)


def _check(rows: Tensor) -> None:
    if rows.ndim != 2 or not rows.is_floating_point() or rows.isinf().any():
        raise ValueError(f"rows are (n, features) of finite numbers or NaN; got {tuple(rows.shape)}, {rows.dtype}")


def _median(rows: Tensor) -> Tensor:
    """Return medians ``(f,)`` of what is there; of an even number, the mean of the two in the middle."""
    return rows.nanquantile(0.5, 0)
