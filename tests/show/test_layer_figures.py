"""The figures of layers draw what they are given, and refuse what makes no sense."""

import numpy as np
import pytest
import torch

from largemodels.show import head_grid, layer_table


def test_a_table_writes_its_numbers_where_they_belong():
    values = torch.tensor([[0.0, 1.0, 0.25], [0.5, 0.75, 0.125]])
    axes = layer_table(values, [0, 30], ["When", " Mary", "\n"], "share").axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert cells[0, 0] == "0.00"
    assert cells[2, 0] == "0.25"
    assert cells[1, 1] == "0.75"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["When", "·Mary", "⏎"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "30"]
    np.testing.assert_allclose(axes.images[0].get_array(), values)
    assert axes.images[0].norm.vmin == 0


def test_negative_numbers_have_colours_of_their_own():
    axes = layer_table([[-1.0, 0.5]], [1], ["a", "b"], "share", most=2).axes[0]
    assert axes.texts[0].get_text() == "−1.00"
    assert (axes.images[0].norm.vmin, axes.images[0].norm.vmax) == (-2, 2)


def test_words_stand_in_place_of_numbers_and_start_no_formula():
    axes = layer_table([[0.5, 0.5]], [1], ["a", "b"], "share", words=[["$x", "a very long token"]]).axes[0]
    assert [text.get_text() for text in axes.texts] == [r"\$x", "a·very·lon…"]


@pytest.mark.parametrize(
    ("layers", "tokens", "words"),
    [([1], ["a", "b"], None), ([1, 2], ["a"], None), ([1, 2], ["a", "b"], [["x", "y"]]), ([], [], None)],
)
def test_a_table_that_does_not_fit_is_refused(layers, tokens, words):
    with pytest.raises(ValueError, match="need as many rows and columns"):
        layer_table(torch.zeros(2, 2), layers, tokens, "share", words)


def test_a_grid_has_a_panel_for_each_kind_counted_from_1():
    torch.manual_seed(0)
    one = torch.rand(5, 3)
    fig = head_grid({"first": one, "before": torch.zeros(5, 3)})
    first, before = fig.axes[:2]
    assert [place.get_title(loc="left") for place in (first, before)] == ["first", "before"]
    np.testing.assert_allclose(first.images[0].get_array(), one.T)
    assert first.images[0].get_extent() == [0.5, 5.5, 3.5, 0.5]


def test_a_grid_takes_one_shape():
    with pytest.raises(ValueError, match="one shape"):
        head_grid({"a": torch.zeros(5, 3), "b": torch.zeros(3, 5)})
    with pytest.raises(ValueError, match="one shape"):
        head_grid({})
