"""Points, lines and levels stand where the numbers say, and what is in brackets is hollow."""

import pytest

from largemodels.show import OverYears, over_years

YEARS, VALUES = [1957, 1986, 2012], [1e3, 1e9, 5e17]


def test_points_names_and_levels_stand_where_the_numbers_say():
    picture = OverYears(
        "operations",
        {"known": (YEARS, VALUES), "(guessed)": ([2020], [1e24]), "(none)": ([], [])},
        names=[(1957, 1e3, "first")],
        levels={"a law": 1e25},
        title="size",
    )
    (axes,) = over_years(picture).axes
    known, guessed, level = axes.lines
    assert known.get_xdata().tolist() == YEARS
    assert known.get_ydata().tolist() == VALUES
    assert guessed.get_markerfacecolor() == "white" != known.get_markerfacecolor()
    assert list(level.get_ydata()) == [1e25, 1e25]
    assert axes.get_yscale() == "log"
    assert [text.get_text() for text in axes.texts] == ["first", "a law"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["known", "guessed"]
    assert (axes.get_title(loc="left"), axes.get_ylabel()) == ("size", "operations")


def test_a_line_has_its_interval_and_a_plain_axis_begins_at_zero_and_holds_the_levels():
    line = ([2000, 2001], [5, 6], [4, 5], [7, 9])
    (axes,) = over_years(OverYears("months", {}, {"a": line}, levels={"far": 20.0}, log=False)).axes
    assert axes.lines[0].get_ydata().tolist() == [5, 6]
    (band,) = axes.collections
    assert {tuple(point) for point in band.get_paths()[0].vertices} >= {(2000, 4), (2000, 7), (2001, 5), (2001, 9)}
    assert axes.get_ylim()[0] == 0
    assert axes.get_ylim()[1] > 20


def test_pictures_stand_beside_each_other():
    assert len(over_years(*[OverYears("x", {"a": (YEARS, VALUES)})] * 3).axes) == 3


def test_what_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match=r"'a' takes as many values as years; got \(3,\) and \(2,\)"):
        over_years(OverYears("x", {"a": (YEARS[:2], VALUES)}))
    with pytest.raises(ValueError, match="there is no picture"):
        over_years()
