"""What the reader types on the page of the GPT is a program of its own, and the stored losses are that program's."""

import json

import nbformat
import pytest
import typed_gpt
from nbformat.v4 import new_code_cell, new_notebook


def notebook(folder, *cells):
    """Write a notebook of code cells, each a text or a text with a tag; return its path."""
    made = [new_code_cell(c) if isinstance(c, str) else new_code_cell(c[0], metadata={"tags": [c[1]]}) for c in cells]
    nbformat.write(new_notebook(cells=made), folder / "page.ipynb")
    return folder / "page.ipynb"


def test_what_is_typed_is_all_that_stands_open_until_the_model_writes(tmp_path):
    cells = ("import torch", ("import largemodels", "setup"), "torch.manual_seed(0)", "def write(): pass", "more")
    assert typed_gpt.program(notebook(tmp_path, *cells)) == "\n\n\n".join((cells[0], *cells[2:4])) + "\n"
    for wrong in (
        ("import largemodels", "torch.manual_seed(0)", "def write(): pass"),
        ("torch.manual_seed(0)\ntorch.manual_seed(0)", "def write(): pass"),
    ):
        with pytest.raises(ValueError, match="set its seed once"):
            typed_gpt.program(notebook(tmp_path, *wrong))
    with pytest.raises(ValueError, match="no open cell"):
        typed_gpt.program(notebook(tmp_path, "torch.manual_seed(0)"))


def test_the_stored_losses_are_those_of_the_page_as_it_stands():
    stored = json.loads(typed_gpt.FILE.read_text(encoding="utf-8"))
    assert stored["program"] == typed_gpt.fingerprint(typed_gpt.program())
    assert typed_gpt.fingerprint("a = 1  # one\n\nb = 2") == typed_gpt.fingerprint("a = 1\nb = 2")
    assert typed_gpt.fingerprint("a = 1") != typed_gpt.fingerprint("a = 2")
    assert {(run["seed"], run["processor"]) for run in stored["runs"]} == {
        (seed, processor) for seed in range(6) for processor in ("as it is", "AVX2")
    }


def test_the_program_of_the_page_runs_alone(tmp_path, monkeypatch):
    """With two steps and fewer files in place of all: it reads its text, builds the model, trains, and writes."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "nowhere"))
    text = typed_gpt.program()
    for whole, part in (("range(1000)", "range(2)"), ("size=1000", "size=10"), ('"[a-z]*.py"', '"[a-c]*.py"')):
        assert text.count(whole) == 1
        text = text.replace(whole, part)
    page = notebook(tmp_path, text)
    out = tmp_path / "found.json"
    assert typed_gpt.main(["--seeds", "3", "--notebook", str(page), "--out", str(out)]) == 0
    runs = json.loads(out.read_text(encoding="utf-8"))["runs"]
    assert [run["processor"] for run in runs] == ["as it is", "AVX2"]
    assert all(3 < run["held_out"] < 5 and run["written"].startswith("def ") for run in runs)
    assert typed_gpt.main(["--seeds", "3", "--notebook", str(page), "--out", str(out)]) == 0
    assert json.loads(out.read_text(encoding="utf-8"))["runs"] == runs  # kept: the program is the same


def test_a_program_that_fails_says_why(tmp_path):
    with pytest.raises(RuntimeError, match=r"with seed 5:[\s\S]*ZeroDivisionError"):
        typed_gpt.run("1 / 0", 5)
