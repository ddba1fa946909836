"""Every page of the built book: whole, light, legible, and at home without a network."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WEIGHT = 2_500_000  # bytes, before anything is touched


def pages() -> list[str]:
    """Name the pages from the table of contents, so that one that was not built is missed."""

    def below(entry) -> list[str]:
        children = entry.get("parts", []) + entry.get("chapters", []) + entry.get("sections", [])
        names = [entry[key] for key in ("root", "file") if key in entry]
        return names + [name for child in children for name in below(child)]

    return [*below(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))), "search"]


@pytest.fixture
def read(book, serve, open_page):
    """Open a page of the book and wait until its text, formulas and fonts stand."""

    def start(name: str, **options):
        page = open_page(f"{serve(book)}/{name}.html", **options)
        page.evaluate("window.MathJax?.startup?.promise")
        page.evaluate("document.fonts.ready.then(() => true)")
        return page

    return start


@pytest.mark.parametrize("name", pages())
def test_a_page_is_light(read, name):
    moved = read(name).evaluate(
        """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
             .map(entry => entry.encodedBodySize).reduce((a, b) => a + b)"""
    )
    assert 100_000 < moved < WEIGHT


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", pages())
def test_a_page_has_no_serious_barrier(read, axe, name, dark):
    page = read(name, dark=dark)
    assert page.evaluate("document.documentElement.dataset.theme") == ("dark" if dark else "light")
    assert axe(page) == []


@pytest.mark.parametrize("name", pages())
def test_a_page_fits_a_phone(read, name):
    page = read(name, width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("name", pages())
def test_a_page_opens_without_a_server(book, open_page, name):
    page = open_page((book / f"{name}.html").as_uri())
    page.evaluate("window.MathJax?.startup?.promise")
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
    page.locator("#search-results li a").first.wait_for()
    assert "onvolution" in page.locator("#search-results").inner_text()


def test_the_colour_mode_is_kept_from_page_to_page(read):
    page = read("intro")
    switch, theme = page.locator(".theme-switch-button:visible").first, "document.documentElement.dataset.theme"
    while page.evaluate(theme) != "dark":
        switch.click()
    page.goto(page.url.replace("intro", "notation"))
    assert page.evaluate(theme) == "dark"
