"""The figures of attention draw what they are given, and refuse what makes no sense."""

import numpy as np
import pytest
import torch
from matplotlib.patches import FancyArrowPatch, Rectangle

from largemodels.show import attention_maps, growth, look_up, pointers


def texts_of(axes):
    return [text.get_text() for text in axes.texts]


def test_a_look_up_shows_every_step_to_its_answer():
    (axes,) = look_up(["x", "$y"], [0, 1.5], torch.tensor([0.25, 0.75]), [3, -5]).axes
    texts = texts_of(axes)
    assert {"x", r"\$y", "0.00", "1.50", "0.25", "0.75", "3.00", "−5.00"} <= set(texts)
    assert texts[-3:] == ["−3.75", "answer", "−3.00"]
    small, large = [patch.get_width() for patch in axes.patches if isinstance(patch, Rectangle)]
    assert np.isclose(large, 3 * small)


def test_pointers_lead_from_who_asks_to_what_is_looked_at():
    text = "f(a,\n  $)"
    (axes,) = pointers(text, [(8, 1), (4 - 1, 0)]).axes
    (first, second) = (patch for patch in axes.patches if isinstance(patch, FancyArrowPatch))
    begin, end = (np.asarray(place) for place in first._posA_posB)
    assert (round(begin[0]), round(begin[1])) == (3, 1), "column and line of the closing bracket"
    assert (round(end[0]), round(end[1])) == (1, 0)
    assert second._posA_posB[0][0] == 3
    drawn = {text.get_text(): text for text in axes.texts}
    assert set(drawn) == set("f(a,)") | {r"\$"}, "blanks are left out"
    assert drawn["("].get_weight() == "bold"
    assert drawn["a"].get_weight() != "bold"


def test_maps_have_a_row_for_each_query():
    weights = torch.tensor([[1.0, 0.0, 0.0], [0.25, 0.75, 0.0]])
    fig = attention_maps({"weights": weights, "mask": weights > 0}, "a\n", ["a", " ", "$"])
    left, right = fig.axes
    assert left.images[0].get_array().tolist() == weights.tolist()
    assert right.images[0].get_array().tolist() == [[1, 0, 0], [1, 1, 0]]
    assert left.images[0].get_clim() == (0, 1)
    assert [label.get_text() for label in left.get_yticklabels()] == ["a", "⏎"]
    assert [label.get_text() for label in left.get_xticklabels()] == ["a", "␣", r"\$"]
    assert texts_of(left) == ["1.00", "0.25", "0.75"], "zeros are left out"
    assert not texts_of(right), "true and false need no numbers"
    assert [axes.get_title(loc="left") for axes in fig.axes] == ["weights", "mask"]


def test_growth_draws_the_median_and_the_whole_range():
    x = [1, 2, 4]
    fig = growth(x, {"a": [[1, 2, 4], [1, 4, 16], [1, 3, 5]], "b": [1, 1, 1]}, "n", "s")
    (axes,) = fig.axes
    assert [line.get_ydata().tolist() for line in axes.lines] == [[1, 3, 5], [1, 1, 1]]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2", "4"]
    assert axes.collections[0].get_datalim(axes.transData).intervaly.tolist() == [1, 16]
    assert {"a", "b"} <= set(texts_of(axes))


def test_a_name_stays_inside_where_its_line_leaves_the_figure():
    (axes,) = growth([1, 2], {"a": [1, 1e-30], "b": [1, 1]}, "n", "s", bottom=1e-9).axes
    places = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert 0 <= places["a"] < places["b"] <= 1


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: look_up([], [], [], []), "0 keys take a score"),
        (lambda: look_up(["a", "b"], [1, 2], [1], [1, 2]), r"2 keys take a score, a weight .*\[\(2,\), \(1,\), \(2,\)"),
        (lambda: look_up(["a", "b"], [1, 2], [0.5, 0.6], [1, 2]), r"weights share out 1 .* got \[0.5, 0.6\]"),
        (lambda: look_up(["a", "b"], [1, 2], [-1, 2], [1, 2]), "weights share out 1 and are not negative"),
        (lambda: pointers("\n", []), "1 to 64 characters to be drawn; the longest has 0"),
        (lambda: pointers("a\n" + "x" * 65, []), "the longest has 65"),
        (lambda: pointers("ab", [(1, 2)]), "the text has places 0 to 1; got 2"),
        (lambda: attention_maps({}, "ab"), "nothing to show"),
        (lambda: attention_maps({"a": np.ones((2, 3))}, "ab"), r"'a' takes \(2, 2\) numbers, not none; got \(2, 3\)"),
        (lambda: growth([1, 2], {}, "x", "y"), "no series"),
        (lambda: growth([1, 2], {"a": [1]}, "x", "y"), r"'a' takes 2 points per run; got shape \(1, 1\)"),
        (lambda: growth([1, 2], {"a": [1, 0]}, "x", "y"), "'a' must be positive .* its least is 0"),
    ],
)
def test_wrong_input_is_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
