"""Bars are as long as their numbers."""

import pytest

from largemodels.show import bars, shares


def test_each_bar_has_its_length_and_its_number():
    (axes,) = bars(["a", "b"], [[1000, 20], [3000, 40]], "parameters").axes
    assert [bar.get_width() for bar in axes.patches] == [2000, 30]
    assert [text.get_text() for text in axes.texts] == ["2,000", "30"]
    with pytest.raises(ValueError, match=r"2 names need as many values per run; got shape \(1, 3\)"):
        bars(["a", "b"], [1, 2, 3], "x")


def test_a_run_that_was_not_made_does_not_count():
    (axes,) = bars(["a", "b"], [[1, 20], [3, 40], [8, float("nan")]], "x").axes
    assert [bar.get_width() for bar in axes.patches] == [4, 30]


def test_shares_add_up_to_the_whole():
    (axes,) = shares(["a", "b"], {"parameters": [1, 3], "multiply-adds": [9, 1]}).axes
    assert [round(bar.get_width(), 3) for bar in axes.patches] == [0.25, 0.75, 0.9, 0.1]
    assert [text.get_text() for text in axes.texts] == ["25 %", "75 %", "90 %", "10 %"]


def test_equal_runs_whose_mean_is_rounded_can_be_drawn():
    value = 91.27555772777217  # three times it, divided by three, is larger in float64
    assert (value + value + value) / 3 > value
    (axes,) = bars(["one"], [[value], [value], [value]], "per cent", form="{:.1f}").axes
    assert [text.get_text() for text in axes.texts] == ["91.3"]
