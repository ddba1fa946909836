"""A model and batches so small that a whole training takes a blink; random numbers, layout and averages all matter."""

import torch
from torch import nn


def small_model(seed: int = 0, dropout: float = 0.3, normalise: bool = True) -> nn.Module:
    """Map images ``(b, 3, 7, 5)`` to logits ``(b, 13)``."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 11, 3),
        nn.BatchNorm2d(11) if normalise else nn.Identity(),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Conv2d(11, 2, 3),
        nn.Flatten(),
        nn.Linear(6, 13),
    )


def small_batches(steps: int = 7, size: int = 17, seed: int = 0) -> list:
    """Batches of random images and labels; the last one holds 5."""
    generator = torch.Generator().manual_seed(seed)
    sizes = [size] * (steps - 1) + [5]
    return [(torch.randn(n, 3, 7, 5, generator=generator), torch.randint(13, (n,), generator=generator)) for n in sizes]
