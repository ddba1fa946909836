"""The figures of heads draw what they are given, and refuse what makes no sense."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from largemodels.show import head_sheet, named_points, score_table, where_it_asks
from largemodels.show.style import COLOURS


def texts_of(axes):
    return [text.get_text() for text in axes.texts]


def frames_of(axes):
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def test_a_sheet_has_a_row_of_maps_for_each_layer():
    torch.manual_seed(0)
    weights = torch.rand(2, 3, 5, 5)
    fig = head_sheet(weights, {(1, 0): "orange"})
    assert len(fig.axes) == 6
    for i, axes in enumerate(fig.axes):
        layer, head = divmod(i, 3)
        assert axes.get_title(loc="left") == f"{layer + 1}.{head + 1}"
        shown = np.ma.filled(axes.images[0].get_array(), np.nan)
        want = np.where(np.tri(5, dtype=bool), weights[layer, head], np.nan)
        np.testing.assert_allclose(shown, want)
        assert axes.spines["top"].get_visible() == (i == 3)
    assert to_hex(fig.axes[3].spines["top"].get_edgecolor()).upper() == COLOURS["orange"]


def test_a_table_writes_every_score_under_its_column_and_controls_below():
    fig = score_table({"a long rule": [0.125, 1.0], "other": [0.0, 0.5]}, ["1.1", "1.2"], {"alike": [0.25, 0.75]})
    (axes,) = fig.axes
    cells = {(round(text.get_position()[0] - 0.5), round(text.get_position()[1] - 0.53, 2)): text.get_text()
             for text in axes.texts}  # fmt: skip
    assert cells == {
        (0, 0): "0.12", (1, 0): "0.00",
        (0, 1): "1.00", (1, 1): "0.50",
        (0, 2.5): "0.25", (1, 2.5): "0.75",
    }  # fmt: skip
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a long\nrule", "other"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1.1", "1.2", "alike"]
    bright = {text.get_text(): text.get_color() for text in axes.texts}
    assert (bright["0.00"], bright["1.00"]) == ("white", "black")


def test_a_text_is_shaded_by_its_weights_and_who_looks_is_framed():
    fig = where_it_asks("a $\n", 2, {"one": [0.25, 0.0, 0.75, 0.0], "two": torch.tensor([1.0, 0.0, 0.0, 0.0])})
    (axes,) = fig.axes
    assert texts_of(axes) == ["a", "·", r"\$", "⏎"] * 2
    filled = [patch.get_alpha() for patch in frames_of(axes) if patch.get_fill()]
    np.testing.assert_allclose(filled, np.sqrt([0.25, 0, 0.75, 0, 1, 0, 0, 0]))
    framed = [patch.get_x() for patch in frames_of(axes) if not patch.get_fill()]
    assert framed == [2, 2]
    assert axes.texts[3].get_color() != axes.texts[1].get_color(), "what comes later is pale"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "two"]


def test_points_can_be_spread_in_powers_of_ten():
    (axes,) = named_points([0.02, 0.3], [1, 2], ["a", "b"], "x", "y", log=True).axes
    assert axes.get_xscale() == "log"
    axes.figure.draw_without_rendering()
    assert {"0.02", "0.05", "0.1", "0.2"} <= {label.get_text() for label in axes.get_xticklabels()}


def test_points_have_their_names_and_names_do_not_lie_on_each_other():
    x, y = [0.0, 0.001, 1.0, 0.5], torch.tensor([0.0, 0.001, 1.0, 2.0])
    fig = named_points(x, y, ["1.1", "1.2", "2.1", "2.2"], "score", "cost", {"2.1": "green"})
    (axes,) = fig.axes
    np.testing.assert_allclose(axes.collections[0].get_offsets(), np.stack([x, y], 1))
    assert texts_of(axes) == ["1.1", "1.2", "2.1", "2.2"]
    assert [text.get_color() for text in axes.texts] == [COLOURS[c] for c in ("grey", "grey", "green", "grey")]
    fig.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not boxes[0].overlaps(boxes[1])


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: head_sheet(np.ones((3, 5, 5))), r"\(layers, h, t, t\), not none; got \(3, 5, 5\)"),
        (lambda: head_sheet(np.ones((2, 3, 5, 7))), r"got \(2, 3, 5, 7\)"),
        (lambda: head_sheet(np.ones((2, 0, 5, 5))), r"got \(2, 0, 5, 5\)"),
        (lambda: score_table({}, ["a"]), "1 rows and 0 columns"),
        (lambda: score_table({"x": [0.1, 0.2]}, ["a"]), r"got columns \[\(2,\)\]"),
        (lambda: score_table({"x": [0.1]}, ["a"], {"c": [0.1, 0.2]}), r"controls \[\(2,\)\]"),
        (lambda: where_it_asks("ab", 0, {}), "in a row or more; got 2 and"),
        (lambda: where_it_asks("ab", 0, {"x": [1.0]}), r"got 2 and \[\(1,\)\]"),
        (lambda: where_it_asks("a" * 65, 0, {"x": [0.0] * 65}), "1 to 64 characters"),
        (lambda: where_it_asks("ab", 2, {"x": [1.0, 0.0]}), "places 0 to 1; got 2"),
        (lambda: named_points([], [], [], "x", "y"), "at least one"),
        (lambda: named_points([1], [1, 2], ["a"], "x", "y"), r"got \(1,\), \(2,\)"),
        (lambda: named_points([1], [1], ["a"], "x", "y", {"b": "blue"}), r"marks for \['b'\]"),
        (lambda: named_points([0.0], [1], ["a"], "x", "y", log=True), "must be positive .* its least is 0"),
    ],
)
def test_wrong_input_is_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
