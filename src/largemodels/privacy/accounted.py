"""The accountant as a torch module, for a page that has to say ε while a reader moves the noise."""

from collections.abc import Sequence
from math import lgamma, log, log1p, pi, sqrt

import torch
from torch import Tensor, nn

from largemodels.privacy.accountant import ORDERS

LEAST, WIDTH = 0.2, 0.02  # the smallest noise, and the step of the integral in standard deviations


class Accountant(nn.Module):
    """What :func:`epsilon` returns, as a function of the noise alone, in tensor operations of any precision.

    Args:
        sampling: the probability with which an example is in a batch, above 0 and below 1.
        steps: how many, at least 1.
        delta: δ, between 0 and 1.
        orders: those to try.

    Raises ``ValueError`` for numbers out of their range.
    """

    def __init__(self, sampling: float, steps: int, delta: float, orders: Sequence[float] = ORDERS):
        super().__init__()
        if not 0 < sampling < 1 or steps < 1 or not 0 < delta < 1:
            raise ValueError(
                f"sampling and delta lie between 0 and 1, steps are 1 or more; got {sampling}, {delta} and {steps}"
            )
        self.sampling, self.steps = sampling, steps
        whole = [int(a) for a in orders if a == int(a)]
        between = [a for a in orders if a != int(a)]
        self.sizes = [a + 1 for a in whole]
        terms, counts = zip(*(_binomial(sampling, a) for a in whole), strict=True)
        self.register_buffer("terms", torch.cat(terms).float())
        self.register_buffer("counts", torch.cat(counts).float())
        self.register_buffer("between", torch.tensor(between)[:, None])
        self.register_buffer("grid", torch.arange(-14, max(between, default=1) / LEAST + 14, WIDTH))
        every = torch.tensor([*whole, *between], dtype=torch.float64)
        self.register_buffer("orders", every.float())
        self.register_buffer("rest", (torch.log1p(-1 / every) - (log(delta) + every.log()) / (every - 1)).float())

    def forward(self, noise: Tensor) -> Tensor:
        """Return ε for noise σ, both ``(1,)``; infinity for less noise than 0.2, where no promise is worth its name."""
        sigma = noise.clamp(min=LEAST)
        sums = (self.terms + self.counts / (2 * sigma**2)).split(self.sizes)
        found = [each.logsumexp(0, keepdim=True) for each in sums]
        if len(self.between):
            q, u = self.sampling, self.grid
            grown = log(q) + (2 * sigma * u - 1) / (2 * sigma**2)
            most = torch.maximum(grown, torch.full_like(grown, log1p(-q)))  # logaddexp, in operations that ONNX has
            ratio = most + torch.log((log1p(-q) - most).exp() + (grown - most).exp())
            found.append((self.between * ratio - u**2 / 2).logsumexp(1) + log(WIDTH / sqrt(2 * pi)))
        spent = (self.steps / (self.orders - 1) * torch.cat(found).clamp(min=0) + self.rest).min(0, keepdim=True).values
        return torch.where(noise < LEAST, torch.inf, spent.clamp(min=0))


def _binomial(q: float, order: int) -> tuple[Tensor, Tensor]:
    """Return for k from 0 to the order ln of C(order, k) (1 − q)^(order − k) q^k, and k (k − 1)."""
    k = torch.arange(order + 1, dtype=torch.float64)
    choose = lgamma(order + 1) - torch.lgamma(k + 1) - torch.lgamma(order - k + 1)
    return choose + k * log(q) + (order - k) * log1p(-q), k * (k - 1)
