"""The program on memory measures what its file of results holds, each case as it is described there."""

import json
from mmap import mmap
from pathlib import Path

import memory
import pytest

PAGE = 2**18
RUNS = json.loads((Path(memory.ROOT) / "results" / "memory.json").read_text(encoding="utf-8"))["runs"]


def test_the_file_has_a_row_for_every_case_in_order():
    for kind, (_, cases) in memory.KINDS.items():
        rows = [run for run in RUNS if run["kind"] == kind]
        assert [case.items() <= row.items() for case, row in zip(cases, rows, strict=True)] == [True] * len(cases)


@pytest.mark.parametrize(("kind", "place"), [("training", 0), ("writing", 1)])
def test_a_case_measured_again_is_what_stands_in_the_file(kind, place):
    measure, cases = memory.KINDS[kind]
    row = measure(cases[place])
    stored = [run for run in RUNS if run["kind"] == kind][place]
    assert row["numbers"] == stored["numbers"]
    assert row["measured"] == pytest.approx(stored["measured"], rel=0.02)  # kernels of other processors vary in theirs


def test_gradient_descent_keeps_nothing_between_steps():
    case = {"model": "default", "batch": 2, "context": 16}
    adam, plain = memory.train(case), memory.train(case | {"optimiser": "SGD"})
    assert adam["measured"] - plain["measured"] == pytest.approx(8 * adam["numbers"]["parameters"], rel=0.02)


def test_the_systems_count_grows_with_what_is_written_to():
    memory.lower_mark()
    before = memory.resident("VmHWM")
    with mmap(-1, 100 * PAGE) as held:  # fresh memory: what torch frees, the process keeps and uses again
        for place in range(0, len(held), 4_096):
            held[place] = 1
        assert memory.resident("VmHWM") - before == pytest.approx(len(held), rel=0.1)
