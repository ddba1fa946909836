"""What the command line can train: a new model or data set is one more line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from largemodels.data import ImageData, digits, mnist
from largemodels.models import ConvNet, ConvNetConfig, ResNet, ResNetConfig
from largemodels.train.recipe import Recipe


@dataclass(frozen=True)
class Entry:
    """A model, and the recipe that suits it: the defaults of its flags."""

    model: Callable[[Any], nn.Module]
    config: Any
    recipe: Recipe
    epochs: int = 10
    batch: int = 64
    shift: int = 0


MODELS: dict[str, Entry] = {
    "cnn": Entry(ConvNet, ConvNetConfig(), Recipe()),
    "resnet": Entry(  # about as many multiply-adds an image as the cnn
        ResNet,
        ResNetConfig(widths=(8, 16, 32), blocks=1),
        Recipe(learning_rate=1e-2, weight_decay=0.05, schedule="cosine", warmup=200),
        epochs=20,
        batch=128,
        shift=2,
    ),
}

DATA: dict[str, Callable[..., ImageData]] = {"digits": digits, "mnist": mnist}
