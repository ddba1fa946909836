"""Sequences are drawn step by step, and what is left of a step in powers of ten."""

import numpy as np
import pytest
import torch

from largemodels.show import against_distance, by_lag, padded, read_along, unrolled


def texts_of(axes):
    return [text.get_text() for text in axes.texts]


def test_every_step_is_drawn_with_its_symbol():
    (axes,) = unrolled('a "b').axes
    texts = texts_of(axes)
    assert [f"$h_{t}$" in texts for t in range(6)] == [True] * 5 + [False]
    assert {"a", "␣", '"', "b"} <= set(texts)
    assert texts.count("U") == 5  # the loop, and once into each of four steps
    assert texts.count("W") == 5
    with pytest.raises(ValueError, match="over two steps or more; got 1"):
        unrolled("a")


def test_each_character_stands_above_its_numbers():
    (axes,) = read_along("a $", {"unit": torch.tensor([0.25, -1.0, 0.0]), "open": [0, 1, 1]}).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "␣", r"\$"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["unit", "open"]
    assert axes.images[0].get_array().tolist() == [[0.25, -1.0, 0.0], [0.0, 1.0, 1.0]]
    assert axes.images[0].get_clim() == (-1, 1)
    assert texts_of(axes)[:2] == ["0.2", "−1.0"]


def test_a_long_text_goes_on_in_further_lines():
    fig = read_along("x" * 101, {"unit": np.arange(101) / 101})
    values = np.concatenate([axes.images[0].get_array().compressed() for axes in fig.axes])
    assert np.array_equal(values, np.arange(101) / 101)
    assert [axes.images[0].get_array().shape for axes in fig.axes] == [(1, 44)] * 3
    assert not texts_of(fig.axes[0]), "no room for numbers"


def test_padding_fills_up_the_short_texts():
    (axes,) = padded(["ab", "abcde"]).axes
    colours = [patch.get_facecolor()[:3] for patch in axes.patches]
    assert colours.count((1, 1, 1)) == 7
    assert len(colours) == 10
    assert [label.get_text() for label in axes.get_yticklabels()] == ["length 2", "length 5"]


def test_runs_in_powers_of_ten_have_their_geometric_mean():
    (axes,) = against_distance(
        [0, 1], {"a": [[1, 1e-2], [1, 1e-6]], "b": [1, 1]}, "steps", "norm", {"least": 1e-7}
    ).axes
    assert np.allclose(axes.lines[0].get_ydata(), [1, 1e-4])
    assert axes.get_yscale() == "log"
    assert {"a", "b"} <= set(texts_of(axes))
    assert " least " in texts_of(axes)
    low, high = axes.collections[0].get_datalim(axes.transData).intervaly
    assert (low, high) == (1e-6, 1)


@pytest.mark.parametrize(("values", "place"), [([1, 1, 0.1, 1e-3], 3), ([1e-3, 0.1, 1, 1], 0)])
def test_a_level_is_named_where_the_lines_keep_away_from_it(values, place):
    (axes,) = against_distance(range(4), {"a": values}, "steps", "norm", {"one": 1.0}).axes
    (name,) = [text for text in axes.texts if text.get_text() == " one "]
    assert name.get_position()[0] == place


def test_names_stay_inside_where_a_line_leaves_the_figure():
    (axes,) = against_distance([0, 1], {"a": [1, 1e-30], "b": [1, 1]}, "steps", "norm", bottom=1e-9).axes
    places = {text.get_text(): text.get_position()[1] for text in axes.texts}
    assert 0 <= places["a"] < places["b"] <= 1


def test_every_run_is_a_point_beside_chance():
    (axes,) = by_lag([10, 100], {"a": [[1, 0.5], [1, 0.25]], "b": [1, 1]}, 0.25, "lag", "right").axes
    mean, points = axes.lines[:2]
    assert mean.get_ydata().tolist() == [1, 0.375]
    assert points.get_ydata().tolist() == [1, 0.5, 1, 0.25]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["10", "100"]
    assert "chance" in texts_of(axes)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: read_along("ab", {"unit": [1.0]}), r"'unit' takes a number for each of 2 symbols; got shape \(1,\)"),
        (lambda: read_along("", {"unit": []}), "nothing to show"),
        (lambda: padded(["", ""]), "no text to show"),
        (lambda: against_distance([0, 1], {}, "x", "y"), "no series"),
        (
            lambda: against_distance([0, 1], {"a": [1, 2, 3]}, "x", "y"),
            r"'a' takes 2 points per run; got shape \(1, 3\)",
        ),
        (lambda: against_distance([0, 1], {"a": [1, 0]}, "x", "y"), "'a' must be positive .* its least is 0"),
        (lambda: by_lag([1, 2], {}, 0.5, "x", "y"), "no series"),
        (lambda: by_lag([1, 2], {"a": [1]}, 0.5, "x", "y"), r"'a' takes 2 points per run; got shape \(1, 1\)"),
    ],
)
def test_wrong_input_is_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
