"""Questions before an answer: what was measured is shown when the reader has guessed or asks for it, and is kept."""

import json
from pathlib import Path

import pytest
from driving import load
from visits import on_paper, on_screen, pages, stand

ROOT = Path(__file__).resolve().parents[2]
CHOICE, SLIDER = "chapters/trends/applications", "chapters/trends/privacy"
STATE = """[...document.querySelectorAll(".predict")].map((ask) =>
  getComputedStyle(ask.nextElementSibling).display !== "none")"""


def questions(name: str) -> int:
    path = (ROOT / name).with_suffix(".ipynb")
    if not path.exists():
        return 0
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return sum("predict" in cell["metadata"].get("tags", []) for cell in cells)


ASKING = [name for name in pages() if questions(name)]


@pytest.fixture(params=["http", "file"])
def read(request, book, serve, open_page):
    base = serve(book) if request.param == "http" else book.as_uri()
    return lambda name: stand(open_page(f"{base}/{name}.html"))


def button(page, name):
    return page.locator(".predict").first.get_by_role("button", name=name)


def test_there_are_questions_all_over_the_book():
    assert sum(map(questions, ASKING)) >= 7
    assert {name.split("/")[1] for name in ASKING} >= {"rnn", "transformer", "large", "trends"}


def test_a_guess_is_asked_for_judged_and_kept(read):
    page = read(CHOICE)
    assert not any(page.evaluate(STATE))
    button(page, "Show what was measured").click()  # without a guess
    assert "Choose one first" in page.locator(".verdict").first.inner_text()
    assert not page.evaluate(STATE)[0]

    page.get_by_role("group", name="Your guess").first.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate(STATE)[:2] == [True, False]
    assert page.locator(".verdict").first.inner_text() == "You guessed: boosted trees."
    assert page.locator(".measured").first.inner_text() == "Measured: no clear difference."
    assert page.evaluate("document.activeElement.textContent") == "Hide it again"

    load(page, page.reload)
    assert page.evaluate(STATE)[:2] == [True, False]
    assert page.get_by_role("radio", name="boosted trees").is_checked()
    button(page, "Hide it again").click()
    assert not any(page.evaluate(STATE))
    page.get_by_role("radio", name="no clear difference").check()
    button(page, "Show what was measured").click()
    assert page.locator(".verdict").first.inner_text() == "That was your guess."


def test_a_number_is_guessed_on_a_slider_and_one_may_just_look(read):
    page = read(SLIDER)
    slider = page.locator(".predict input[type=range]")
    assert slider.get_attribute("aria-valuetext") == "50%"
    slider.focus()
    page.keyboard.press("ArrowRight")
    button(page, "Show what was measured").click()
    number = float(page.locator(".predict").get_attribute("data-number"))
    assert page.locator(".verdict").inner_text() == f"You guessed 51%, which is {51 - number:.3g} points too high."
    button(page, "Hide it again").click()
    button(page, "Just show me").click()
    assert page.evaluate(STATE) == [True]
    assert page.locator(".verdict").inner_text() == ""


def test_marks_of_two_tabs_agree(read):
    one, two = read(SLIDER), read(SLIDER)
    button(one, "Just show me").click()
    two.wait_for_function("document.querySelector('.revealed.shown')")


@pytest.mark.parametrize("name", ASKING)
def test_a_page_has_its_questions_and_shows_all_on_paper(visit, axe, name):
    page = on_screen(visit(name))
    asks = page.locator(".predict")
    assert asks.count() == questions(name)
    assert page.locator(".revealed .measured").count() == questions(name)
    assert not any(page.evaluate(STATE))
    on_paper(page)
    assert all(page.evaluate(STATE))
    assert page.locator(".guess-buttons").first.is_hidden()
    on_screen(page)
    for _ in range(asks.count()):
        page.get_by_role("button", name="Just show me").first.click()
    assert all(page.evaluate(STATE))
    assert axe(page, parts=[".predict", ".revealed"]) == []  # test_pages.py looks at the rest
    page.evaluate("localStorage.clear()")
    page.evaluate("dispatchEvent(new StorageEvent('storage', { key: null }))")
    assert not any(page.evaluate(STATE))


@pytest.mark.parametrize("name", ASKING)
def test_without_a_script_all_is_shown(book, name):
    html = (book / f"{name}.html").read_text(encoding="utf-8")
    assert html.count('<div class="predict"') == html.count('<div class="revealed">') == questions(name)
    assert "hidden" not in html.split('<div class="revealed">')[1][:200]
