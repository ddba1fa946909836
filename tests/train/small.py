"""A model and batches so small that a whole training takes a blink; random numbers, layout and averages all matter."""

import torch
from torch import nn

from largemodels.models import GPT, GPTConfig


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


def tied_model(seed: int = 0) -> GPT:
    """A GPT, whose head is its embedding."""
    torch.manual_seed(seed)
    return GPT(GPTConfig(vocabulary=29, context=13, layers=2, heads=2, width=20))


def tied_batches(steps: int = 20, seed: int = 0) -> list:
    """Batches of tokens of which each follows from the one before it, at most one in ten excepted."""
    generator = torch.Generator().manual_seed(seed)
    batches = []
    for _ in range(steps):
        first, drawn = (torch.randint(29, shape, generator=generator) for shape in ((7, 1), (7, 14)))
        kept = torch.rand(7, 14, generator=generator) < 0.9
        tokens = torch.where(kept, (first + 3 * torch.arange(14)) % 29, drawn)
        batches.append((tokens[:, :-1], tokens[:, 1:]))
    return batches
