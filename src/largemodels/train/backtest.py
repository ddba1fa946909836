"""How good are forecasts? Tried again and again, each time with nothing but the past."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor


def rolling_origins(length: int, first: int, horizon: int, step: int) -> range:
    """Return the places in a series from which to forecast: ``first``, ``first + step``, … while the horizon fits.

    Raises ``ValueError`` for numbers below 1, or a series that ends before the first forecast does.
    """
    if min(length, first, horizon, step) < 1 or first + horizon > length:
        raise ValueError(f"a series of {length:,} has no forecast of {horizon:,} from {first:,} by steps of {step:,}")
    return range(first, length - horizon + 1, step)


def backtest(series: Tensor, origins: range, horizon: int, forecast: Callable[[Tensor, int], Tensor]) -> Tensor:
    """Return the errors, truth less forecast, ``(origins, horizon)``.

    ``forecast`` takes the past, ``series[:origin]``, as a copy that nothing ties to the future, and the horizon.
    Raises ``ValueError`` for a forecast of another shape.
    """
    errors = []
    for past, future in _parts(series, origins, horizon):
        made = forecast(past, horizon)
        if made.shape != (horizon,):
            raise ValueError(f"a forecast is ({horizon},); got {tuple(made.shape)}")
        errors.append(future - made)
    return torch.stack(errors)


def _parts(series: Tensor, origins: range, horizon: int) -> Iterator[tuple[Tensor, Tensor]]:
    for origin in origins:
        yield series[:origin].clone(), series[origin : origin + horizon]


def scale(past: Tensor, season: int) -> float:
    """Return what an error is divided by in MASE: the mean absolute step from one season to the next in the past.

    That is the error within the training part of "the same as a season ago" (Hyndman and Koehler 2006). A mean absolute
    scaled error below 1 is better than that. Raises ``ValueError`` for a past of one season or less, or a constant one.
    """
    if past.ndim != 1 or len(past) <= season or season < 1:
        raise ValueError(f"a past is (n,), longer than its season of {season}; got {tuple(past.shape)}")
    size = (past[season:] - past[:-season]).abs().mean().item()
    if not size > 0:
        raise ValueError("a series that repeats itself exactly has no scale for errors")
    return size


def block_means(values: np.ndarray, block: int, draws: int = 2000, seed: int = 0) -> np.ndarray:
    """Return means ``(draws,)`` of bootstrap samples made of blocks of neighbours (Politis 2003).

    Values near each other in time are alike, so that a sample of single ones would be too sure of itself. Blocks begin
    anywhere, and go on from the end to the beginning.

    Args:
        values: ``(n,)`` in order of time, or ``(n, k)`` for k means of the same samples, returned as ``(draws, k)``.
        block: neighbours drawn together; 1 is the ordinary bootstrap.
        draws: samples.
        seed: of the draws.

    Raises:
        ValueError: no values, or a block that is not from 1 to their number.
    """
    values = np.asarray(values, dtype=float)
    n = len(values)
    if values.ndim not in (1, 2) or not 1 <= block <= n:
        raise ValueError(f"a block has 1 to n values; got {block} of {values.shape}")
    starts = np.random.default_rng(seed).integers(n, size=(draws, -(-n // block)))
    rows = ((starts[:, :, None] + np.arange(block)) % n).reshape(draws, -1)[:, :n]
    return values[rows].mean(1)
