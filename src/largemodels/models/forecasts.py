"""Forecasts without a network: the last value, the last season, medians, smoothing, and ridge regression."""

import torch
from torch import Tensor

RATES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)  # of smoothing, tried by default


def last_value(past: Tensor, horizon: int) -> Tensor:
    """Return the last value of a series ``(n,)``, ``horizon`` times."""
    return past[-1:].expand(horizon)


def seasons_before(past: Tensor, horizon: int, season: int, count: int) -> Tensor:
    """Return what the next ``horizon`` times had in each of the seasons before, ``(count, horizon)``, latest first.

    Raises ``ValueError`` for a horizon above the season, whose end would not have come yet, or a past too short.
    """
    if not 1 <= horizon <= season or count < 1 or past.ndim != 1 or len(past) < count * season:
        got = f"a past {tuple(past.shape)}, a horizon of {horizon}, {count} seasons of {season}"
        raise ValueError(f"a horizon is at most a season, and the past holds all seasons; got {got}")
    starts = [len(past) - season * back for back in range(1, count + 1)]
    return torch.stack([past[start : start + horizon] for start in starts])


def last_season(past: Tensor, horizon: int, season: int) -> Tensor:
    """Return what each time had a season ago: "same as last week". Raises as :func:`seasons_before`."""
    return seasons_before(past, horizon, season, 1)[0]


def median_season(past: Tensor, horizon: int, season: int, count: int = 8) -> Tensor:
    """Return for each time the median of what it had in the last ``count`` seasons (of an even number, the middle).

    One odd week among them does no harm. Raises as :func:`seasons_before`.
    """
    return seasons_before(past, horizon, season, count).quantile(0.5, 0)


def smoothed(past: Tensor, horizon: int, season: int, rate: float | None = None) -> Tensor:
    """Return a forecast by exponential smoothing, each place of the season by itself (Brown 1959, Holt 1957).

    What an hour of the week is expected to have, m, moves a part of the way to each new value y: m ← m + a (y − m). The
    first season gives the first m.

    Args:
        past: ``(n,)``, at least two seasons.
        horizon: steps to forecast, at most a season.
        season: steps in a season.
        rate: a; by default that of ``RATES`` with the least mean squared error, a season ahead, in the past.

    Raises:
        ValueError: as :func:`seasons_before`, or a rate that is not from 0 to 1.
    """
    if len(past) < 2 * season or not 1 <= horizon <= season:
        raise ValueError(f"a past has two seasons of {season}, a horizon is at most one; got {len(past)}, {horizon}")
    if rate is not None and not 0 <= rate <= 1:
        raise ValueError(f"a rate is from 0 to 1; got {rate}")
    rates = torch.tensor(RATES if rate is None else [rate], dtype=torch.float64)[:, None]
    weeks = past[len(past) % season :].double().view(-1, season)
    expected, squares = weeks[:1].repeat(len(rates), 1), torch.zeros(len(rates), dtype=torch.float64)
    for week in weeks[1:]:
        error = week - expected
        squares += error.square().sum(1)
        expected = expected + rates * error
    return expected[squares.argmin(), :horizon].to(past.dtype)


class Ridge:
    """Linear regression with a penalty on the squares of the weights (Hoerl and Kennard 1970), in closed form.

    W = (XᵀX + λ I)⁻¹ XᵀY, for columns less their means, so that the constant is not penalised.

    Args:
        x: ``(n, f)``.
        y: ``(n, k)``.
        penalty: λ, above 0.

    Raises:
        ValueError: shapes that do not fit, or a penalty of 0 or less.
    """

    def __init__(self, x: Tensor, y: Tensor, penalty: float):
        if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or not len(x) or not penalty > 0:
            got = f"{tuple(x.shape)}, {tuple(y.shape)}, {penalty}"
            raise ValueError(f"rows (n, f) take answers (n, k) and a penalty above 0; got {got}")
        self.middle, self.mean = x.mean(0), y.mean(0)
        x = x - self.middle
        eye = torch.eye(x.shape[1], dtype=x.dtype)
        self.weights = torch.linalg.solve(x.T @ x + penalty * eye, x.T @ (y - self.mean))

    def __call__(self, x: Tensor) -> Tensor:
        """Return predictions ``(m, k)`` for rows ``(m, f)``."""
        return (x - self.middle) @ self.weights + self.mean
