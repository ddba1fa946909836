"""Pictures of laws: points have the colour of their line, and what does not fit together is refused."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from largemodels.show import OnLogs, on_logs

X = np.logspace(3, 6, 5)


def test_points_and_the_line_of_their_name_share_a_colour_and_one_entry_of_the_legend():
    picture = OnLogs(
        "x",
        "y",
        {"one": (X, X), "(two)": (X, 2 * X)},
        {"one": (X, X, X / 2, X * 2), "(two)": (X, X)},
        [(1e4, 1e4, "here")],
        log=True,
    )
    (axes,) = on_logs(picture).axes
    one_line, two_line, one, two, named = axes.lines
    assert to_hex(one.get_color()) == to_hex(one_line.get_color()) != to_hex(two.get_color())
    assert to_hex(two.get_markerfacecolor()) == "#ffffff"
    assert two_line.get_linestyle() == "--"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["one", "two"]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert len(axes.collections) == 1  # the interval
    assert named.get_xdata()[0] == 1e4


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="there is no picture"):
        on_logs()
    with pytest.raises(ValueError, match="it has neither"):
        on_logs(OnLogs("x", "y"))
    with pytest.raises(ValueError, match="'one' takes as many y as x"):
        on_logs(OnLogs("x", "y", {"one": (X, X[:2])}))
