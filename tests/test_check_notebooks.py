"""Which notebooks are the book's, and which of them must end with exercises."""

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
    ("name", "asked"), [("chapters/cnn/network", True), ("chapters/speed", False), ("intro", False)]
)
def test_only_the_sections_of_a_chapter_must_have_exercises(store, name, asked):
    found = any("at least five" in fault for fault in check_notebooks.faults(store(name)))
    assert found == asked


def test_the_home_page_is_one_of_the_books_notebooks(store, tmp_path):
    for name in ("chapters/b/one", "intro", "chapters/a", "chapters/b/.ipynb_checkpoints/one", "elsewhere/two"):
        store(name)
    names = [path.relative_to(tmp_path).as_posix() for path in notebooks.of_the_book()]
    assert names == ["intro.ipynb", "chapters/a.ipynb", "chapters/b/one.ipynb"]
