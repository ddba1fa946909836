"""The chart of savings and costs: what is drawn is what was given."""

import pytest

from largemodels.show import savings

GROUPS = {
    "training": {"plain": {"time": (1, 1, 1), "loss": (0, 0, 0)}, "fast": {"time": (0.5, 0.4, 0.7), "size": (2, 1, 3)}},
    "afterwards": {"small": {"size": (0.25, 0.2, 0.3), "loss": (3, 2, 4)}},
}


def test_each_way_has_a_row_each_measure_its_mark_and_what_lies_beyond_the_edge_its_number():
    left, right = savings(GROUPS, ["time", "size"], "loss", ("share", "nats"), widest=1).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["plain", "fast", "small"]
    assert left.get_yticks().tolist() == [1, 2, 4]
    time, size = left.containers
    assert time[0].get_xdata().tolist() == [1, 0.5]
    assert size[0].get_xdata().tolist() == [2, 0.25]
    assert [text.get_text() for text in left.texts] == ["training", "afterwards"]
    assert right.containers[0][0].get_xdata().tolist() == [0]
    assert [text.get_text() for text in right.texts] == ["3.00"]


def test_impossible_input_is_refused():
    with pytest.raises(ValueError, match="1 to 4 measures; got 0 and 1"):
        savings({}, ["time"], "loss", ("", ""))
    with pytest.raises(ValueError, match=r"fast: time is 0\.5, its interval 0\.6 to 0\.7"):
        savings({"a": {"fast": {"time": (0.5, 0.6, 0.7)}}}, ["time"], "loss", ("", ""))
    with pytest.raises(ValueError, match=r"fast: time is 0\.5, its interval -1 to 1"):
        savings({"a": {"fast": {"time": (0.5, -1, 1)}}}, ["time"], "loss", ("", ""))
