"""Tags of a notebook become folds of its page; what would be said falsely of a cell is refused."""

import pytest
from book_folds import BEGIN, END, fold
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from notebooks import KERNEL
from sphinx.errors import ExtensionError


def code(source: str, *tags: str, shows: str = "", count: int | None = 1):
    outputs = [new_output("stream", text=shows)] if shows else []
    return new_code_cell(source, metadata={"tags": list(tags)}, execution_count=count, outputs=outputs)


def prose(source: str, *tags: str):
    return new_markdown_cell(source, metadata={"tags": list(tags)})


def raised(*tags: str):
    cell = code("assert 1 > 2", *tags)
    cell.outputs = [new_output("error", ename="AssertionError", evalue="", traceback=["AssertionError"])]
    return cell


def folded(*cells) -> list[tuple]:
    """Return of each cell its source, and what MyST-NB hides behind which line."""
    done = fold(new_notebook(cells=list(cells)), "page")
    hidden = [[tag for tag in cell.metadata.get("tags", []) if tag.startswith("hide-")] for cell in done.cells]
    shown = [cell.metadata.get("mystnb", {}).get("code_prompt_show") for cell in done.cells]
    return [
        (cell.source, *hides, line) if hides else cell.source
        for cell, hides, line in zip(done.cells, hidden, shown, strict=True)
    ]


def test_a_notebook_without_tags_stays_as_it_is():
    cells = [prose("# Title"), code("import a"), code("print(1)", shows="1"), code("assert 1"), raised()]
    assert folded(*cells) == [cell.source for cell in cells]


def test_each_tag_has_its_line_and_hides_what_it_should():
    assert folded(code("a", "setup"), code("b", "figure", shows="b"), code("c", "check", shows="c"), code("d")) == [
        ("a", "hide-input", "set-up"),
        ("b", "hide-input", "figure code"),
        ("c", "hide-cell", "checked ✓"),
        "d",
    ]


def test_a_caption_stays_with_its_figure():
    cell = code("plot()", "figure", shows="plot")
    cell.metadata.mystnb = {"figure": {"caption": "A plot."}}
    [done] = fold(new_notebook(cells=[cell]), "page").cells
    assert done.metadata.mystnb["figure"] == {"caption": "A plot."}


def test_neighbours_of_one_kind_share_a_line_unless_something_is_shown_between():
    assert folded(code("a", "setup"), code("b", "setup", shows="b"), code("c", "setup"), code("d", "check")) == [
        ("a\n\nb", "hide-input", "set-up"),
        ("c", "hide-input", "set-up"),
        ("d", "hide-cell", "checked ✓"),
    ]


def test_what_goes_deeper_is_enclosed_as_one():
    begin, end = f"% {BEGIN}", f"% {END}"
    cells = [prose("More.", "deeper"), code("a", "deeper"), code("b", "deeper", "figure")]
    assert folded(prose("Text."), *cells, prose("Text.")) == [
        *("Text.", begin, "More.", "a"),
        ("b", "hide-input", "figure code"),
        *(end, "Text."),
    ]
    assert folded(*cells)[-1] == end


def test_a_heading_stays_open_and_ends_what_is_folded_before_it():
    begin, end = f"% {BEGIN}", f"% {END}"
    sections = [prose("(here)=\n## One\n\nText.", "deeper"), prose("### Within", "deeper"), prose("## Two", "deeper")]
    assert folded(code("a", "deeper"), *sections) == [
        *(begin, "a", end),
        *(f"(here)=\n## One\n\n{begin}\n\n\n\nText.", "### Within", end),
        *(f"## Two\n\n{begin}\n\n", end),
    ]


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (raised("check"), "raised an error"),
        (code("assert True", "check", count=None), "never run"),
        (code("plot()", "figure", "setup"), "several"),
        (prose("Some text.", "setup"), "tag deeper only"),
    ],
)
def test_tags_that_cannot_be_meant_are_refused(cell, problem):
    with pytest.raises(ExtensionError, match=rf"page: a cell .*{problem}.*: {cell.source}"):
        folded(cell)


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (raised("check"), "page: a cell is tagged check and raised an error, so nothing is checked: assert 1 > 2"),
        (prose("Deep.\n\n## Part", "deeper"), "goes beyond a heading in the middle of a cell; split that cell at it"),
    ],
    ids=["raised", "torn"],
)
def test_such_a_book_is_not_built(build_page, tmp_path, cell, problem):
    cells = [prose("# A page\n\n## A section"), cell, prose("And on.")]
    done, page = build_page(new_notebook(metadata={"kernelspec": KERNEL}, cells=cells), tmp_path)
    assert done.returncode != 0
    assert problem in " ".join((done.stdout + done.stderr).split())
    assert not page.exists()
