"""What pages say of the times that they show holds for those times; while a notebook runs, nothing does (see
test_no_times_in_notebooks.py)."""

import re
from itertools import pairwise

import nbformat
import notebooks
import pytest

ROOT = notebooks.ROOT
NUMBER = r"\d[\d,]*(?:\.\d+)?"


def prefill(shown):
    rows = [row for row in shown if "tokens in one pass" in row]
    each = [numbers(row)[2] for row in rows]
    assert numbers(rows[-1])[0] == 256
    assert each == sorted(each, reverse=True)
    assert each[-1] < 0.7 * each[0]


def machine(shown):
    assert numbers(shown[2])[0] > 1  # operations in the time of one byte


def decoding(shown):
    rows = [numbers(row) for row in shown]
    assert [row[0] for row in rows] == [1, 4, 16, 64]
    for (_, less, slower), (_, more, each) in pairwise(rows):
        assert more > 1.1 * less
        assert each < slower


def fetching(shown):
    fetch, compute = numbers(shown[0])
    (measured,) = numbers(shown[1])
    assert fetch > 3 * compute
    assert fetch / 2 < measured < 4 * fetch


def few_bits(shown):
    gains = {row.split()[0]: [float(gain) for gain in re.findall(r"× ([\d.]+)", row)] for row in shown}
    assert set(gains) == {"float32", "int8", "int4"}
    assert all(writing > reading for name, (reading, writing) in gains.items() if name != "float32")


def ahead(shown):
    (copied, faster), (_, answered) = (numbers(row) for row in shown)
    assert 1 < faster < copied  # a pass over several tokens takes longer than over one
    assert answered < 1.2


def long_texts(shown):
    attention, linear = ([float(time.replace(",", "")) for time in re.findall(rf"({NUMBER}) µs", row)] for row in shown)
    assert len(attention) == len(linear) == 4
    assert attention[-1] > 4 * attention[0]
    assert max(linear) < 4 * min(linear)


def serving(shown):
    batches, tokens, each, dollars = (numbers(row) for row in shown[:4])
    assert batches == [1, 2, 4, 8, 16, 32]
    assert tokens[3] > 2 * tokens[0]
    assert tokens[4] > tokens[1]
    assert each[-1] < each[0]  # no text gets its tokens sooner
    assert dollars == sorted(dollars, reverse=True)
    once, more = numbers(shown[4].partition("a step takes")[2])
    assert once > 2 * more > 0


HOLDS = {
    "chapters/large/running": {
        "running-017": prefill,
        "running-020": machine,
        "running-026": decoding,
        "running-029b": fetching,
        "running-050": few_bits,
        "running-063": ahead,
    },
    "chapters/large/long": {"long-084": long_texts},
    "chapters/faq/society": {"society-058": serving},
}


def numbers(row: str) -> list[float]:
    return [float(number.replace(",", "")) for number in re.findall(rf"(?<![\w.]){NUMBER}", row.replace("$ a ", ""))]


def texts(name: str) -> dict[str, list[str]]:
    """Return the lines that each cell tagged ``times`` shows, by its id; of a figure, none."""
    cells = nbformat.read(ROOT / f"{name}.ipynb", as_version=4).cells
    timed = [cell for cell in cells if "times" in cell.metadata.get("tags", [])]
    return {cell.id: "".join(output.get("text", "") for output in cell.outputs).splitlines() for cell in timed}


@pytest.mark.parametrize(("name", "cell"), [(name, cell) for name, cells in HOLDS.items() for cell in cells])
def test_what_a_page_says_of_its_times_holds_for_those_it_shows(name, cell):
    HOLDS[name][cell](texts(name)[cell])


def test_every_text_of_times_is_held_to_something():
    names = [path.relative_to(ROOT).with_suffix("").as_posix() for path in notebooks.of_the_book()]
    shown = {(name, cell) for name in names for cell, text in texts(name).items() if text}
    assert shown == {(name, cell) for name, cells in HOLDS.items() for cell in cells}
