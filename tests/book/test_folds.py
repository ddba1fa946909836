"""What a page folds away: it opens by mouse, by keyboard, by its address and by a search, and needs no script."""

import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from test_pages import read  # noqa: F401  (a fixture)
from test_policy import guarded, tab  # noqa: F401

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
FOLDS = "details.hide, details.deeper"
SWITCH = ".fold-switch"


def code(source: str, *tags: str, shows: str = ""):
    outputs = [new_output("stream", text=f"{shows}\n")] if shows else []
    return new_code_cell(source, metadata={"tags": list(tags)}, execution_count=1, outputs=outputs)


def prose(source: str, *tags: str):
    return new_markdown_cell(source, metadata={"tags": list(tags)})


CELLS = [
    prose("# A page\n\nIt has a beginning, and [a way](#a-part) to what is folded."),
    code("import larch", "setup"),
    code("import alder", "setup"),
    code("seed = 'elder'", "setup", shows="a seed"),
    prose("## A figure"),
    code("plot('maple')", "figure", shows="a picture"),
    code("assert 'hazel'", "check"),
    code("assert 'willow'", "check", shows="they agree"),
    prose("**Why is it so?** Because of the *cedar*.", "deeper"),
    code("print('juniper')", "deeper", shows="the berry"),
    prose("Open again.\n\n" + "Much else.\n\n" * 200),
    prose("## The long way\n\nOver the hills.", "deeper"),
    code("plot('poplar')", "deeper", "figure", shows="a hill"),
    prose("(a-part)=\n### A part\n\nWith the sycamore.", "deeper"),
    prose("## The end\n\nThat is all."),
    code("print('linden')", shows="code that teaches"),
]
LINES = ["set-up", "figure code", "checked ✓", "deeper: Why is it so?", "deeper"]
FOLDED = ["larch", "alder", "elder", "maple", "hazel", "willow", "they agree", "cedar", "juniper", "the berry"]
FOLDED += ["Over the hills", "poplar", "a hill", "A part", "sycamore"]
OPEN = ["a seed", "A figure", "a picture", "Open again", "The long way", "That is all", "linden", "code that teaches"]


@pytest.fixture(scope="module")
def book(build_page, tmp_path_factory):
    """A book of one page, in the place of the book; ``plain.html`` is the page without its folds."""
    notebook = new_notebook(metadata={"kernelspec": KERNEL}, cells=CELLS)
    done, page = build_page(notebook, tmp_path_factory.mktemp("folded"))
    assert done.returncode == 0, done.stdout + done.stderr
    plain = re.sub(r"</?(details|summary)\b[^>]*>", "", page.read_text(encoding="utf-8"))
    page.with_name("plain.html").write_text(plain, encoding="utf-8")
    return page.parent


@pytest.fixture(params=["http", "file"])
def opened(request, book, serve, open_page):
    """Open the page over http and without a server, ``opened("#address")``."""

    def start(address: str = "", **options):
        base = serve(book) if request.param == "http" else book.as_uri()
        return open_page(f"{base}/page.html{address}", **options)

    return start


def lines(page) -> list[str]:
    return [line.inner_text().strip() for line in page.locator(f":is({FOLDS}) > summary").all() if line.is_visible()]


def seen(page, *texts: str) -> list[str]:
    return [text for text in texts if page.locator("article").get_by_text(text).first.is_visible()]


def are_open(page) -> list[bool]:
    return page.locator(FOLDS).evaluate_all("folds => folds.map((fold) => fold.open)")


def pressed(page) -> str:
    return page.locator(SWITCH).get_attribute("aria-pressed")


def test_a_line_stands_for_what_is_folded_and_opens_by_mouse_and_keyboard(opened):
    page = opened()
    assert lines(page) == LINES
    assert seen(page, *FOLDED) == []
    assert seen(page, *OPEN) == OPEN

    line = page.get_by_text("figure code").locator("visible=true")
    line.click()
    assert seen(page, *FOLDED) == ["maple"]
    line.click()
    assert seen(page, *FOLDED) == []

    page.locator(SWITCH).focus()
    reached = []
    while "checked ✓" not in reached:
        page.keyboard.press("Tab")
        focus = "document.activeElement.matches('summary') && document.activeElement.innerText.trim()"
        reached.append(page.evaluate(focus))
        assert len(reached) < 20
    assert [line for line in reached if line] == LINES[:3]  # in the order of the page, each once
    page.keyboard.press("Enter")
    assert seen(page, *FOLDED) == ["hazel", "willow", "they agree"]  # neighbours share a line
    page.keyboard.press("Space")
    assert seen(page, *FOLDED) == []


