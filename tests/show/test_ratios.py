"""A point stands at what was published and at its ratio; what lies outside the band is named."""

import pytest

from largemodels.show import ratios

POINTS = [("near", 1e3, 1.05e3, False), ("far", 1e5, 0.5e5, False), ("same", 1e4, 1e4, True)]


def test_points_stand_where_the_numbers_say_and_misses_alone_are_named():
    (axes,) = ratios({"hours (h)": POINTS}, {"hours (h)": 0.1}).axes
    independent, circular = [line for line in axes.lines if line.get_marker() in "oD"]
    assert independent.get_xydata().tolist() == [pytest.approx([1e3, 1.05]), pytest.approx([1e5, 0.5])]
    assert circular.get_xydata().tolist() == [pytest.approx([1e4, 1.0])]
    assert circular.get_markerfacecolor() == "none"
    assert [text.get_text() for text in axes.texts] == ["far"]
    assert axes.get_xscale() == axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    assert low < 0.5
    assert low * high == pytest.approx(1)


def test_the_band_reaches_as_far_as_the_tolerance():
    first, second = ratios({"a": POINTS, "b": POINTS[:1]}, {"a": 0.1, "b": 0.3}).axes
    for axes, band in ((first, 0.1), (second, 0.3)):
        (shaded,) = axes.patches
        box = shaded.get_extents().transformed(axes.transData.inverted())
        assert (box.y0, box.y1) == pytest.approx((1 - band, 1 + band))
        assert f"within {band:.0%}" in axes.get_title(loc="left")
    assert not second.texts


@pytest.mark.parametrize("points", [[], [("x", 0, 1, False)], [("x", 1, -1, True)]])
def test_numbers_that_have_no_logarithm_are_errors(points):
    with pytest.raises(ValueError, match="numbers above 0"):
        ratios({"a": points}, {"a": 0.1})


@pytest.mark.parametrize("tolerance", [{}, {"a": 0}, {"a": 1.5}])
def test_a_band_is_needed(tolerance):
    with pytest.raises(ValueError, match="a tolerance between 0 and 1"):
        ratios({"a": POINTS}, tolerance)
