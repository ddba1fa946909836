"""Forecasts by rules: as pandas and scikit-learn compute them, and of the past alone."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import Ridge as Referee

from largemodels.models import Ridge, last_season, last_value, median_season, seasons_before, smoothed

PAST = torch.randn(61, generator=torch.Generator().manual_seed(0)) + torch.arange(61) % 7


def test_the_last_season_comes_again():
    assert torch.equal(last_season(PAST, 5, 7), PAST[54:59])
    assert torch.equal(last_season(PAST, 7, 7), PAST[54:])
    assert torch.equal(last_value(PAST, 3), PAST[60].repeat(3))


def test_a_median_is_that_of_the_same_places():
    weeks = PAST[61 - 35 :].view(5, 7)
    assert torch.equal(seasons_before(PAST, 7, 7, 5), weeks.flip(0))
    np.testing.assert_allclose(median_season(PAST, 4, 7, 5), np.median(weeks.numpy(), 0)[:4], rtol=1e-6)
    np.testing.assert_allclose(median_season(PAST, 7, 7, 4), np.median(weeks[1:].numpy(), 0), rtol=1e-6)


@pytest.mark.parametrize("rate", [0.05, 0.3, 1.0])
def test_smoothing_is_that_of_pandas(rate):
    weeks = PAST[5:].view(8, 7)
    right = pd.DataFrame(weeks.double().numpy()).ewm(alpha=rate, adjust=False).mean().iloc[-1]
    np.testing.assert_allclose(smoothed(PAST, 7, 7, rate), right, rtol=1e-6)


def test_the_rate_is_the_best_of_the_past():
    steady = torch.arange(7.0).repeat(300) + torch.randn(2100, generator=torch.Generator().manual_seed(1))
    drifting = torch.randn(40, generator=torch.Generator().manual_seed(2)).cumsum(0).repeat_interleave(7)
    assert torch.equal(smoothed(steady, 7, 7), smoothed(steady, 7, 7, 0.05))
    assert torch.equal(smoothed(drifting, 7, 7), smoothed(drifting, 7, 7, 0.5))


def test_ridge_is_that_of_scikit_learn():
    chance = torch.Generator().manual_seed(0)
    x, y, new = (torch.randn(*shape, generator=chance).double() for shape in ((43, 5), (43, 3), (11, 5)))
    right = Referee(alpha=2.5).fit(x + 3, y).predict(new)
    np.testing.assert_allclose(Ridge(x + 3, y, 2.5)(new), right, rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: last_season(PAST, 8, 7), "a horizon is at most a season"),
        (
            lambda: seasons_before(PAST, 7, 7, 9),
            "the past holds all seasons; got a past (61,), a horizon of 7, 9 seasons",
        ),
        (lambda: smoothed(PAST[:13], 7, 7), "a past has two seasons of 7"),
        (lambda: smoothed(PAST, 7, 7, 1.5), "a rate is from 0 to 1; got 1.5"),
        (lambda: Ridge(torch.zeros(3, 2), torch.zeros(4, 1), 1), "rows (n, f) take answers (n, k)"),
        (lambda: Ridge(torch.zeros(3, 2), torch.zeros(3, 1), 0), "a penalty above 0; got (3, 2), (3, 1), 0"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
