"""Backtests: every origin sees the past alone, errors are scaled as published, blocks keep neighbours together."""

import numpy as np
import pytest
import torch

from largemodels.models import last_value
from largemodels.train import backtest, block_means, rolling_origins, scale


def test_origins_roll_while_the_horizon_fits():
    assert list(rolling_origins(23, 10, 5, 4)) == [10, 14, 18]
    assert list(rolling_origins(15, 10, 5, 4)) == [10]


@pytest.mark.parametrize(("length", "first", "horizon", "step"), [(14, 10, 5, 4), (20, 0, 5, 4), (20, 10, 5, 0)])
def test_origins_without_a_future_are_refused(length, first, horizon, step):
    with pytest.raises(ValueError, match="has no forecast of"):
        rolling_origins(length, first, horizon, step)


def test_errors_are_truth_less_forecast():
    series = torch.arange(12.0)
    errors = backtest(series, rolling_origins(12, 5, 3, 2), 3, last_value)
    assert torch.equal(errors, torch.tensor([[1.0, 2, 3]] * 3))


def test_a_forecast_never_sees_its_future():
    """Whatever comes after an origin may be changed: the same past goes in."""
    series, seen = torch.randn(40), []

    def forecast(past, horizon):
        seen.append(past.clone())
        past += 7  # nor can it change the series
        return past[-horizon:]

    origins = rolling_origins(40, 20, 5, 5)
    backtest(series, origins, 5, forecast)
    changed = series.clone()
    changed[35:] = 1e9
    backtest(changed, origins, 5, forecast)
    for one, other in zip(seen[:4], seen[4:], strict=True):
        assert torch.equal(one, other)
    assert [len(past) for past in seen[:4]] == [20, 25, 30, 35]


def test_a_forecast_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"a forecast is \(3,\); got \(2,\)"):
        backtest(torch.zeros(12), rolling_origins(12, 5, 3, 2), 3, lambda past, horizon: past[-2:])


def test_the_scale_is_the_error_of_the_last_season():
    past = torch.tensor([1.0, 5, 2, 4, 4, 6])
    assert scale(past, 2) == pytest.approx((1 + 1 + 2 + 2) / 4)
    assert scale(past, 1) == pytest.approx((4 + 3 + 2 + 0 + 2) / 5)


@pytest.mark.parametrize("past", [torch.ones(2), torch.ones(2, 3)])
def test_a_short_past_has_no_scale(past):
    with pytest.raises(ValueError, match="longer than its season of 2"):
        scale(past, 2)


def test_a_constant_past_has_no_scale():
    with pytest.raises(ValueError, match="has no scale"):
        scale(torch.tensor([1.0, 2, 1, 2]), 2)


def test_blocks_of_one_are_the_ordinary_bootstrap():
    values = np.random.default_rng(0).normal(size=50)
    spread = block_means(values, 1, 20_000).std()
    assert spread == pytest.approx(values.std() / 50**0.5, rel=0.03)


def test_blocks_are_as_unsure_as_dependent_values_make_a_mean():
    """Values that come five times each: single draws are too sure by the square root of five."""
    chance, means, spreads = np.random.default_rng(1), [], {1: [], 10: []}
    for _ in range(200):
        values = chance.normal(size=40).repeat(5)
        means.append(values.mean())
        for block in spreads:
            spreads[block].append(block_means(values, block, 200).std())
    assert np.mean(spreads[1]) / np.std(means) == pytest.approx(5**-0.5, rel=0.15)
    assert 0.8 < np.mean(spreads[10]) / np.std(means) < 1.05


def test_several_means_come_from_the_same_samples():
    values = np.random.default_rng(0).normal(size=(30, 2))
    both = block_means(values, 4, 100)
    assert both.shape == (100, 2)
    np.testing.assert_allclose(both[:, 1], block_means(values[:, 1], 4, 100))
    whole = block_means(values, 30, 10)
    np.testing.assert_allclose(whole, np.tile(values.mean(0), (10, 1)))


@pytest.mark.parametrize("block", [0, 31])
def test_blocks_have_one_value_to_all(block):
    with pytest.raises(ValueError, match="a block has 1 to n values"):
        block_means(np.zeros(30), block)
