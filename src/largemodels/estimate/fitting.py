"""A scaling law fitted to losses that were measured, and how far the fit can be trusted."""

from itertools import product

import numpy as np
import torch
from torch import Tensor

from largemodels.estimate.optimal import Fit

LEAST = 6  # runs: one more than the law has constants
HUBER = 1e-3  # of ln loss: where a residual begins to count by its size and no longer by its square
FLOORS, EXPONENTS = (0.3, 1.0, 1.6), (0.3, 0.8)  # from which the search begins


def fit_law(parameters: Tensor, tokens: Tensor, losses: Tensor) -> Fit:
    """Fit ``loss = floor + a / N^alpha + b / D^beta``: approach 3 of Hoffmann et al. (2022), appendix D.2.

    ``floor``, ``a`` and ``b`` are searched by their logarithms, so that none gets negative. What is made small is the
    sum of Huber's losses of ln(predicted) − ln(measured), with a knee at 0.001, from twelve starts, by scipy's
    ``least_squares``; the best of all ends is kept. With few runs several constants may do nearly as well:
    :func:`resampled` shows how many.

    Args:
        parameters: N of each run, ``(n,)``, above 0.
        tokens: D of each run, ``(n,)``, above 0.
        losses: what each reached, ``(n,)``, in nats a token, above 0.

    Raises:
        ValueError: shapes that differ, fewer than six runs, fewer than three sizes or lengths, or a number that is not
            finite and above 0.
    """
    n, d, measured = _checked(parameters, tokens, losses)
    # both terms begin at half a nat for a run in the middle
    middle = np.log(n).mean(), np.log(d).mean()
    ends = [
        _descend(
            np.array([np.log(floor), alpha * middle[0] - 0.7, beta * middle[1] - 0.7, alpha, beta]), n, d, measured
        )
        for floor, alpha, beta in product(FLOORS, EXPONENTS, EXPONENTS)
    ]
    return _named(min(ends, key=lambda end: end.cost).x)


def resampled(
    parameters: Tensor, tokens: Tensor, losses: Tensor, draws: int = 200, seed: int = 0, fit: Fit | None = None
) -> list[Fit]:
    """Return the laws fitted to runs that are drawn from the given ones with replacement: the bootstrap (Efron 1979).

    The spread of what they say, of a constant or of a model that nobody trained, is how much it depends on which runs
    were made. It does not tell whether the form of the law is right. Draws with fewer than three sizes or lengths are
    drawn again. Runs of one size and length that differ in the seed alone are no independent evidence on the law: give
    their mean as one run.

    Args:
        parameters, tokens, losses: as for :func:`fit_law`.
        draws: how many.
        seed: of the draws.
        fit: the law of all runs, from which each search begins; fitted here if not given.

    Raises:
        ValueError: as :func:`fit_law`, or fewer than one draw.
    """
    n, d, measured = _checked(parameters, tokens, losses)
    if draws < 1:
        raise ValueError(f"draws must be at least 1; got {draws}")
    fit = fit or fit_law(parameters, tokens, losses)
    start = np.array([np.log(fit.floor), np.log(fit.a), np.log(fit.b), fit.alpha, fit.beta])
    generator, found = np.random.default_rng(seed), []
    while len(found) < draws:
        chosen = generator.integers(len(n), size=len(n))
        if min(len(np.unique(n[chosen])), len(np.unique(d[chosen]))) >= 3:
            found.append(_named(_descend(start, n[chosen], d[chosen], measured[chosen]).x))
    return found


def _descend(start: np.ndarray, n: np.ndarray, d: np.ndarray, measured: np.ndarray):
    """Return scipy's result from one start ``(ln floor, ln a, ln b, alpha, beta)``."""
    from scipy.optimize import least_squares

    def terms(x):
        e, a, b, alpha, beta = x
        return np.stack([np.full_like(n, e), a - alpha * np.log(n), b - beta * np.log(d)])

    def residuals(x):
        return np.logaddexp.reduce(terms(x)) - np.log(measured)

    def jacobian(x):
        logs = terms(x)
        share = np.exp(logs - np.logaddexp.reduce(logs))  # of the loss that each term makes
        return np.stack([*share, -share[1] * np.log(n), -share[2] * np.log(d)], axis=1)

    limits = ([-10, -10, -10, 0, 0], [5, 60, 60, 3, 3])
    return least_squares(
        residuals, np.clip(start, *limits), jacobian, limits, loss="huber", f_scale=HUBER, x_scale="jac"
    )


def _named(x: np.ndarray) -> Fit:
    floor, a, b = np.exp(x[:3])
    return Fit(*(float(value) for value in (floor, a, b, *x[3:])))


def _checked(parameters: Tensor, tokens: Tensor, losses: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    three = [torch.as_tensor(values).detach().cpu().double().numpy() for values in (parameters, tokens, losses)]
    shapes = [values.shape for values in three]
    if len(set(shapes)) > 1 or three[0].ndim != 1 or len(three[0]) < LEAST:
        raise ValueError(f"parameters, tokens and losses must be (n,), of at least {LEAST} runs; got {shapes}")
    for name, values in zip(("parameters", "tokens", "losses"), three, strict=True):
        if not (np.isfinite(values) & (values > 0)).all():
            wrong = values[~(np.isfinite(values) & (values > 0))][0]
            raise ValueError(f"{name} must be finite and above 0; got {wrong}")
    for name, values in zip(("sizes", "lengths"), three, strict=False):
        if len(np.unique(values)) < 3:
            raise ValueError(f"a bent curve takes at least 3 {name}; got {len(np.unique(values))}")
    return tuple(three)
