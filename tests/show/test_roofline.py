"""The roof is the lower of two limits, and every point stands where it was measured."""

import numpy as np
import pytest

from largemodels.show import roofline

PEAK, BANDWIDTH = 120e9, 8e9
POINTS = {"prefill": [[7.0, 41e9], [60.0, 90e9]], "decoding": [[0.5, 3e9]]}


def test_the_roof_is_memory_up_to_the_ridge_and_arithmetic_beyond():
    (axes,) = roofline(PEAK, BANDWIDTH, POINTS).axes
    x, y = axes.lines[0].get_data()
    assert y == pytest.approx(np.minimum(PEAK, BANDWIDTH * x) / 1e9)
    assert x[1] == pytest.approx(15)
    assert x[0] < 0.5
    assert x[2] > 60
    assert axes.get_xscale() == axes.get_yscale() == "log"


def test_points_stand_where_they_were_measured_with_their_labels():
    (axes,) = roofline(PEAK, BANDWIDTH, POINTS, {"prefill": ["16", "256"]}).axes
    drawn = {line.get_label(): np.array(line.get_data()).T for line in axes.lines}
    for name, pairs in POINTS.items():
        assert drawn[name] == pytest.approx(np.array(pairs) / [1, 1e9])
    texts = [text.get_text() for text in axes.texts]
    assert texts[-2:] == ["16", "256"]
    assert "arithmetic: 120 GFLOP/s" in texts
    assert "memory: 8 GB/s" in texts
    low, high = axes.get_ylim()
    assert low < 3
    assert high > 120


@pytest.mark.parametrize(
    ("series", "labels", "message"),
    [
        ({}, None, "above 0, and points"),
        ({"a": [[1.0, 2.0, 3.0]]}, None, r"pairs \(n, 2\)"),
        ({"a": [[0.0, 2.0]]}, None, "numbers above 0"),
        ({"a": [[1.0, 2.0]]}, {"a": ["x", "y"]}, "1 points and 2 labels"),
    ],
)
def test_what_cannot_be_drawn_is_named(series, labels, message):
    with pytest.raises(ValueError, match=message):
        roofline(PEAK, BANDWIDTH, series, labels)
