"""Sparse autoencoders: a vector as the sum of a few directions out of many."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SparseAutoencoder(nn.Module):
    r"""Write vectors as sums of a few features out of many: TopK (Makhzani and Frey 2013, Gao et al. 2025).

    :math:`f = \mathrm{TopK}(\mathrm{ReLU}(W_e (x - b) + c))` and :math:`\hat x = W_d f + b`. At the start the rows of
    :math:`W_e` are the columns of :math:`W_d`, random directions of norm 1.

    Args:
        width: of the vectors, ``d``.
        features: how many there are to choose from.
        active: how many of them a vector may use.

    Raises ``ValueError`` for sizes below 1, or more active features than there are.
    """

    def __init__(self, width: int, features: int, active: int):
        super().__init__()
        if min(width, features, active) < 1 or active > features:
            raise ValueError(
                f"sizes must be at least 1, and at most all features active; got {width}, {features} and {active}"
            )
        self.active = active
        self.encode, self.decode = nn.Linear(width, features), nn.Linear(features, width)
        with torch.no_grad():
            self.decode.weight.copy_(F.normalize(torch.randn(width, features), dim=0))
            self.encode.weight.copy_(self.decode.weight.T)
            self.encode.bias.zero_()
            self.decode.bias.zero_()

    def features(self, x: Tensor) -> Tensor:
        """Return how strong each feature is in ``(…, d)``: ``(…, features)``, never negative, mostly 0."""
        strengths = self.encode(x - self.decode.bias).relu()
        strongest = strengths.topk(self.active)
        return torch.zeros_like(strengths).scatter(-1, strongest.indices, strongest.values)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``(…, d)``, put together again from its features."""
        return self.decode(self.features(x))


def fit_sparse(
    autoencoder: SparseAutoencoder,
    vectors: Tensor,
    steps: int,
    batch: int = 512,
    rate: float = 1e-3,
    generator: torch.Generator | None = None,
) -> Iterator[float]:
    """Train on vectors ``(n, d)`` of any scale; yield after each step the share of variance not explained.

    Adam, with a warm-up over the first twentieth of the steps and a decay to zero over the last quarter. Directions of
    features are brought back to norm 1 after each step, so that a feature's strength has the scale of the vectors.

    Raises ``ValueError`` for vectors of another width, fewer than two, or all the same.
    """
    width = autoencoder.decode.out_features
    if vectors.ndim != 2 or vectors.shape[1] != width or len(vectors) < 2:
        raise ValueError(f"the autoencoder takes two or more vectors (n, {width}); got {tuple(vectors.shape)}")
    _check_differ(vectors)
    mean = vectors.mean(0)
    variance = (vectors - mean).square().sum(1).mean()
    with torch.no_grad():
        autoencoder.decode.bias.copy_(mean)
    weights, biases = ([getattr(part, kind) for part in autoencoder.children()] for kind in ("weight", "bias"))
    scale = (variance / width).sqrt().item()  # biases have the vectors' scale, weights have not
    optimizer = torch.optim.Adam([{"params": weights, "lr": rate}, {"params": biases, "lr": rate * scale}])
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / (steps / 20), (steps - step) / (steps / 4))
    )
    for _ in range(steps):
        x = vectors[torch.randint(len(vectors), (batch,), generator=generator)]
        loss = (autoencoder(x) - x).square().sum(1).mean() / variance
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            autoencoder.decode.weight.copy_(F.normalize(autoencoder.decode.weight, dim=0))
        yield loss.item()


def explained(vectors: Tensor, rebuilt: Tensor) -> float:
    """Return the share of the variance of ``(n, d)`` that is kept: 1 if all is, 0 for their mean, negative if worse.

    Raises ``ValueError`` for vectors that are all the same.
    """
    _check_differ(vectors)
    lost = (vectors - rebuilt).square().sum()
    return 1 - (lost / (vectors - vectors.mean(0)).square().sum()).item()


def _check_differ(vectors: Tensor) -> None:
    if (vectors == vectors[:1]).all():
        raise ValueError("the vectors are all the same: they have no variance to explain")
