"""The gated feed-forward network of today's language models."""

import torch.nn.functional as F
from torch import Tensor, nn


class GatedMLP(nn.Module):
    r"""Widen twice, let one of the two say how much of the other counts, narrow: SwiGLU (Shazeer 2020).

    :math:`(\mathrm{SiLU}(x W_g) \odot x W_e)\, W_c` with :math:`\mathrm{SiLU}(z) = z\,/\,(1 + e^{-z})`, without biases.

    Taps: ``gate``, ``expand``, ``gated``, each ``(b, t, hidden)``; ``gated`` is what the last matrix reads.

    Args:
        width: ``d``.
        hidden: numbers between. With ``8/3 · d`` there are as many weights as in an MLP that is four times as wide.

    Raises ``ValueError`` for sizes below 1.
    """

    def __init__(self, width: int, hidden: int):
        super().__init__()
        if min(width, hidden) < 1:
            raise ValueError(f"sizes must be at least 1; got {width} and {hidden}")
        self.gate = nn.Linear(width, hidden, bias=False)
        self.expand = nn.Linear(width, hidden, bias=False)
        self.contract = nn.Linear(hidden, width, bias=False)
        self.gated = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(b, t, d)`` to the same shape."""
        return self.contract(self.gated(F.silu(self.gate(x)) * self.expand(x)))
