"""Positions: what tells attention, which sees a set, that it reads a sequence."""

import torch
from torch import Tensor

from largemodels.layers.stretching import RotaryScaling, stretched

BASE = 10_000.0


def sinusoidal(t: int, width: int, base: float = BASE, device: torch.device | str = "cpu") -> Tensor:
    r"""Return a vector for each position, ``(t, width)``, to be added to what stands there (Vaswani et al. 2017).

    Even entries are :math:`\sin(p / base^{2i / width})`, odd ones the cosine of the same angle: clocks whose hands
    turn slower and slower. Raises ``ValueError`` for an odd width or sizes below 1.
    """
    angles = _angles(torch.arange(_positive(t, width), device=device), width, base)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)


def rotate(x: Tensor, positions: Tensor | None = None, base: float = BASE) -> Tensor:
    r"""Turn each pair of entries by an angle that grows with the position: rotary positions (Su et al. 2024).

    Entry ``i`` is paired with entry ``i + d/2``. Turned by :math:`p\,\theta_i` and :math:`s\,\theta_i`, a query and
    a key have a product that depends on ``p − s`` alone.

    Args:
        x: queries or keys ``(…, t, d)``.
        positions: ``(t,)``; 0, 1, … if not given.
        base: the slowest pair turns once in ``2π · base^{(d − 2) / d}`` positions: 47,117 for ``d = 64``.

    Raises:
        ValueError: an odd ``d``, or a number of positions other than ``t``.
    """
    t, d = x.shape[-2:]
    _positive(t, d)
    positions = torch.arange(t, device=x.device) if positions is None else positions
    if positions.shape != (t,):
        raise ValueError(f"{t} queries or keys need as many positions, ({t},); got {tuple(positions.shape)}")
    angles = _angles(positions, d, base)
    return turn(x, angles.cos().to(x.dtype), angles.sin().to(x.dtype))


def turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair of entries of ``(…, t, d)`` by an angle of its own; its cosine and sine are ``(t, d / 2)``."""
    one, other = x.chunk(2, -1)
    return torch.cat([one * cos - other * sin, one * sin + other * cos], -1)


def rotation(
    positions: Tensor, width: int, base: float = BASE, scaling: RotaryScaling | None = None
) -> tuple[Tensor, Tensor]:
    """Return the cosines and sines ``(t, width / 2)`` by which :func:`turn` turns queries and keys at ``positions``.

    They are computed once for all layers. With ``scaling`` the turns are stretched, so that a model reads further than
    it was trained to; YaRN also makes both longer, which sharpens attention.

    Args:
        positions: ``(t,)``.
        width: of a head, ``d``: even.
        base: as for :func:`rotate`.
        scaling: how to stretch; not at all if it is not given.
    """
    _positive(len(positions), width)
    speeds, length = stretched(_speeds(width, base, positions.device), base, scaling)
    angles = positions[:, None].float() * speeds
    return angles.cos() * length, angles.sin() * length


def _angles(positions: Tensor, width: int, base: float) -> Tensor:
    """Return the angle of every pair at every position, ``(t, width / 2)``."""
    return positions[:, None].float() * _speeds(width, base, positions.device)


def _speeds(width: int, base: float, device: torch.device) -> Tensor:
    """Return how far every pair turns from one position to the next, in radians: ``(width / 2,)``."""
    return base ** (-torch.arange(0, width, 2, device=device) / width)


def _positive(t: int, width: int) -> int:
    if t < 1 or width < 2 or width % 2:
        raise ValueError(f"positions take an even width and at least one of them; got {t} of width {width}")
    return t
