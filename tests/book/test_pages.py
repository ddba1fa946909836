"""Every page of the built book: whole, light, legible, and at home without a network."""

import pytest
from contrast import PALE
from visits import PHONE, on_screen, pages, stand

COLOURS = ["color-contrast", "link-in-text-block"]  # axe-core's rules on colours
DRAWN = "svg text, mjx-c"  # words in drawings and signs of formulas: axe-core knows the colours of neither
MENU = ".bd-sidebar-primary"  # the same on all pages
WITH_MENU = ("intro", "chapters/transformer/heads")  # where it is asked for barriers
WEIGHT = 2_400_000  # bytes, before anything is touched

# the theme lets the keyboard reach what scrolls, a while after a page has another width; axe-core allows 13 pixels
REACHED = """() => [...document.querySelectorAll("pre, .cell_output > .output")].every((el) =>
  el.tabIndex === 0 || (el.scrollWidth <= el.clientWidth + 13 && el.scrollHeight <= el.clientHeight + 13))"""


@pytest.fixture
def read(book, serve, open_page):
    """Open a page of the book and wait until its text, formulas and fonts stand."""
    return lambda name, **options: stand(open_page(f"{serve(book)}/{name}.html", **options))


@pytest.mark.parametrize("name", pages())
def test_a_page_is_light(visit, name):
    assert 100_000 < visit(name).arrived["moved"] < WEIGHT


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", pages())
def test_a_page_has_no_serious_barrier(visit, axe, name, dark):
    """What is not a matter of colour is the same in the dark."""
    page = on_screen(visit(name, dark=dark))
    assert page.arrived["theme"] == page.evaluate("document.documentElement.dataset.theme")
    assert page.arrived["theme"] == ("dark" if dark else "light")
    page.wait_for_function(REACHED)
    assert axe(page, COLOURS if dark else None, but="" if name in WITH_MENU else MENU) == []
    assert page.evaluate(PALE, [DRAWN, 4.5, False]) == []


def test_pale_words_in_drawings_and_pale_signs_of_formulas_are_found(read):
    page = read("notation")
    assert page.evaluate(PALE, [DRAWN, 4.5, False]) == []
    page.evaluate("document.querySelector('mjx-c').style.color = '#ddd'")
    drawing = "<svg><text y='20' fill='#ddd'>pale</text></svg>"
    page.evaluate("drawing => document.querySelector('main').insertAdjacentHTML('beforeend', drawing)", drawing)
    sign, word = page.evaluate(PALE, [DRAWN, 4.5, False])
    assert "mjx-c" in sign
    assert "pale" in word


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_link_past_the_menus_can_be_read_when_the_keyboard_brings_it(read, axe, dark):
    page = read("glossary", dark=dark)
    page.keyboard.press("Tab")
    assert page.locator(".skip-link a").evaluate("link => link === document.activeElement")
    assert axe(page, COLOURS, [".skip-link"]) == []


@pytest.mark.parametrize("name", pages())
def test_a_page_fits_a_phone(visit, name):
    assert visit(name, dark=True).arrived["width"] <= PHONE["width"]
    page = on_screen(visit(name), PHONE)  # and a screen that becomes narrow
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("name", pages())
def test_a_page_opens_without_a_server(visit, name):
    page = on_screen(visit(name, dark=True))
    assert page.url.startswith("file:")
    assert page.locator("main").is_visible()
    loaded = "fonts => [...fonts].filter(font => font.status === 'loaded').map(font => font.family).join()"
    assert "Source Serif 4" in page.evaluate(f"document.fonts.ready.then({loaded})")
    assert page.locator("mjx-merror").count() == 0
    assert page.locator("mjx-container").count() == page.locator("span.math, div.math").count()


def test_solutions_are_folded_and_open_by_keyboard(read):
    page = read("chapters/cnn/convolution")
    solutions = page.locator(".solution")
    assert solutions.count() >= 5
    for content in page.locator(".solution > section").all():
        assert content.is_hidden()
    button = solutions.first.locator("button")
    button.focus()
    page.keyboard.press("Enter")
    assert solutions.first.locator("section").first.is_visible()
    assert button.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Enter")
    assert solutions.first.locator("section").first.is_hidden()


@pytest.mark.parametrize("name", ["intro", "chapters/rnn/text"])
def test_search_finds_a_chapter(read, name):
    page = read(name)
    assert not any("searchindex" in url for url in page.asked)  # the words of the whole book wait until they are needed
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input[name=q]").fill("convolution")
    page.keyboard.press("Enter")
    page.locator("#search-results li a", has_text="onvolution").first.wait_for()  # they come one by one


def test_the_colour_mode_is_kept_from_page_to_page(read):
    page = read("intro")
    switch, theme = page.locator(".theme-switch-button:visible").first, "document.documentElement.dataset.theme"
    while page.evaluate(theme) != "dark":
        switch.click()
    page.goto(page.url.replace("intro", "notation"))
    assert page.evaluate(theme) == "dark"
