"""The convolutional network of the book: convolve, pool, convolve, pool, decide."""

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn

from largemodels.models.images import check_images


@dataclass(frozen=True)
class ConvNetConfig:
    """What a :class:`ConvNet` is made of; the defaults are the source document's program.

    Raises ``ValueError`` for sizes below 1 or a network so deep that nothing of the image is left.
    """

    size: int = 28
    channels: int = 1
    widths: tuple[int, ...] = (32, 64)
    kernel: int = 3
    pool: int = 2
    classes: int = 10

    def __post_init__(self):
        if not self.widths or min(self.size, self.channels, self.kernel, self.pool, self.classes, *self.widths) < 1:
            raise ValueError(f"every size must be at least 1, and there must be a width; got {self}")
        if self.sizes[-1] < 1:
            raise ValueError(
                f"{len(self.widths)} stages leave nothing of a {self.size} × {self.size} image; sizes {self.sizes}"
            )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Side of the image, then of the maps after every stage."""
        sizes = [self.size]
        for _ in self.widths:
            sizes.append((sizes[-1] - self.kernel + 1) // self.pool)
        return tuple(sizes)

    @property
    def seen(self) -> int:
        """Side of the part of the image, from its top left, that reaches the logits: pooling drops the rest."""
        side = self.sizes[-1]
        for _ in self.widths:
            side = side * self.pool + self.kernel - 1
        return side


class Stage(nn.Module):
    """Convolve, keep the strongest of each neighbourhood, drop the negative.

    Pooling before the ReLU gives the same maps (both keep order) and leaves a quarter of them to rectify.

    Taps: ``conv``, ``pool``, ``relu``, each ``(b, c, h, w)``.
    """

    def __init__(self, channels: int, width: int, kernel: int, pool: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, width, kernel)
        self.pool = nn.MaxPool2d(pool)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(b, channels, n, n)`` to ``(b, width, m, m)``, ``m = (n − kernel + 1) // pool``."""
        return self.relu(self.pool(self.conv(x)))


class ConvNet(nn.Module):
    """Classify images ``(b, channels, size, size)`` into logits ``(b, classes)``.

    With the defaults: 34,826 parameters, 320 + 18,496 in the convolutions and 16,010 in the classifier.

    Taps: ``stages.*.conv``, ``stages.*.pool``, ``stages.*.relu``, ``flatten`` ``(b, features)``, ``classifier``.
    """

    def __init__(self, config: ConvNetConfig | None = None):
        super().__init__()
        self.config = config = config or ConvNetConfig()
        widths = (config.channels, *config.widths)
        self.stages = nn.Sequential(*(Stage(c, width, config.kernel, config.pool) for c, width in pairwise(widths)))
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(widths[-1] * config.sizes[-1] ** 2, config.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits; their softmax are the class probabilities."""
        check_images(x, self.config.channels, self.config.size)
        if self.training and not self._watched():
            x = x[..., : self.config.seen, : self.config.seen]  # the rest changes no logit: do not compute with it
        return self.classifier(self.flatten(self.stages(x)))

    def _watched(self) -> bool:
        return any(part._forward_hooks for part in self.stages.modules())
