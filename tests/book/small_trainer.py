"""A view that trains on batches that it is given, in their order, and draws nothing but what all such views have."""

from torch import Tensor, nn

from largemodels.live import TrainingView
from largemodels.live.binding import pack
from largemodels.train import AtWeights, TrainingStep


class SmallTrainer(TrainingView):
    """Train on ``batches`` again and again. ``size``: what the curve calls chance is the logarithm of it."""

    def __init__(self, batches: list[tuple[Tensor, Tensor]], size: int, **traits):
        self._first = batches[0][0]
        wires = [{"x": pack("x", x), "targets": pack("targets", y)} for x, y in batches]
        super().__init__({"batches": wires, "classes": size}, **traits)

    def look(self, step: TrainingStep) -> tuple[nn.Module, dict[str, Tensor]]:
        """Look at the logits of the first example."""
        return _Logits(step.model), {"x": self._first[:1]}


class _Logits(nn.Module):
    def __init__(self, model: nn.Module):
        super().__init__()
        self.at = AtWeights(model)

    def forward(self, weights: Tensor, x: Tensor) -> dict[str, Tensor]:
        return {"logits": self.at(weights, x)}
