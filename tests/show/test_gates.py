"""What the figures of gates draw, and what they refuse."""

import numpy as np
import pytest
import torch

from largemodels.show import along_tokens, gate_sheet, lstm_step, word_map


def words_of(axes):
    return [text.get_text() for text in axes.texts]


def test_a_step_of_an_lstm_has_four_sums_three_products_and_one_addition():
    (axes,) = lstm_step().axes
    words = words_of(axes)
    assert [sum(f"${name}_t$" in word for word in words) for name in "figo"] == [1, 1, 1, 1]
    assert words.count("×") == 3
    assert words.count("+") == 1
    assert {"$c_{t-1}$", "$c_t$", "$h_t$", "$x_t, h_{t-1}$"} <= set(words)


def test_tokens_go_on_in_the_next_line_and_keep_their_numbers():
    tokens = [f"t{i}" for i in range(53)]
    fig = along_tokens(tokens, {"a": np.arange(53.0), "b": -torch.arange(53.0)}, most=7)
    first, second = fig.axes
    assert [label.get_text() for label in second.get_xticklabels()] == ["t50", "t51", "t52"]
    shown = second.images[0].get_array()
    assert shown[:, :3].tolist() == [[50, 51, 52], [-50, -51, -52]]
    assert np.isnan(np.ma.filled(shown, np.nan)[:, 3:]).all(), "nothing after the end"
    assert first.images[0].get_clim() == (-7, 7)


def test_a_token_is_not_taken_for_a_formula_and_a_long_one_is_cut():
    fig = along_tokens(["$", "abcdefghijklmn", "abcdefghijklmno"], {"a": [0, 1, 0]})
    fig.canvas.draw()
    names = [label.get_text() for label in fig.axes[0].get_xticklabels()]
    assert names == [r"\$", "abcdefghijklmn", "abcdefghijklm…"]


def test_gates_begin_at_zero_and_states_are_centred_on_it():
    fig = gate_sheet(
        {"gate": torch.rand(11, 7), "cell": torch.randn(11, 7), "c": torch.rand(11, 7), "d": np.zeros((11, 7))}
    )
    gate, cell = fig.axes[:2]
    assert gate.images[0].get_clim() == (0, 1)
    assert cell.images[0].get_clim() == (-1, 1)
    assert gate.images[0].get_array().shape == (7, 11), "a row for each unit"
    assert [axes.get_title(loc="left") for axes in fig.axes[:4]] == ["gate", "cell", "c", "d"]


def test_a_sheet_may_show_something_else_than_units_at_steps():
    fig = gate_sheet({"a": np.zeros((2, 3)), "b": np.zeros((2, 3))}, xlabel="position", ylabel="clock")
    left, right = fig.axes
    assert (left.get_xlabel(), left.get_ylabel()) == ("position", "clock")
    assert (right.get_xlabel(), right.get_ylabel()) == ("position", "")


def test_words_stand_where_their_numbers_say_and_not_on_each_other():
    fig = word_map(
        ["far", "on", "top", "$"], [0, 1, 1, 2], [0, 1, 1, 0.5], [True, False, False, False], "x", "y", ("b", "o")
    )
    (axes,) = fig.axes
    others, marked = axes.collections
    assert marked.get_offsets().tolist() == [[0, 0]]
    assert len(others.get_offsets()) == 3
    assert sorted(words_of(axes)) == [r"\$", "far", "on"], "one of two words in one place is named"


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="nothing to show"):
        along_tokens([], {"a": []})
    with pytest.raises(ValueError, match=r"'a' takes a number for each of 2 tokens; got shape \(3,\)"):
        along_tokens(["x", "y"], {"a": [1, 2, 3]})
    with pytest.raises(ValueError, match=r"panels take one shape \(t, n\); got \[\(2, 3\), \(3, 2\)\]"):
        gate_sheet({"a": np.zeros((2, 3)), "b": np.zeros((3, 2))})
    with pytest.raises(ValueError, match="2 words need as many x, y and marks"):
        word_map(["a", "b"], [1, 2], [1, 2], [True], "x", "y", ("", ""))
