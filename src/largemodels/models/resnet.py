"""A small residual network: the same parts as the ConvNet, with short cuts that let it grow deep."""

from dataclasses import dataclass

from torch import Tensor, nn

from largemodels.models.images import check_images


@dataclass(frozen=True)
class ResNetConfig:
    """What a :class:`ResNet` is made of; ``residual`` and ``normalise`` switch its two ideas off, to measure them.

    ``blocks`` residual blocks stand at each width; every width after the first starts at half the resolution.
    Raises ``ValueError`` for sizes below 1 or more widths than the image can be halved.
    """

    size: int = 28
    channels: int = 1
    widths: tuple[int, ...] = (16, 32, 64)
    blocks: int = 2
    classes: int = 10
    residual: bool = True
    normalise: bool = True

    def __post_init__(self):
        if not self.widths or min(self.size, self.channels, self.blocks, self.classes, *self.widths) < 1:
            raise ValueError(f"every size must be at least 1, and there must be a width; got {self}")
        if 2 ** (len(self.widths) - 1) > self.size:
            raise ValueError(f"an image of {self.size} × {self.size} cannot be halved {len(self.widths) - 1} times")


class Subsample(nn.MaxPool2d):
    """Keep every ``stride``-th row and column: the maximum of windows that hold one number each."""

    def __init__(self, stride: int):
        super().__init__(kernel_size=1, stride=stride)


class ConvNorm(nn.Sequential):
    """A 3×3 (or 1×1) convolution that keeps the size, then batch normalisation; a bias only where no norm follows."""

    def __init__(self, channels: int, width: int, kernel: int = 3, stride: int = 1, normalise: bool = True):
        super().__init__()
        if stride > kernel:
            # step over units first: the same sums, and oneDNN's strided 1×1 convolution writes past its buffer
            # when it learns from fewer than 16 channels (uxlfoundation/oneDNN issue 6035)
            self.thin = Subsample(stride)
            stride = 1
        self.conv = nn.Conv2d(channels, width, kernel, stride, padding=kernel // 2, bias=not normalise)
        if normalise:
            self.norm = nn.BatchNorm2d(width)


class Block(nn.Module):
    """Two convolutions whose output is a correction to their input (He et al. 2016, figure 2).

    Where the width or the resolution changes, a 1×1 convolution carries the input across.

    Taps: ``correction`` and ``shortcut`` ``(b, width, h, w)``, ``relu``: their rectified sum.
    """

    def __init__(self, channels: int, width: int, stride: int, config: ResNetConfig):
        super().__init__()
        self.correction = nn.Sequential(
            ConvNorm(channels, width, 3, stride, config.normalise),
            nn.ReLU(),
            ConvNorm(width, width, 3, 1, config.normalise),
        )
        same = stride == 1 and channels == width
        self.shortcut = None
        if config.residual:
            self.shortcut = nn.Identity() if same else ConvNorm(channels, width, 1, stride, config.normalise)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(b, channels, n, n)`` to ``(b, width, n/stride, n/stride)``."""
        y = self.correction(x)
        return self.relu(y if self.shortcut is None else self.shortcut(x) + y)


class ResNet(nn.Module):
    """Classify images ``(b, channels, size, size)`` into logits ``(b, classes)``.

    Taps: ``stem``, ``blocks.*.correction``, ``blocks.*.shortcut``, ``blocks.*.relu`` ``(b, width, h, w)``,
    ``pool`` ``(b, width, 1, 1)``: the average over all places.
    """

    def __init__(self, config: ResNetConfig | None = None):
        super().__init__()
        self.config = config = config or ResNetConfig()
        self.stem = nn.Sequential(ConvNorm(config.channels, config.widths[0], normalise=config.normalise), nn.ReLU())
        blocks, channels = [], config.widths[0]
        for i, width in enumerate(config.widths):
            for j in range(config.blocks):
                blocks.append(Block(channels, width, 2 if i > 0 and j == 0 else 1, config))
                channels = width
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, config.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits; their softmax are the class probabilities."""
        check_images(x, self.config.channels, self.config.size)
        return self.classifier(self.pool(self.blocks(self.stem(x))).flatten(1))
