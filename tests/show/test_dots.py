"""Rows of dots: what is drawn is what was given."""

import pytest

from largemodels.show import dots


def test_a_row_for_each_name_and_a_dot_for_each_condition():
    fig = dots(["a", "b", "c"], {"one": [1, 2, 4], "two": [3, 2, 8]}, "ratio", log=True)
    (axes,) = fig.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    assert [each.get_offsets().tolist() for each in axes.collections] == [
        [[1, 0], [2, 1], [4, 2]],
        [[3, 0], [2, 1], [8, 2]],
    ]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "two"]
    assert axes.get_xscale() == "log"
    assert axes.yaxis_inverted()


def test_impossible_input_is_refused():
    with pytest.raises(ValueError, match="1 to 5 conditions"):
        dots(["a"], {}, "x")
    with pytest.raises(ValueError, match="2 names need as many numbers; 'one' has shape"):
        dots(["a", "b"], {"one": [1]}, "x")
    with pytest.raises(ValueError, match="above 0; 'one' goes down to -1"):
        dots(["a"], {"one": [-1]}, "x", log=True)
