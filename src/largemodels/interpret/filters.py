"""How much of a filter is an edge detector: its part in the planes that pairs of edge detectors span."""

import math
from itertools import product

import torch
from torch import Tensor

SOBEL = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]])


def sobel_pair() -> Tensor:
    """Return Sobel's two kernels, for upright and for level edges: one pair, orthonormal, ``(1, 2, 3, 3)``."""
    pair = torch.stack([SOBEL, SOBEL.mT])
    return (pair / pair.flatten(1).norm(dim=1)[:, None, None])[None]


def gabor_pairs(size: int, directions: int = 12) -> Tensor:
    """Return pairs of Gabor functions, waves under a bell, of many directions, wavelengths, widths and places.

    The two of a pair are a quarter of a wave apart and made orthonormal, so that their sums are the wave at any phase
    (Daugman 1985). No wave is shorter than three pixels.

    Args:
        size: rows and columns.
        directions: how many, over half a turn.

    Returns:
        ``(n, 2, size, size)``. Raises ``ValueError`` for a size below 5 or no directions.
    """
    if size < 5 or directions < 1:
        raise ValueError(f"Gabor functions take at least 5 × 5 pixels and a direction; got {size} and {directions}")
    places = torch.arange(size) - (size - 1) / 2
    y, x = torch.meshgrid(places, places, indexing="ij")
    shifts = torch.linspace(-size / 3, size / 3, 5).tolist()
    waves = [wave for wave in (3.0, 4.5, 6.5, 9.0, 13.0) if wave <= 1.2 * size]
    pairs = []
    for turn, wave, bell, stretch in product(range(directions), waves, (0.3, 0.5), (1.0, 1.8)):
        angle = math.pi * turn / directions
        for right, down in product(shifts, shifts):
            across = (x - right) * math.cos(angle) + (y - down) * math.sin(angle)
            along = (y - down) * math.cos(angle) - (x - right) * math.sin(angle)
            hill = torch.exp(-(across**2 + (along / stretch) ** 2) / (2 * (bell * wave) ** 2))
            phase = 2 * math.pi * across / wave
            pairs.append(torch.stack([hill * torch.cos(phase), hill * torch.sin(phase)]))
    waves_of_all = torch.stack(pairs).flatten(2)  # (n, 2, size²)
    waves_of_all = waves_of_all - waves_of_all.mean(2, keepdim=True)  # brightness alone is no edge
    return torch.linalg.qr(waves_of_all.mT)[0].mT.unflatten(2, (size, size))


def share_in_plane(filters: Tensor, pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Return how much of each filter's energy lies in the best of some planes, and in which: ``(m,)`` and ``(m,)``.

    1 means that the filter is a mixture of the two of that pair; a random filter of p pixels has 2/p of its energy in a
    plane that was chosen before, and more in the best of many.

    Args:
        filters: ``(m, h, w)``. Their means are taken off first.
        pairs: orthonormal, ``(n, 2, h, w)``.

    Raises:
        ValueError: shapes that do not fit, pairs that are not orthonormal, or a filter without contrast or with NaN.
    """
    if filters.ndim != 3 or pairs.ndim != 4 or filters.shape[1:] != pairs.shape[2:] or pairs.shape[1] != 2:
        raise ValueError(f"filters (m, h, w) take pairs (n, 2, h, w); got {tuple(filters.shape)}, {tuple(pairs.shape)}")
    filters, pairs = (x if x.dtype == torch.float64 else x.float() for x in (filters, pairs))
    flat, basis = filters.flatten(1), pairs.flatten(2)
    if not torch.allclose(basis @ basis.mT, torch.eye(2).to(basis), atol=1e-3):
        raise ValueError("the two of a pair must have length 1 and stand at a right angle")
    if not flat.isfinite().all():
        raise ValueError(f"filter {(~flat.isfinite()).any(1).nonzero()[0].item()} has NaN or infinity")
    same = flat.amax(1) == flat.amin(1)  # by itself: the mean of equal numbers may be another by a rounding
    if same.any():
        raise ValueError(f"filter {same.nonzero()[0].item()} has no contrast, so no part of it can be an edge")
    rows = flat - flat.mean(1, keepdim=True)
    rows = rows / rows.abs().amax(1, keepdim=True)  # faint filters have squares, too
    energy = (rows**2).sum(1)
    parts = torch.einsum("mp,nkp->mnk", rows, basis.to(rows)).square().sum(2)  # (m, n)
    best = parts.max(1)
    return best.values / energy, best.indices
