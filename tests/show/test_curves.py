"""Curves show the mean and the whole range."""

import numpy as np
import pytest

from largemodels.show import curves


def test_several_runs_are_a_mean_in_a_band():
    fig = curves([1, 2, 3], {"loss": [[1, 2, 3], [3, 4, 5]], "other": [0, 0, 1]}, "epoch", "nats")
    (axes,) = fig.axes
    assert np.array_equal(axes.lines[0].get_ydata(), [2, 3, 4])
    assert len(axes.collections) == 1
    low, high = axes.collections[0].get_datalim(axes.transData).intervaly
    assert (low, high) == (1, 5)


def test_lines_are_named_at_their_ends():
    fig = curves([1, 2], {"a": [0, 1], "b": [0, 1.001], "c": [0, -5]}, "x", "y")
    names = {text.get_text(): text.get_position()[1] for text in fig.axes[0].texts}
    assert names["c"] < names["a"] < names["b"]
    assert names["b"] - names["a"] > 0.04, "not on top of each other"


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="no series"):
        curves([1, 2], {}, "x", "y")
    with pytest.raises(ValueError, match=r"'a' takes 2 points per run; got shape \(1, 3\)"):
        curves([1, 2], {"a": [1, 2, 3]}, "x", "y")