def test_without_scripts_folds_open_and_there_is_no_switch(book, serve, chromium):
    for base in (serve(book), book.as_uri()):
        context = chromium.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{base}/page.html")
        assert page.locator(SWITCH).count() == 0
        assert lines(page) == LINES
        page.get_by_text("deeper: Why is it so?").click()
        assert seen(page, *FOLDED) == ["cedar", "juniper", "the berry"]
        context.close()


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (390, True)], ids=["wide", "phone, dark"])
def test_one_switch_opens_all_and_shuts_all(read, axe, width, dark):
    page = read("page", width=width, dark=dark)
    switch = page.locator(SWITCH)
    assert (switch.inner_text(), pressed(page)) == ("Unfold all", "false")
    assert axe(page) == []
    switch.focus()
    page.keyboard.press("Enter")
    assert pressed(page) == "true"
    assert seen(page, *FOLDED) == FOLDED
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []
    switch.click()
    assert pressed(page) == "false"
    assert seen(page, *FOLDED) == []

    for line in page.locator(f":is({FOLDS}) > summary").all():  # it tells what is open, too
        assert pressed(page) == "false"
        line.click()
    page.wait_for_selector(f"{SWITCH}[aria-pressed=true]")
    page.get_by_text("set-up").locator("visible=true").click()
    page.wait_for_selector(f"{SWITCH}[aria-pressed=false]")


def test_the_switch_stays_while_the_page_is_visited(opened):
    page = opened()
    page.locator(SWITCH).click()
    page.reload()
    assert all(are_open(page))
    page.get_by_role("link", name="a way").click()  # to another address of the page
    page.wait_for_function("location.hash === '#a-part'")
    page.reload()
    assert all(are_open(page))
    page.goto(page.url.split("#")[0].replace("page", "plain"))
    page.go_back()
    assert all(are_open(page))
    page.locator(SWITCH).click()
    page.reload()
    assert not any(are_open(page)[:-2])  # the address still opens what it is in


def test_a_page_without_folds_has_no_switch(read):
    page = read("plain")
    assert seen(page, *FOLDED) == FOLDED
    assert page.locator(SWITCH).count() == 0


def test_an_address_within_a_fold_opens_it(opened):
    page = opened("#a-part")
    page.wait_for_function("scrollY > 1000")
    assert seen(page, *FOLDED) == ["Over the hills", "a hill", "A part", "sycamore"]
    assert page.get_by_role("heading", name="A part").evaluate("el => el.getBoundingClientRect().top < innerHeight")

    shut = "document.querySelector('#a-part').closest('details').open = false"
    page.evaluate(shut)
    page.evaluate("dispatchEvent(new HashChangeEvent('hashchange'))")  # all that some browsers do of themselves
    assert seen(page, "sycamore") == ["sycamore"]

    page.evaluate(shut)
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("link", name="a way").click()
    page.wait_for_function("scrollY > 1000")
    assert seen(page, "sycamore") == ["sycamore"]


def test_a_search_in_the_page_opens_a_fold(opened):
    """By a fragment of text in the address, for which a browser opens folds as for words that the reader looks for."""
    page = opened("#:~:text=sycamore")
    page.wait_for_function("scrollY > 1000")
    assert seen(page, *FOLDED) == ["Over the hills", "a hill", "A part", "sycamore"]


def test_paper_has_what_goes_deeper_and_no_code_that_does_not_teach(read):
    page = read("page")
    page.locator("summary").get_by_text("set-up").locator("visible=true").click()  # what the reader opened stays open
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    folded = ["maple", "hazel", "willow", "they agree", "poplar"]
    assert seen(page, *FOLDED, *OPEN) == [text for text in FOLDED if text not in folded] + OPEN
    assert lines(page) == [*LINES, "figure code"]
    assert not page.locator(SWITCH).is_visible()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert are_open(page) == [True, *[False] * (len(LINES))]


def test_folds_work_under_the_policy(guarded):
    page = guarded("page")
    page.locator(SWITCH).click()
    assert seen(page, *FOLDED) == FOLDED
    assert page.evaluate("broken") == []
    assert page.errors == []
