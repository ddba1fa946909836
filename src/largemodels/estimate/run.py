"""A training run from end to end: from the sizes of model and text to money and carbon dioxide."""

from torch import Tensor

from largemodels.estimate.emissions import CARBON, PRICE, PUE, WATTS, Cost, Emissions
from largemodels.estimate.formula import Formula
from largemodels.estimate.quantities import PARAMETERS, TOKENS
from largemodels.estimate.time import CHIPS, COMPUTE, PEAK, UTILISATION, TrainingTime


class TrainingRun(Formula):
    """6ND, then :class:`TrainingTime`, :class:`Cost` and :class:`Emissions`: all of it for one run.

    Of a mixture of experts, ``parameters`` are the active ones: those that one token passes.
    """

    takes = (PARAMETERS, TOKENS, CHIPS, PEAK, UTILISATION, WATTS, PUE, CARBON, PRICE)
    gives = (COMPUTE, *TrainingTime.gives, *Cost.gives, *Emissions.gives)
    source = "kaplan2020scaling"

    def __init__(self):
        super().__init__()
        self.time, self.cost, self.emissions = TrainingTime(), Cost(), Emissions()

    def forward(
        self,
        parameters: Tensor,
        tokens: Tensor,
        chips: Tensor,
        peak: Tensor,
        utilisation: Tensor,
        watts: Tensor,
        pue: Tensor,
        carbon: Tensor,
        price: Tensor,
    ) -> dict[str, Tensor]:
        """Return ``compute`` in FLOP, and what the three formulas return."""
        self.check(parameters, tokens, chips, peak, utilisation, watts, pue, carbon, price)
        compute = 6 * parameters * tokens
        time = self.time(compute, chips, peak, utilisation)
        hours = time["chip_hours"]
        return {"compute": compute} | time | self.cost(hours, price) | self.emissions(hours, watts, pue, carbon)
