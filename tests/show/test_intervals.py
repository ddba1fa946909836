"""Each value stands in its row with its own interval."""

import numpy as np
import pytest

from largemodels.show import intervals

SERIES = {
    "known": [[0.9, 0.85, 0.92], [0.8, 0.7, 0.9], [0.5, 0.5, 0.6]],
    "new": [[0.7, 0.6, 0.75], [np.nan] * 3, [0.4, 0.3, 0.6]],
}


def test_points_and_intervals_stand_where_the_numbers_say():
    (axes,) = intervals(["a", "b", "c"], SERIES, "accuracy", percent=True).axes
    for container, values in zip(axes.containers, SERIES.values(), strict=True):
        points, _, (bars,) = container
        assert points.get_xdata() == pytest.approx(np.array(values)[:, 0], nan_ok=True)
        assert np.round(points.get_ydata()).tolist() == [0, 1, 2]
        ends = [(line[0, 0], line[1, 0]) for line in bars.get_segments() if len(line)]
        assert ends == [pytest.approx((low, high)) for _, low, high in values if low == low]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["known", "new"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the first is on top"


def test_shapes_that_do_not_fit_and_values_outside_are_errors():
    with pytest.raises(ValueError, match=r"2 names take values \(2, 3\); known has \(3, 3\)"):
        intervals(["a", "b"], SERIES, "accuracy")
    with pytest.raises(ValueError, match="a value of x lies outside its interval"):
        intervals(["a"], {"x": [[0.9, 0.91, 0.95]]}, "accuracy")
