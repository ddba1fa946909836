"""The figures of the book: arrays in, a matplotlib figure out."""

from largemodels.show.costs import bars, shares
from largemodels.show.curves import curves
from largemodels.show.errors import confidence, confusion, mistakes
from largemodels.show.images import (
    gallery,
    kernels_at_work,
    matrix,
    patch_of,
    seen_through,
    sum_of_products,
    window_positions,
)

__all__ = [
    "bars",
    "confidence",
    "confusion",
    "curves",
    "gallery",
    "kernels_at_work",
    "matrix",
    "mistakes",
    "patch_of",
    "seen_through",
    "shares",
    "sum_of_products",
    "window_positions",
]
