"""What a passage asks for stands in one row each; distributions of the next symbol share their order and outline."""

import numpy as np
import pytest
import torch

from largemodels.show import along_text, next_symbols, staircase
from largemodels.show.writing import ASKED, HIDDEN, READ


def rows_of(axes):
    """Return the texts of the cells, row by row."""
    rows = {}
    for text in axes.texts:
        x, y = text.get_position()
        if y > 0:
            rows.setdefault(int(y), []).append((x, text.get_text()))
    return [[symbol for _, symbol in sorted(row)] for _, row in sorted(rows.items())]


def test_each_row_reads_one_character_more_and_asks_for_the_next():
    (axes,) = staircase("a b\n").axes
    assert rows_of(axes) == [["a", "␣"], ["a", "␣", "b"], ["a", "␣", "b", "⏎"]]
    faces = np.array([patch.get_facecolor()[2] for patch in axes.patches]).reshape(3, 4)
    blue = {name: int(colour[5:], 16) / 255 for name, colour in (("r", READ), ("a", ASKED), ("h", HIDDEN))}
    expected = [[blue[each] for each in row] for row in ("rahh", "rrah", "rrra")]
    assert np.allclose(faces, expected)


def test_the_probability_of_what_is_asked_for_stands_at_its_row():
    (axes,) = staircase("abc", torch.tensor([0.125, 1.0])).axes
    assert [row[-1] for row in rows_of(axes)] == ["12.5 %", "100.0 %"]
    with pytest.raises(ValueError, match=r"2 characters are asked for, each with a probability; got shape \(3,\)"):
        staircase("abc", [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="has two or more; got 1"):
        staircase("a")


def test_distributions_share_the_order_of_the_first():
    plain, cut = [0.1, 0.5, 0.0, 0.4], torch.tensor([0.0, 0.6, 0.0, 0.4])
    one, other, *_ = next_symbols("ab $", {"plain": plain, "cut": cut}, most=3).axes
    assert [label.get_text() for label in one.get_xticklabels()] == ["b", r"\$", "a"]
    assert [label.get_text() for label in other.get_xticklabels()] == ["b", r"\$", "a"]
    heights = [patch.get_height() for patch in other.patches]
    assert np.allclose(heights, [0.6, 0.4, 0.0, 0.5, 0.4, 0.1])  # its own, then the outline of the first
    assert (one.get_title("left"), other.get_title("left")) == ("plain", "cut")
    assert [axes.texts[0].get_text() for axes in (one, other)] == ["3 possible", "2 possible"]


def test_an_odd_number_of_distributions_leaves_the_last_place_empty():
    axes = next_symbols("ab", {name: [0.5, 0.5] for name in "xyz"}).axes
    assert [each.get_visible() for each in axes] == [True, True, True, False]
    with pytest.raises(ValueError, match=r"'y' takes a probability for each of 2 symbols; got shape \(3,\)"):
        next_symbols("ab", {"x": [0.5, 0.5], "y": [0.2, 0.3, 0.5]})
    with pytest.raises(ValueError, match="no distribution"):
        next_symbols("ab", {})


def test_each_symbol_carries_its_bar():
    (axes,) = along_text("a b", torch.tensor([1, 30, 4]), "left").axes
    assert [patch.get_height() for patch in axes.patches] == [1, 30, 4]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "␣", "b"]
    assert [text.get_text() for text in axes.texts] == ["1", "30", "4"]
    with pytest.raises(ValueError, match=r"3 symbols need as many numbers, at least one; got shape \(2,\)"):
        along_text("abc", [1, 2], "left")
    with pytest.raises(ValueError, match="0 symbols"):
        along_text("", [], "left")
