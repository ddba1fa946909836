"""The Transformer on images: patches in place of tokens (Dosovitskiy et al. 2021)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from largemodels.models.images import check_images
from largemodels.models.transformer import EncoderLayer, Places, check_heads, check_sizes


@dataclass(frozen=True)
class ViTConfig:
    """What a :class:`ViT` is made of.

    Raises ``ValueError`` for sizes below 1, patches that do not tile the image, or heads that do not divide the width.
    """

    size: int = 28
    channels: int = 1
    patch: int = 4
    width: int = 48
    heads: int = 4
    layers: int = 3
    classes: int = 10

    def __post_init__(self):
        check_sizes(self, self.size, self.channels, self.patch, self.layers, self.classes)
        check_heads(self.width, self.heads)
        if self.size % self.patch:
            raise ValueError(f"patches must tile the image; {self.patch} does not divide {self.size}")

    @property
    def side(self) -> int:
        """Patches in a row."""
        return self.size // self.patch


class ViT(nn.Module):
    """Classify images ``(b, channels, size, size)`` into logits ``(b, classes)``.

    Every patch becomes a vector by one convolution whose stride is its kernel. A vector that is learned, the class
    token, goes before them, and the class is read where it stood.

    Taps: ``patches`` ``(b, d, side, side)``, ``layers.*`` ``(b, 1 + side², d)`` and their own, of which
    ``layers.*.self_attn.weights`` ``(b, h, 1 + side², 1 + side²)``; ``norm``, ``classifier``.
    """

    def __init__(self, config: ViTConfig | None = None):
        super().__init__()
        self.config = config = config or ViTConfig()
        self.patches = nn.Conv2d(config.channels, config.width, config.patch, stride=config.patch)
        self.token = nn.Parameter(torch.randn(config.width) * 0.02)
        self.places = Places(1 + config.side**2, config.width, "learned")
        self.layers = nn.Sequential(
            *(EncoderLayer(config.width, config.heads, 4 * config.width) for _ in range(config.layers))
        )
        self.norm = nn.LayerNorm(config.width)
        self.classifier = nn.Linear(config.width, config.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits; their softmax are the class probabilities."""
        check_images(x, self.config.channels, self.config.size)
        x = self.patches(x).flatten(2).transpose(1, 2)  # (b, side², d)
        x = torch.cat([self.token.expand(len(x), 1, -1), x], 1)
        return self.classifier(self.norm(self.layers(self.places(x)))[:, 0])
