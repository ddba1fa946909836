"""What a model costs, before it is trained."""

from largemodels.estimate.costs import LayerCost, layer_costs

__all__ = ["LayerCost", "layer_costs"]
