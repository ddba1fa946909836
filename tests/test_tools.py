"""The tools that make the book: notebooks come out the same every time, and pages carry what their checkout allows."""

import os
import subprocess
from pathlib import Path

import book_pages
import check_notebooks
import nbformat
import notebooks
import pytest
from nbclient.exceptions import CellTimeoutError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parents[1]


def widget(number: int) -> dict:
    return {"model_name": "Any", "model_module": "any", "state": {"value": number}}


def executed(ids: list[int]):
    """Return a notebook as a kernel leaves it: widgets under random ids, times, the machine's paths and version."""
    ids = [f"{number:032x}" for number in ids]
    states = {ids[2]: widget(3), ids[1]: widget(2), ids[0]: widget(1)}
    states[ids[0]]["state"]["layout"] = f"IPY_MODEL_{ids[1]}"
    shown = new_output("display_data", {notebooks.VIEW: {"model_id": ids[0]}, "text/plain": "Explorer()"})
    failed = new_output("error", ename="ValueError", evalue="no", traceback=[f"{ROOT}/src/largemodels/device.py"])
    return new_notebook(
        cells=[
            new_markdown_cell("# Title"),
            new_code_cell("show()", execution_count=1, outputs=[shown], metadata={"execution": {"start": "now"}}),
            new_code_cell("fail()", execution_count=2, outputs=[failed], metadata={"tags": ["raises-exception"]}),
        ],
        metadata={
            "language_info": {"name": "python", "version": "3.14.1"},
            "widgets": {notebooks.WIDGETS: {"state": states, "version_major": 2, "version_minor": 0}},
        },
    )


def same_cells(one, other):
    for a, b in zip(one.cells, other.cells, strict=True):
        a.id = b.id


def test_two_runs_of_a_notebook_are_stored_alike():
    one, other = executed([11, 13, 17]), executed([29, 23, 19])
    same_cells(one, other)
    one, other = (notebooks.write(notebooks.normalise(run, "a")) for run in (one, other))
    assert one == other
    assert "3.14.1" not in one
    assert str(ROOT) not in one


def test_normalising_twice_changes_nothing():
    once = notebooks.write(notebooks.normalise(executed([11, 13, 17]), "a"))
    assert notebooks.write(notebooks.normalise(nbformat.reads(once, 4), "a")) == once


def test_widget_state_is_kept_for_what_is_shown_and_dropped_otherwise():
    done = notebooks.normalise(executed([11, 13, 17]), "a")
    states = done.metadata.widgets[notebooks.WIDGETS].state
    shown = done.cells[1].outputs[0].data[notebooks.VIEW].model_id
    assert sorted(state["state"]["value"] for state in states.values()) == [1, 2]
    assert states[shown]["state"]["layout"].removeprefix("IPY_MODEL_") in states


def test_two_notebooks_do_not_share_widget_ids():
    one, other = (notebooks.normalise(executed([11, 13, 17]), name) for name in "ab")
    assert not one.metadata.widgets[notebooks.WIDGETS].state.keys() & other.metadata.widgets[notebooks.WIDGETS].state


def timed(seconds: str, answer: str = "4"):
    cells = [
        new_code_cell("clock()", id="a", execution_count=1, metadata={"tags": ["nbval-ignore-output"]}),
        new_code_cell("2 + 2", id="b", execution_count=2, outputs=[new_output("stream", text=answer)]),
    ]
    cells[0].outputs = [new_output("stream", text=seconds)]
    return new_notebook(cells=cells)


def test_a_time_is_kept_while_all_else_stays():
    assert notebooks.settle(timed("1.25 s"), timed("1.19 s")) == timed("1.19 s")


def test_a_time_is_taken_anew_when_something_else_changed():
    assert notebooks.settle(timed("1.25 s", "5"), timed("1.19 s")) == timed("1.25 s", "5")


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    """Store a notebook of some cells in a folder that stands in for the repository; return its path."""
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(check_notebooks, "ROOT", tmp_path)

    def store(*cells) -> Path:
        path = tmp_path / "chapter.ipynb"
        path.write_text(nbformat.writes(new_notebook(cells=list(cells))), encoding="utf-8")
        return path

    return store


def test_a_second_run_rewrites_nothing(chapter):
    clock = new_code_cell("import time\ntime.time()", metadata={"tags": ["nbval-ignore-output"]})
    path = chapter(clock, new_code_cell("import ipywidgets\nipywidgets.IntSlider()"))
    assert notebooks.refresh(path) == []
    first, when = path.read_bytes(), path.stat().st_mtime_ns
    assert notebooks.refresh(path) == []
    assert path.read_bytes() == first
    assert path.stat().st_mtime_ns == when
    assert notebooks.refresh(path, fresh=True) == []
    assert path.read_bytes() != first


