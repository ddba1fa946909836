"""Rotary positions, stretched: how a model reads texts that are longer than those it was trained on."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

KINDS = ("linear", "ntk", "yarn", "llama3")


@dataclass(frozen=True)
class RotaryScaling:
    r"""How the speeds of rotary positions are changed. ``factor`` is by how much the context is to grow.

    - ``linear``: position interpolation (Chen et al. 2023). Every pair turns ``factor`` times as slowly.
    - ``ntk``: the base is multiplied by :math:`factor^{d/(d-2)}`, so that the slowest pair turns ``factor`` times as
      slowly and the fastest as before.
    - ``yarn``: YaRN (Peng et al. 2024). Pairs that turn more than ``fast`` times within the trained context stay as
      they are, pairs that turn fewer than ``slow`` times are slowed down as with ``linear``, those between are mixed;
      queries and keys get longer by :math:`0.1 \ln(factor) + 1`.
    - ``llama3``: as the Llama 3.1 models are published; like ``yarn``, with another rule for the pairs between, and
      without the length.

    Raises ``ValueError`` for an unknown kind, a factor below 1, or limits that are not in order.
    """

    kind: str
    factor: float
    trained: int  # tokens of the context that the model was trained on
    fast: float = 32.0
    slow: float = 1.0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind is {self.kind!r}; choose one of {', '.join(KINDS)}")
        if not (math.isfinite(self.factor) and self.factor >= 1):
            raise ValueError(f"factor must be at least 1; got {self.factor}")
        if self.trained < 1 or not 0 < self.slow < self.fast:
            raise ValueError(f"trained must be at least 1, and slow above 0 and below fast; got {self}")


def stretched(speeds: Tensor, base: float, scaling: RotaryScaling | None) -> tuple[Tensor, float]:
    """Return the changed speeds ``(d / 2,)``, radians per position, and the factor for the length of queries and keys.

    Args:
        speeds: :math:`base^{-2i/d}`, as they are without scaling.
        base: of which the speeds were made.
        scaling: how to change them; if ``None`` they stay.
    """
    if scaling is None:
        return speeds, 1.0
    d, factor = 2 * len(speeds), scaling.factor
    if scaling.kind == "linear":
        return speeds / factor, 1.0
    if scaling.kind == "ntk":
        return speeds * factor ** (-torch.arange(0, d, 2, device=speeds.device) / max(1, d - 2)), 1.0
    if scaling.kind == "llama3":
        turns = scaling.trained * speeds / (2 * math.pi)  # within the trained context
        keep = ((turns - scaling.slow) / (scaling.fast - scaling.slow)).clamp(0, 1)
        return keep * speeds + (1 - keep) * speeds / factor, 1.0

    def pair(turns: float) -> float:
        """The place of the pair that turns so many times within the trained context."""
        return d * math.log(scaling.trained / (turns * 2 * math.pi)) / (2 * math.log(base))

    first = max(math.floor(pair(scaling.fast)), 0)
    last = min(math.ceil(pair(scaling.slow)), d - 1)
    places = torch.arange(d // 2, device=speeds.device)
    keep = 1 - ((places - first) / max(last - first, 1e-3)).clamp(0, 1)
    return keep * speeds + (1 - keep) * speeds / factor, 0.1 * math.log(factor) + 1.0
