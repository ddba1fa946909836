"""Make a trained model smaller: fewer bits for a weight, fewer weights, or a smaller model that learns from it."""

from largemodels.compress.distillation import distillation_loss
from largemodels.compress.pruning import (
    Masked,
    narrow,
    pack_zeros,
    packed_size,
    prune,
    settle,
    smallest_rows,
    smallest_weights,
    unpack_zeros,
)
from largemodels.compress.rounding import (
    Rounded,
    RoundedEmbedding,
    RoundedLinear,
    round_in_blocks,
    round_weights,
)

__all__ = [
    "Masked",
    "Rounded",
    "RoundedEmbedding",
    "RoundedLinear",
    "distillation_loss",
    "narrow",
    "pack_zeros",
    "packed_size",
    "prune",
    "round_in_blocks",
    "round_weights",
    "settle",
    "smallest_rows",
    "smallest_weights",
    "unpack_zeros",
]
