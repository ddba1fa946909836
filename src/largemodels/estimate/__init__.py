"""What a model costs, before it is trained."""

from largemodels.estimate.costs import LayerCost, layer_costs
from largemodels.estimate.doubling import DoublingTime
from largemodels.estimate.emissions import Cost, Emissions
from largemodels.estimate.formula import Formula
from largemodels.estimate.quantities import Quantity
from largemodels.estimate.run import TrainingRun
from largemodels.estimate.time import TrainingTime

__all__ = [
    "Cost",
    "DoublingTime",
    "Emissions",
    "Formula",
    "LayerCost",
    "Quantity",
    "TrainingRun",
    "TrainingTime",
    "layer_costs",
]
