"""Cars in an hour: two years without a gap, filled from the past alone."""

from datetime import datetime, timedelta

import torch

from largemodels.data import traffic
from largemodels.data.traffic import HOLIDAYS


def test_two_years_of_hours_begin_on_a_saturday_at_midnight():
    series = traffic()
    assert series.cars.shape == series.counted.shape == series.holiday.shape == (2 * 365 * 24,)
    assert series.start == datetime(2016, 10, 1)
    assert series.start.strftime("%A") == "Saturday"
    assert series.cars.isfinite().all()
    assert 100 < series.cars.min() < series.cars.max() < 8000


def test_gaps_are_filled_from_the_past():
    series = traffic()
    gaps = (~series.counted).nonzero()[:, 0]
    assert len(gaps) == 104
    for hour in gaps.tolist():
        before = hour - (168 if hour >= 168 else 24)
        assert series.cars[hour] == series.cars[before]


def test_holidays_are_whole_days_with_fewer_cars_than_a_week_before():
    series = traffic()
    days = series.cars.view(-1, 24).sum(1)
    flags = series.holiday.view(-1, 24)
    assert torch.equal(flags.all(1), flags.any(1))
    free = flags.all(1).nonzero()[:, 0].tolist()
    assert {(series.start + timedelta(days=day)).date() for day in free} == set(HOLIDAYS)
    assert all(days[day] < 0.9 * days[day - 7 : day].median() for day in free)
