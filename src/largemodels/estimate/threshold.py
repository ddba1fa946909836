"""Whether a training run passes a threshold of compute, if its compute is known only roughly."""

from math import sqrt

import torch
from torch import Tensor

from largemodels.estimate.formula import Formula
from largemodels.estimate.quantities import PARAMETERS, TOKENS, Quantity

NINETY = 1.6448536  # standard deviations of a normal distribution to either side hold 90 %


class Threshold(Formula):
    """6ND and what is trained later, and the chance that it is above a threshold.

    ``factor`` says how well the compute is known: with 90 % chance it lies between the estimate divided and multiplied
    by it. Its logarithm is taken to be normal. Of a mixture of experts, ``parameters`` are the active ones.
    """

    takes = (
        PARAMETERS,
        TOKENS,
        Quantity("later", "Later training, as a share of the first", "", 0, 1),
        Quantity("factor", "Known to a factor of", "", 1.001, 1e3),
        Quantity("threshold", "Threshold", "FLOP", 1e15, 1e32),
    )
    gives = (
        Quantity("compute", "Compute", "FLOP", 0, float("inf")),
        Quantity("compute_low", "Compute, at least", "FLOP", 0, float("inf")),
        Quantity("compute_high", "Compute, at most", "FLOP", 0, float("inf")),
        Quantity("ratio", "Compute, threshold = 1", "", 0, float("inf")),
        Quantity("chance", "Chance to be above it", "", 0, 1),
    )
    source = "kaplan2020scaling"

    def forward(
        self, parameters: Tensor, tokens: Tensor, later: Tensor, factor: Tensor, threshold: Tensor
    ) -> dict[str, Tensor]:
        """Return ``compute`` in FLOP, the ends of its interval, its ``ratio`` to the threshold, and the ``chance``."""
        self.check(parameters, tokens, later, factor, threshold)
        compute = 6 * parameters * tokens * (1 + later)
        ratio = compute / threshold
        return {
            "compute": compute,
            "compute_low": compute / factor,
            "compute_high": compute * factor,
            "ratio": ratio,
            "chance": (1 + torch.erf(ratio.log() / factor.log() * NINETY / sqrt(2))) / 2,
        }
