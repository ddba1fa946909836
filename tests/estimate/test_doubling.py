"""The doubling time is the least-squares one, its interval covers as often as it says, and it never breaks."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch.testing import assert_close

from largemodels.data import systems
from largemodels.estimate import DoublingTime
from largemodels.estimate.doubling import student

AT = torch.linspace(-30, 30, 11, dtype=torch.float64)


def points(seed=0, n=23, rate=1.7, spread=2.0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    years = 60 * torch.rand(n, generator=generator, dtype=dtype) - 30
    return years, 40 + rate * years + spread * torch.randn(n, generator=generator, dtype=dtype)


def fitted(years, doublings, weights=None, at=AT):
    weights = torch.ones_like(years) if weights is None else weights
    return DoublingTime()(years, doublings, weights, at.to(years.dtype))


@given(st.integers(0, 10**6), st.integers(3, 60), st.floats(-3, 3), st.floats(0.1, 9))
def test_line_and_interval_are_those_of_scipy(seed, n, rate, spread):
    years, doublings = points(seed, n, rate, spread)
    found, want = fitted(years, doublings), stats.linregress(years.numpy(), doublings.numpy())
    reach = stats.t.ppf(0.975, n - 2) * want.stderr
    assert_close(found["rate"][0].item(), want.slope, rtol=1e-9, atol=1e-9)
    assert_close((found["rate"][2] - found["rate"][0]).item(), reach, rtol=5e-4, atol=1e-9)
    assert_close(found["line"], want.intercept + want.slope * AT, rtol=1e-8, atol=1e-8)
    assert_close(found["explained"].item(), want.rvalue**2, rtol=1e-7, atol=1e-9)


def test_students_quantile_is_within_a_thousandth():
    freedom = torch.arange(1.0, 300.0, dtype=torch.float64)
    assert (student(freedom) - torch.from_numpy(stats.t.ppf(0.975, freedom.numpy()))).abs().max() < 1e-3


def test_the_band_is_the_interval_of_the_line():
    years, doublings = points(4, n=11)
    found = fitted(years, doublings)
    middle = years.mean()
    left = doublings - doublings.mean() - found["rate"][0] * (years - middle)
    error = (left.square().sum() / 9 * (1 / 11 + (AT - middle) ** 2 / (years - middle).square().sum())).sqrt()
    assert_close(found["high"] - found["line"], stats.t.ppf(0.975, 9) * error, rtol=1e-3, atol=0)
    assert_close(found["line"] - found["low"], found["high"] - found["line"])
    assert_close(found["spread"].item(), (left.square().sum() / 9).sqrt().item())


def test_what_is_left_out_does_not_count():
    years, doublings = points(2, n=29)
    kept = torch.arange(29) % 3 != 0
    wild = torch.where(kept, doublings, 1e4)
    for name, value in fitted(years, wild, kept.double()).items():
        assert_close(value, fitted(years[kept], doublings[kept])[name])


def test_the_interval_holds_the_truth_in_95_of_100_cases():
    hit = 0
    for seed in range(2000):
        _, low, high = fitted(*points(seed, n=8))["rate"].tolist()
        hit += low <= 1.7 <= high
    assert abs(hit / 2000 - 0.95) < 3 * math.sqrt(0.95 * 0.05 / 2000)


def test_a_rate_is_told_in_months_and_never_is_0():
    years, doublings = points(1, spread=0.5)
    found = fitted(years, doublings)
    rate, low, high = found["rate"].tolist()
    assert_close(found["months"], torch.tensor([12 / rate, 12 / high, 12 / low], dtype=torch.float64))
    assert fitted(*points(1, rate=0.0, spread=9.0))["months"][2] == 0  # its interval reaches a growth of 0
    assert fitted(*points(1, rate=-1.7))["months"].tolist() == [0, 0, 0]


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_too_few_points_have_a_count_and_nothing_else(kept):
    years, doublings = points(3)
    found = fitted(years, doublings, (torch.arange(23) < kept).double())
    assert found.pop("count").item() == kept
    assert all((value == 0).all() for value in found.values())


def test_points_of_one_date_or_on_a_line_are_no_reason_to_break():
    years, doublings = points(5)
    assert fitted(torch.zeros(23, dtype=torch.float64), doublings)["rate"].tolist() == [0, 0, 0]
    exact = fitted(years, 2 * years + 7)
    assert_close(exact["rate"], torch.full((3,), 2.0, dtype=torch.float64))
    assert all(value.isfinite().all() for value in exact.values())


def test_float32_gives_six_digits_for_the_systems():
    known = [system for system in systems() if system.compute]
    years = torch.tensor([system.year - 1995 for system in known], dtype=torch.float64)
    doublings = torch.tensor([math.log2(system.compute.value) for system in known], dtype=torch.float64)
    exact, single = fitted(years, doublings), fitted(years.float(), doublings.float())
    for name in ("rate", "months", "line", "low", "high"):
        assert_close(single[name].double(), exact[name], rtol=2e-6, atol=0)


def test_what_means_nothing_is_named():
    years, doublings = points(n=7)
    with pytest.raises(ValueError, match=r"\(n,\) and at \(m,\); got \(7,\), \(6,\)"):
        fitted(years, doublings[:6])
    with pytest.raises(ValueError, match="a weight is 1 for a point that counts and 0"):
        fitted(years, doublings, torch.full((7,), 0.5).double())


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_one_number_that_is_none_is_refused_even_if_it_is_left_out(place, wrong):
    inputs = [*points(n=5), torch.ones(5, dtype=torch.float64), AT.clone()]
    inputs[2][0], inputs[place][0] = 0, wrong  # all was 0, "no growth", before
    with pytest.raises(ValueError, match="are finite numbers"):
        DoublingTime()(*inputs)
    with pytest.raises(ValueError, match=r"years are finite numbers of torch.float32 or torch.float64"):
        DoublingTime()(*(x.nan_to_num(0, 0).half() for x in inputs))
