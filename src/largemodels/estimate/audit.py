"""How many cases an audit has to look at, before it can see a gap between two groups."""

from math import sqrt

import torch
from torch import Tensor

from largemodels.estimate.formula import Formula
from largemodels.estimate.quantities import Quantity

SURE = 2  # standard errors by which a gap has to differ from 0
FOUR_IN_FIVE = 0.8416212  # the standard normal distribution has 80 % below


class AuditSize(Formula):
    """The chance that an audit sees a gap between the error rates of two groups, and the cases that it needs.

    A gap is seen if it is larger than two standard errors of the difference, each group's rate being that of a
    binomial distribution, and the difference normal (as in Fleiss et al. 2003, without pooling). That is
    good from about five expected errors, and five right decisions, in each group.
    """

    takes = (
        Quantity("rate", "Error rate of the large group", "", 0.001, 0.5),
        Quantity("gap", "How much higher it is in the small group", "", 0.001, 0.5),
        Quantity("small", "Cases of the small group", "", 5, 1e7, whole=True),
        Quantity("large", "Cases of the large group", "", 5, 1e7, whole=True),
    )
    gives = (
        Quantity("error", "The gap is known to ±", "", 0, 1),
        Quantity("power", "Chance that the audit sees the gap", "", 0, 1),
        Quantity("needed", "Cases of the small group to see it four times in five", "", 0, float("inf")),
    )
    source = "fleiss2003statistical"

    def forward(self, rate: Tensor, gap: Tensor, small: Tensor, large: Tensor) -> dict[str, Tensor]:
        """Return ``error`` (two standard errors), ``power``, and ``needed`` cases if the large group grows alike."""
        self.check(rate, gap, small, large)
        other = rate + gap
        variance = rate * (1 - rate) / large + other * (1 - other) / small
        error = SURE * variance.sqrt()
        power = (1 + torch.erf((SURE * gap / error - SURE) / sqrt(2))) / 2
        needed = ((SURE + FOUR_IN_FIVE) * error / (SURE * gap)) ** 2 * small
        return {"error": error, "power": power, "needed": needed}
