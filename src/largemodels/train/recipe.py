"""How to train: everything about a run that is neither the model nor the data."""

from dataclasses import dataclass
from math import cos, isfinite, pi

import torch
from torch import nn

from largemodels.device import PRECISIONS

SCHEDULES = ("constant", "cosine")
OPTIMIZERS = ("adamw", "sgd")


@dataclass(frozen=True)
class Recipe:
    """How to train. The defaults are the source document's: Adam with a constant learning rate of 0.001.

    Args:
        learning_rate: the highest the schedule reaches.
        weight_decay: AdamW's (Loshchilov and Hutter 2019), on matrices and filters, not on biases and norms.
        schedule: ``"constant"``, or ``"cosine"``: down to 0 along half a wave.
        warmup: steps in which the learning rate first climbs in a straight line.
        accumulate: pieces that each batch is computed in, to save memory; their gradients add up to the batch's.
        clip: the largest norm of the gradient; a longer one is scaled down to it.
        precision: ``"float32"``, or ``"bfloat16"`` for matrix products under autocast.
        optimizer: ``"adamw"``, or ``"sgd"``: plain steps against the gradient, or with ``momentum``.
        momentum: of SGD: the share of the last step's velocity that is kept (Polyak 1964).

    Raises:
        ValueError: a number out of its range, an unknown schedule, precision or optimizer, or a setting of the other
            optimizer.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    schedule: str = "constant"
    warmup: int = 0
    accumulate: int = 1
    clip: float | None = None
    precision: str = "float32"
    optimizer: str = "adamw"
    momentum: float = 0.0

    def __post_init__(self):
        if not (isfinite(self.learning_rate) and self.learning_rate > 0):
            raise ValueError(f"learning_rate must be a number above 0; got {self.learning_rate}")
        if not (isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise ValueError(f"weight_decay must be a number of at least 0; got {self.weight_decay}")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"schedule is {self.schedule!r}; choose one of {', '.join(SCHEDULES)}")
        if self.warmup < 0:
            raise ValueError(f"warmup must be at least 0 steps; got {self.warmup}")
        if self.accumulate < 1:
            raise ValueError(f"accumulate must be at least 1; got {self.accumulate}")
        if self.clip is not None and not self.clip > 0:
            raise ValueError(f"clip must be above 0, or None for no clipping; got {self.clip}")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision is {self.precision!r}; choose one of {', '.join(PRECISIONS)}")
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"optimizer is {self.optimizer!r}; choose one of {', '.join(OPTIMIZERS)}")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum is a share of what was before, from 0 to below 1; got {self.momentum}")
        if self.optimizer == "sgd" and self.weight_decay:
            raise ValueError(f"weight_decay is AdamW's, and the optimizer is sgd; got {self.weight_decay}")
        if self.optimizer == "adamw" and self.momentum:
            raise ValueError(f"momentum is SGD's, and the optimizer is adamw; got {self.momentum}")

    def rate(self, index: int, steps: int) -> float:
        """Return the learning rate of step ``index`` of ``steps``, counted from 0."""
        if index < self.warmup:
            return self.learning_rate * (index + 1) / self.warmup
        if self.schedule == "constant":
            return self.learning_rate
        done = (index - self.warmup) / max(1, steps - self.warmup)
        return self.learning_rate * (1 + cos(pi * done)) / 2


def make_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return the recipe's optimizer over the model's trainable parameters; AdamW without weight decay is Adam.

    Fused, on processors that have it: one kernel for all parameters instead of several for each.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise ValueError("the model has no parameters to train")
    fused = parameters[0].device.type in ("cpu", "cuda")
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=recipe.learning_rate, momentum=recipe.momentum, fused=fused)
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=recipe.learning_rate, fused=fused)
