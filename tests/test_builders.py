"""The book can be read by other builders than HTML's: as text, as XML, as LaTeX, and by translators."""

import functools
import os
import re
from pathlib import Path

import pytest
import yaml
from book_formats import ALIVE, VIEW

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def build(jupyter_book):
    """Build the whole book, every warning an error: ``build(builder, folder)`` returns where it was written."""

    def run(builder: str, folder: Path) -> Path:
        options = ["-W", "-n", "--keep-going", "--path-output", folder]
        options += ["--builder", "custom", "--custom-builder", builder]
        done = jupyter_book(*options, ROOT, env={**os.environ, "COLUMNS": "80"})
        assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
        return folder / "_build" / builder

    return functools.cache(run)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One folder for builders that can share what was read; each reads the book anew only if it is the first."""
    return tmp_path_factory.mktemp("book")


def test_text_has_formulas_exercises_figures_and_widgets_in_words(build, shared):
    text = (build("text", shared) / "chapters/cnn/convolution.txt").read_text(encoding="utf-8")
    assert "Exercise 2.1.1 (Sizes):" in text
    assert text.count("\nSolution:\n") >= 5
    assert ALIVE in text
    assert "KernelExplorer(image, kernel, bias)" not in text
    assert "[image: Left: the photograph." in text
    assert "<Figure size" not in text


def test_latex_has_listings_as_text_and_figures_in_place(build, shared):
    tex = (build("latex", shared) / "inside-large-ai-models.tex").read_text(encoding="utf-8")
    assert r"\chapter{Convolutional networks}" in tex
    assert r"\PYG{" in tex  # code is coloured by Sphinx, with commands that Sphinx defines,
    assert r"\PY{" not in tex  # and never by IPython, whose commands nobody does
    assert set(re.findall(r"\\begin\{figure\}\[(\w+)\]", tex)) == {"H"}
    assert "KernelExplorer(image" not in tex
    exercises = set(re.findall(r"\\label\{(exercise:[\w-]+)\}", tex))
    links = re.findall(r"\\hyperref\[(exercise:[\w-]+)\]\{Exercise [\d.]+\}", tex)
    assert exercises.issuperset(links)
    assert "exercise:cnn-conv-two" in links  # to another page
    assert r"Exercise \ref" not in tex
    notebooks = [path.read_text(encoding="utf-8") for path in ROOT.glob("chapters/*/*.ipynb")]
    assert tex.count(ALIVE) == sum(notebook.count(f'"{VIEW}": {{') for notebook in notebooks) > 0


def test_latex_has_one_bibliography_and_no_empty_chapter_before_it(build, shared):
    tex = (build("latex", shared) / "inside-large-ai-models.tex").read_text(encoding="utf-8")
    assert tex.count(r"\begin{sphinxthebibliography}") == 1  # this environment writes the heading
    assert r"\chapter{Bibliography}" not in tex
    chapter, entries = tex.split(r"\begin{sphinxthebibliography}")
    assert chapter.rindex(r"\chapter{Notation}") > chapter.rindex(r"\chapter{Transformers}")
    cited = set(re.findall(r"\\hyperlink\{cite\.(bibliography:\w+)\}", tex))
    assert cited <= set(re.findall(r"\\bibitem\[\w+\]\{(bibliography:\w+)\}", entries))
    assert len(cited) > 50


def test_xml_has_every_page(build, shared):
    folder = build("xml", shared)
    written = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.xml")}
    files = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    assert written == set(re.findall(r"'(?:root|file)': '([^']+)'", str(files)))


def test_translators_get_prose_and_no_listings(build, tmp_path):
    catalogues = build("gettext", tmp_path).rglob("*.pot")
    text = "\n".join(path.read_text(encoding="utf-8") for path in catalogues)
    assert text.count("\nmsgid ") > 1500
    assert r"\begin{Verbatim}" not in text.replace("\\\\", "\\")
    assert "Left: the photograph." in text  # what is said of a figure to those who cannot see it
