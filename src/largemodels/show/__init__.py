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
from largemodels.show.maps import (
    contributions,
    filter_rows,
    map_sheet,
    patch_sheet,
    pooling,
    responses,
    saliency_sheet,
    tuning,
    where_it_looks,
)

__all__ = [
    "bars",
    "confidence",
    "confusion",
    "contributions",
    "curves",
    "filter_rows",
    "gallery",
    "kernels_at_work",
    "map_sheet",
    "matrix",
    "mistakes",
    "patch_of",
    "patch_sheet",
    "pooling",
    "responses",
    "saliency_sheet",
    "seen_through",
    "shares",
    "sum_of_products",
    "tuning",
    "where_it_looks",
    "window_positions",
]
