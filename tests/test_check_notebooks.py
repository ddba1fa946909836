"""Which notebooks are the book's, and which of them must end with exercises."""

import re
from pathlib import Path

import check_notebooks
import nbformat
import notebooks
import pytest
from nbformat.v4 import new_code_cell, new_notebook


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Store a notebook of one cell in a folder that stands in for the repository; return its path."""
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(check_notebooks, "ROOT", tmp_path)

    def start(name: str) -> Path:
        path = tmp_path / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(nbformat.writes(new_notebook(cells=[new_code_cell("1 + 1")])), encoding="utf-8")
        return path

    return start


@pytest.mark.parametrize(
    ("name", "asked"),
    [("chapters/cnn/network", ["five"]), ("chapters/faq/trust", ["two"]), ("chapters/speed", []), ("intro", [])],
)
def test_a_section_of_a_chapter_has_five_exercises_a_page_of_questions_two_and_others_none(store, name, asked):
    found = re.findall(r"at least (\w+) are asked for", "\n".join(check_notebooks.faults(store(name))))
    assert found == asked


def test_the_home_page_is_one_of_the_books_notebooks(store, tmp_path):
    for name in ("chapters/b/one", "intro", "chapters/a", "chapters/b/.ipynb_checkpoints/one", "elsewhere/two"):
        store(name)
    names = [path.relative_to(tmp_path).as_posix() for path in notebooks.of_the_book()]
    assert names == ["intro.ipynb", "chapters/a.ipynb", "chapters/b/one.ipynb"]