def test_a_failing_notebook_is_reported_and_left_alone(chapter, tmp_path):
    path = chapter(new_code_cell("1 / 0"))
    before = path.read_bytes()
    [problem] = notebooks.refresh(path)
    assert "ZeroDivisionError" in problem
    assert path.read_bytes() == before
    assert notebooks.refresh(path, into=tmp_path / "failed")
    assert "ZeroDivisionError" in (tmp_path / "failed" / path.name).read_text(encoding="utf-8")


def test_a_notebook_that_is_too_large_is_reported(chapter):
    # as a value: nbclient's regular expressions take minutes over a printed line of this length
    path = chapter(new_code_cell("'x' * 1_000_000"))
    [problem] = notebooks.refresh(path)
    assert "MB" in problem


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the system does not tell processor times")
def test_a_notebook_that_computes_too_long_is_reported_and_one_that_waits_is_not(chapter, monkeypatch):
    limit = 4.0  # seconds; a kernel's own start takes the processor for less than one
    monkeypatch.setattr(notebooks, "SECONDS", limit)
    work = new_code_cell(f"import time\nwhile time.process_time() < {limit}:\n    pass")
    [problem] = notebooks.refresh(chapter(work))
    assert "allowed" in problem
    assert notebooks.refresh(chapter(new_code_cell(f"import time\ntime.sleep({limit})"))) == []


LATE = """import time
kernel = get_ipython().kernel
publish = kernel._publish_status

def late(status, *args, **kwargs):
    if status == "idle":
        del kernel._publish_status
        time.sleep(5)
        kernel.send_response(kernel.iopub_socket, "stream", {"name": "stdout", "text": "late"})
    publish(status, *args, **kwargs)

kernel._publish_status = late"""


def test_what_a_busy_kernel_shows_late_is_not_lost(chapter):
    path = chapter(new_code_cell(LATE))
    assert notebooks.refresh(path) == []
    [output] = nbformat.read(path, 4).cells[0].outputs
    assert output.text == "late"


def test_a_kernel_that_is_silent_for_too_long_is_reported_and_the_notebook_left_alone(chapter, monkeypatch):
    def wait(*_):
        raise CellTimeoutError("nothing heard")

    monkeypatch.setattr(notebooks, "run", wait)
    path = chapter(new_code_cell("2 + 2"))
    before = path.read_bytes()
    [problem] = notebooks.refresh(path)
    assert "nothing heard" in problem
    assert path.read_bytes() == before


def test_the_rules_of_the_house_are_checked(chapter):
    exempt = new_code_cell("first = 1\nfirst", metadata={"tags": ["nbval-ignore-output"]})
    exercises = [f"```{{exercise}}\n:label: e{n}\n\nWhy?\n```" for n in range(5)]
    solutions = [f"```{{solution}} e{n}\nSo.\n```" for n in range(4)]
    path = chapter(
        exempt, new_code_cell("print('/home/someone');"), new_markdown_cell("\n\n".join(exercises + solutions))
    )
    found = "\n".join(check_notebooks.faults(path))
    for fault in (
        "as `make notebooks` leaves it",
        "claims about",
        "semicolon",
        "no solution to the exercise e4",
        "/home/someone",
    ):
        assert fault in found
    assert "at least five" not in found


@pytest.mark.parametrize(
    ("remote", "found"),
    [
        ("https://github.com/owner/the-book.git", "owner/the-book"),
        ("git@github.com:owner/book.git", "owner/book"),
        ("https://github.com/owner/book.v2/", "owner/book.v2"),
        ("https://gitlab.com/owner/book.git", None),
    ],
)
def test_the_repository_is_read_from_the_checkout(tmp_path, monkeypatch, remote, found):
    monkeypatch.delenv("BOOK_REPOSITORY", raising=False)
    assert book_pages.repository(tmp_path) is None
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", remote], check=True)
    assert book_pages.repository(tmp_path) == found
    monkeypatch.setenv("BOOK_REPOSITORY", "someone/else")
    assert book_pages.repository(tmp_path) == "someone/else"


ASKED_FOR = """
    <link rel="stylesheet" type="text/css" href="../_static/sphinx-thebe.css?v=1" />
    <link rel="stylesheet" type="text/css" href="../_static/sphinx-design.min.css?v=2" />
    <script data-sd-tabs-storage-prefix="sphinx-design-tab-id-" src="../_static/design-tabs.js?v=3"></script>
    <script src="../searchindex.js"></script>
    <script src="../_static/doctools.js?v=4"></script>
"""


@pytest.mark.parametrize(
    ("body", "searches", "kept"),
    [
        ("<p>sd-card is only spoken of</p>", False, {"doctools"}),
        ('<div class="docutils sd-card">', False, {"doctools", "sphinx-design", "design-tabs"}),
        ("", True, {"doctools", "searchindex"}),
    ],
)
def test_a_page_asks_for_nothing_that_it_makes_no_use_of(body, searches, kept):
    page = book_pages.without_unused(ASKED_FOR + body, searches)
    names = ("sphinx-thebe", "sphinx-design", "design-tabs", "searchindex", "doctools")
    assert {name for name in names if f"/{name}." in page} == kept
    assert page.endswith(body)
