"""A book whose pages are built one by one is the book that is built as a whole, and what is wrong in it stays wrong."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from build_book import changed
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from notebooks import KERNEL

ROOT = Path(__file__).resolve().parents[1]
DOTS = {  # two pictures of one pixel
    "black": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==",
    "white": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg==",
}
EXERCISE = "```{exercise} Doors\n:label: doors\n\nHow many?\n```"
SOLUTION = "```{solution} doors\nTwo.\n```"
SCRIPT = "export default 'border-top'"  # a class of the theme that no page names, so its style is there for the widget
WIDGET = f'{{"state": {{"a": {{"state": {{"_anywidget_id": "a.Probe", "_esm": "{SCRIPT}", "_css": ""}}}}}}}}'
WIDGET = f'<script type="application/vnd.jupyter.widget-state+json">{WIDGET}</script>'
PAGES = {
    "intro.md": "# A book\n\nIt begins [there](one), goes on [here](#here), and ends.\n",
    "two.md": "(here)=\n# Two\n\nA {term}`door` {cite:p}`he2016deep`. "
    "See {ref}`doors`: {glue:text}`one.ipynb::weight:d` kg.\n\n"
    f"{WIDGET}\n",
    "glossary.md": "# Glossary\n\n```{glossary}\ndoor\n  It opens.\n```\n",
    "bibliography.md": "# Bibliography\n\n```{bibliography}\n```\n",
    "genindex.md": "# Index\n",
}


def notebook(word: str, dot: str = "black", weight: int = 40):
    name = {"scrapbook": {"name": "weight", "mime_prefix": "application/papermill.record/"}}
    glued = new_output("display_data", {"application/papermill.record/text/plain": str(weight)}, metadata=name)
    output = new_output("display_data", {"image/png": DOTS[dot], "text/plain": "<Figure>"})
    cells = [
        new_markdown_cell(f"# One\n\nThe {word} {{term}}`door` {{cite:p}}`he2016deep`."),
        new_markdown_cell(EXERCISE),
    ]
    cells += [new_markdown_cell(SOLUTION), new_code_cell("plot()", execution_count=1, outputs=[output, glued])]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    return new_notebook(metadata={"kernelspec": KERNEL}, cells=cells)


class Book:
    """A small book with the configuration of the large one."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("_config.yml", "assets", "tools", "package.json", "references.bib"):
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
        if (ROOT / "node_modules").exists():
            (folder / "node_modules").symlink_to(ROOT / "node_modules")
        self.write("one.ipynb", nbformat.writes(notebook("first")))
        self.pages("one", "two", "glossary", "bibliography", "genindex")
        for name, text in PAGES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def pages(self, *names: str) -> None:
        chapters = "".join(f"  - file: {name}\n" for name in names)
        self.write("_toc.yml", f"format: jb-book\nroot: intro\nparts:\n- numbered: true\n  chapters:\n{chapters}")

    def build(self, *options: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "tools/build_book.py", *options]
        clean = {key: value for key, value in os.environ.items() if not key.startswith("BOOK_")}
        return subprocess.run(command, cwd=self.folder, capture_output=True, encoding="utf-8", env=clean)

    def built(self, *options: str) -> str:
        done = self.build(*options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def html(self, name: str) -> str:
        return (self.folder / f"_build/html/{name}.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A book that is built, and a copy of all its files as they were then."""
    book = Book(tmp_path_factory.mktemp("book"))
    book.built()
    return book, shutil.copytree(book.folder, tmp_path_factory.mktemp("kept") / "book", symlinks=True)


@pytest.fixture
def book(built):
    """A book that is built, and after the test as it was."""
    book, kept = built
    yield book
    shutil.rmtree(book.folder)
    shutil.copytree(kept, book.folder, symlinks=True)  # with the times of the files, by which a build knows its own


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_page_that_is_built_alone_is_as_in_a_new_book_and_so_is_all_else(book):
    book.write("one.ipynb", nbformat.writes(notebook("second, longer", "white")))
    assert "Building what has changed: one\n" in book.built()
    assert "The second, longer " in book.html("one")
    assert "_static/views/Probe-" in book.html("two")  # whose script lies beside the pages
    alone = files(book.folder / "_build/html")
    styles = b"".join(content for name, content in alone.items() if name.endswith(".css"))
    assert b".border-top{" in styles
    assert b".border-bottom{" not in styles
    assert "Building what has changed" not in book.built("--all")
    new = files(book.folder / "_build/html")
    assert alone.keys() == new.keys()
    assert [name for name in new if alone[name] != new[name]] == []
    assert book.built() == "Nothing has changed since the book was built.\n"


def test_a_figure_that_is_glued_into_another_page_is_always_the_newest(book):
    assert '<span class="pasted-text">40</span> kg.' in book.html("two")
    book.write("one.ipynb", nbformat.writes(notebook("first", weight=55)))
    book.built()
    assert '<span class="pasted-text">55</span> kg.' in book.html("two")


def test_what_pages_load_arrives_though_no_page_has_changed(book):
    loaded = {"host.js": "host.js", "book/page.css": "book/page.css", "checkpoints/vit.json": "checkpoints/vit.json"}
    loaded["models/gpt.onnx"] = "vendor/models/gpt.js"
    built = {name: book.folder / "_build/html/_static" / place for name, place in loaded.items()}
    before = {name: path.read_bytes() for name, path in built.items()}
    for name in loaded:
        with (book.folder / "assets" / name).open("ab") as file:
            file.write(b"\n")
    book.built()
    assert [name for name, path in built.items() if path.read_bytes() == before[name]] == []


def test_a_warning_is_heard_until_it_is_mended(book):
    book.write("one.ipynb", nbformat.writes(notebook("[lost](#nowhere)")))
    for _ in range(2):
        done = book.build()
        assert done.returncode == 1
        assert "nowhere" in done.stderr
    book.write("one.ipynb", nbformat.writes(notebook("first")))
    book.built()


def test_what_other_pages_name_is_missed_there(book):
    for name, old, new in (("two.md", "(here)=", "(there)="), ("glossary.md", "door\n", "gate\n")):
        book.write(name, PAGES[name].replace(old, new))
    book.write("one.ipynb", nbformat.writes(notebook("first")).replace(" doors", " gates"))
    done = book.build()
    assert done.returncode == 1
    for problem in ("target not found: 'here'", "term not in glossary: 'door'", "undefined label: 'doors'"):
        assert problem in done.stderr


def test_a_heading_is_new_on_the_pages_that_show_it(book):
    book.write("two.md", PAGES["two.md"].replace("# Two", "# Second"))
    assert "Building all of it: other pages may show what has changed" in book.built()
    assert "Second" in book.html("intro")
    assert "Second" in book.html("genindex")


def test_a_page_that_is_gone_is_gone(book):
    assert (book.folder / "_build/html/two.html").exists()
    book.write("intro.md", "# A book\n")
    book.write("one.ipynb", nbformat.writes(notebook("{cite:p}`he2016deep`")))
    (book.folder / "two.md").unlink()
    book.pages("one", "glossary", "bibliography", "genindex")
    book.built()
    assert not (book.folder / "_build/html/two.html").exists()
    assert not (book.folder / "_build/html/_sources/two.md").exists()


def test_only_the_text_of_pages_is_built_alone(book, monkeypatch):
    """Whatever else has changed, all is built."""
    folder = book.folder / "_build"
    assert changed(book.folder, folder) == set()
    book.write("two.md", PAGES["two.md"] + "More.\n")
    assert changed(book.folder, folder) == {"two"}
    for name in ("_config.yml", "references.bib", "package.json", "tools/book_pages.py", "assets/host.js"):
        text = (book.folder / name).read_text(encoding="utf-8")
        book.write(name, text + "\n")
        assert changed(book.folder, folder) is None, name
        book.write(name, text)
    for name in ("picture.png", "tools/book_more.py", "assets/book/more.css"):
        book.write(name, "")
        assert changed(book.folder, folder) is None, name
        (book.folder / name).unlink()
    with monkeypatch.context() as context:
        context.setenv("BOOK_REPOSITORY", "ada/book")
        assert changed(book.folder, folder) is None
        context.delenv("BOOK_REPOSITORY")
        context.syspath_prepend(book.folder)
        (book.folder / "more-1.0.dist-info").mkdir()  # as a package that is installed
        assert changed(book.folder, folder) is None
        (book.folder / "more-1.0.dist-info").rmdir()
    assert changed(book.folder, folder) == {"two"}
    (folder / "html/_static/views").rename(folder / "views")
    assert changed(book.folder, folder) is None
    (folder / "views").rename(folder / "html/_static/views")
    assert changed(book.folder, folder) == {"two"}
    book.pages("one", "glossary", "two", "bibliography", "genindex")
    assert changed(book.folder, folder) is None
    book.pages("one", "two", "glossary", "bibliography", "genindex")
    memory = folder / ".doctrees/environment.pickle"
    os.utime(memory)  # as another program that builds the book does
    assert changed(book.folder, folder) is None
    for stamp in ('{"pages": ', '{"pages": {}}', "[]"):  # cut off, or of another edition
        (folder / "built.json").write_text(stamp, encoding="utf-8")
        assert changed(book.folder, folder) is None
