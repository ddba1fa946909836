"""Marks of exercises that are done: kept in the browser by the exercise's label, counted, cleared, and brought back."""

import json
import re
from pathlib import Path

import pytest
from driving import load
from visits import stand

ROOT = Path(__file__).resolve().parents[2]
PAGE, OTHER = "chapters/cnn/network", "chapters/cnn/convolution"
LINE = ".exercises-done [role=status]"
FORBID = """() => { for (const does of ["getItem", "setItem"]) {
  const way = Storage.prototype[does];
  Storage.prototype[does] = function (key, ...rest) {
    if (key.startsWith("inside-large-ai-models")) throw new DOMException("no", "SecurityError");
    return way.call(this, key, ...rest);
  };
} }"""


@pytest.fixture(params=["http", "file"])
def read(request, book, serve, open_page):
    """Open a page of the book, over http and without a server."""
    base = serve(book) if request.param == "http" else book.as_uri()
    return lambda name, **options: stand(open_page(f"{base}/{name}.html", **options))


def boxes(page):
    return page.locator(".exercise .exercise-done input")


def ticked(page) -> list[bool]:
    return boxes(page).evaluate_all("boxes => boxes.map((box) => box.checked)")


def beside(page, name: str) -> str:
    """Return what the contents say of a page."""
    file = name.rpartition("/")[2]
    return page.locator(f".bd-sidebar-primary a[href$='{file}.html'], .bd-sidebar-primary a[href='#']").evaluate_all(
        "(links, file) => links.filter((link) => link.href.includes(file)).map((link) =>"
        " link.querySelector('.exercises-count')?.textContent ?? '')[0]",
        file,
    )


def go(page, name: str):
    address = re.sub(r"(chapters/.*|intro)\.html.*", f"{name}.html", page.url)
    load(page, lambda: page.goto(address))
    return stand(page)


def test_marks_stay_are_counted_everywhere_and_can_be_cleared_and_brought_back(read):
    page = read(PAGE)
    many = boxes(page).count()
    assert many >= 5
    assert page.locator(LINE).inner_text() == f"0 of {many} exercises done."
    assert not page.get_by_role("button", name="Clear all marks").is_visible()
    assert not any("exercises.js" in url for url in page.asked)  # as long as nothing is done

    boxes(page).nth(2).focus()
    page.keyboard.press("Space")
    boxes(page).nth(0).check()
    page.wait_for_function("document.querySelector('.bd-sidebar-primary .exercises-count')?.textContent")
    assert page.locator(LINE).inner_text() == f"2 of {many} exercises done."
    name = boxes(page).nth(0).get_attribute("aria-label")
    assert name.startswith("Exercise ")
    assert name.endswith(": done")

    load(page, page.reload)
    page.wait_for_function("document.querySelector('.bd-sidebar-primary .exercises-count')?.textContent")
    assert ticked(page) == [True, False, True] + [False] * (many - 3)
    assert beside(page, PAGE) == f"2 of {many}"

    go(page, OTHER)
    page.wait_for_function("document.querySelector('.bd-sidebar-primary .exercises-count')?.textContent")
    assert beside(page, PAGE) == f"2 of {many}"
    assert beside(page, OTHER) == ""
    boxes(page).nth(1).check()
    assert beside(page, OTHER).startswith("1 of ")

    go(page, "intro")
    page.wait_for_function(f"document.querySelector('{LINE}')?.textContent")
    assert re.fullmatch(r"3 of \d+ exercises done\.", page.locator(LINE).inner_text())
    page.get_by_role("button", name="Clear all marks").click()
    page.get_by_role("button", name="Restore the marks").wait_for()
    assert beside(page, PAGE) == ""
    page.get_by_role("button", name="Restore the marks").click()
    page.wait_for_function(f"document.querySelector('{LINE}').textContent.startsWith('3')")
    page.get_by_role("button", name="Clear all marks").click()

    go(page, PAGE)
    assert not any(ticked(page))


def test_a_mark_made_in_one_tab_is_seen_in_the_other(read):
    one, two = read(PAGE), read(PAGE)
    boxes(one).nth(1).check()
    two.wait_for_function("document.querySelectorAll('.exercise-done input')[1].checked")
    boxes(two).nth(3).check()
    one.wait_for_function("document.querySelectorAll('.exercise-done input')[3].checked")
    assert ticked(one) == ticked(two)


def test_marks_work_where_nothing_can_be_kept_or_something_else_was(read):
    page = read(PAGE)
    page.evaluate(FORBID)  # since then
    for kept in ("nothing", "no JSON {", "[1, 2]", '"text"', "null"):
        if kept != "nothing":
            page.evaluate("text => localStorage['inside-large-ai-models: exercises done'] = text", kept)
            page.reload()
        boxes(page).nth(1).check()
        page.wait_for_function(f"document.querySelector('{LINE}').textContent.startsWith('1 of')")
        boxes(page).nth(1).uncheck()
        page.wait_for_function(f"document.querySelector('{LINE}').textContent.startsWith('0 of')")


def test_every_exercise_of_the_book_is_counted_by_its_label(book):
    text = (book / "_static/exercises.js").read_text(encoding="utf-8")
    pages = json.loads(text.removeprefix("globalThis.bookExercises = ").rstrip().rstrip(";"))
    for path in sorted(ROOT.glob("chapters/*/*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        prose = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        labels = re.findall(r"\{exercise(?:-start)?\}[^`]*?:label: (\S+)", prose)
        name = path.relative_to(ROOT).with_suffix("").as_posix()
        assert pages.get(name, []) == sorted(labels), name
        html = (book / f"{name}.html").read_text(encoding="utf-8")
        assert "exercise-done" not in html  # without a script there is nothing to tick
        assert all(f'<div class="exercise admonition" id="{label}"' in html for label in labels)
