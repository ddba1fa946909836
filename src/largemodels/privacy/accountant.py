"""The accountant: what a run of DP-SGD promises, by the Rényi divergence of a Gaussian that sees a random sample."""

from collections.abc import Sequence
from math import inf, isfinite, lgamma, log, log1p, pi, sqrt

import torch

# tenths where small ones matter, then whole numbers, the set that Opacus takes, and a few large ones
ORDERS = (*(n / 10 for n in range(11, 110)), *range(11, 64), 128, 256, 512)
FINE = 40  # points of the integral in a standard deviation


def renyi(rate: float, noise: float, order: float) -> float:
    r"""Return the Rényi divergence of one step of DP-SGD, of order α: how far one person can move its outcome.

    Along the direction in which one person moves it, the outcome is normal without that person. With them it is a
    mixture of two normal distributions, since they may not be drawn. The divergence between the two is

    .. math:: \frac{1}{\alpha - 1}
              \ln E_{z \sim N(0, \sigma^2)}\bigl[(1 - q + q\, e^{(2z - 1) / 2\sigma^2})^\alpha\bigr]

    (Mironov, Talwar and Zhang 2019, section 3.3). For whole orders the binomial theorem makes it a sum of
    :math:`\binom{\alpha}{k} (1 - q)^{\alpha - k} q^k e^{k(k - 1) / 2\sigma^2}`; between them it is integrated.

    Args:
        rate: q, the probability with which an example is in a batch, 0 to 1.
        noise: σ, in units of the clip.
        order: α, above 1.

    Raises ``ValueError`` for numbers out of their range.
    """
    _check(rate, noise)
    if not (order > 1 and isfinite(order)):
        raise ValueError(f"an order is above 1 and finite; got {order}")
    if rate == 0:
        return 0.0
    if noise == 0:
        return inf
    if rate == 1:
        return order / (2 * noise**2)
    total = _whole(rate, noise, int(order)) if order == int(order) else _between(rate, noise, order)
    return max(total / (order - 1), 0.0)


def epsilon(rate: float, noise: float, steps: int, delta: float, orders: Sequence[float] = ORDERS) -> float:
    r"""Return ε: after ``steps`` steps of DP-SGD with Poisson sampling the model is (ε, δ)-differentially private.

    Rényi divergences of steps add up (Mironov 2017). Each order α then gives

    .. math:: \epsilon = T\,D_\alpha + \ln\frac{\alpha - 1}{\alpha} - \frac{\ln \delta + \ln \alpha}{\alpha - 1}

    (Balle et al. 2020, theorem 21), and the least holds. It is an upper bound: other accountants find less for the same
    run, no attack can find more.

    Args:
        rate, noise: as for :func:`renyi`.
        steps: how many, 0 or more.
        delta: δ, between 0 and 1; well below one over the number of people.
        orders: those to try.

    Raises ``ValueError`` for numbers out of their range.
    """
    if steps < 0 or not 0 < delta < 1 or not orders:
        raise ValueError(f"steps 0 or more, delta between 0 and 1, an order at least; got {steps}, {delta}, {orders}")
    _check(rate, noise)
    if steps == 0 or rate == 0:
        return 0.0
    return max(min(steps * renyi(rate, noise, a) + log1p(-1 / a) - log(delta * a) / (a - 1) for a in orders), 0.0)


def noise_for(target: float, rate: float, steps: int, delta: float) -> float:
    """Return the least noise σ, to 0.1 %, with which a run keeps to ``target``, an ε above 0.

    Raises ``ValueError`` for numbers out of their range, or a target that no noise up to 10,000 reaches.
    """
    if not target > 0:
        raise ValueError(f"the target is an epsilon above 0; got {target}")
    low, high = 0.01, 1e4
    if epsilon(rate, high, steps, delta) > target:
        raise ValueError(f"no noise up to {high:g} reaches epsilon {target} in {steps} steps; ask for more epsilon")
    while high / low > 1.001:
        middle = sqrt(low * high)
        low, high = (low, middle) if epsilon(rate, middle, steps, delta) <= target else (middle, high)
    return high


def _whole(q: float, sigma: float, order: int) -> float:
    """Return ln E[…] for a whole order, by the binomial theorem; its terms span hundreds of powers of ten."""
    k = torch.arange(order + 1, dtype=torch.float64)
    choose = lgamma(order + 1) - torch.lgamma(k + 1) - torch.lgamma(order - k + 1)
    terms = choose + k * log(q) + (order - k) * log1p(-q) + k * (k - 1) / (2 * sigma**2)
    return float(terms.logsumexp(0))


def _between(q: float, sigma: float, order: float) -> float:
    """Return ln E[…] as an integral; on a smooth bell the trapezoidal rule is exact to rounding."""
    width = (
        min(sigma, max(sigma**2, sigma / 10)) / FINE
    )  # the mixture bends within about σ², which small σ cannot reach
    z = torch.arange(-14 * sigma, order + 14 * sigma, width, dtype=torch.float64)
    ratio = torch.logaddexp(torch.full_like(z, log1p(-q)), log(q) + (2 * z - 1) / (2 * sigma**2))
    terms = order * ratio - z**2 / (2 * sigma**2)
    return float(terms.logsumexp(0)) + log(width / (sigma * sqrt(2 * pi)))


def _check(rate: float, noise: float) -> None:
    if not 0 <= rate <= 1 or not (noise >= 0 and isfinite(noise)):
        raise ValueError(f"the rate lies between 0 and 1, and the noise is 0 or more and finite; got {rate}, {noise}")
