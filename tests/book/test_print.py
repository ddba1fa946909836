"""Every page on A4: nothing is cut off, what teaches is not folded, and ink is dark, whatever the screen shows."""

import pytest
import torch
from contrast import PALE
from driving import drawn
from test_pages import read  # noqa: F401  (a fixture)
from visits import PAPER, on_paper, on_screen, pages

from largemodels.live import Convolve, KernelExplorer, live

# what stands on the page: glyphs and pictures with their boxes, and the edges within which each can be seen
PRINTED = """() => {
  const edge = document.documentElement.clientWidth;
  const heard = ".lm-hidden, .visually-hidden, .sr-only, mjx-assistive-mml, .skip-link";
  const shown = (el) => !el.closest(heard) && el.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const within = (el) => {
    let [left, right] = [0, edge];
    for (let at = el; at && at !== document.body; at = at.parentElement) {
      if (getComputedStyle(at).overflowX === "visible") continue;
      const box = at.getBoundingClientRect();
      [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
    }
    return [left - 1, right + 1];
  };
  const cut = [];
  const look = (el, boxes, text) => {
    const [left, right] = within(el);
    if ([...boxes].some((box) => box.width > 0 && (box.left < left || box.right > right))) cut.push(text);
  };
  const range = document.createRange();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let glyphs = 0;
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const el = text.parentElement;
    if (!text.data.trim() || !shown(el) || el.closest("script, style, svg")) continue;
    for (const word of text.data.matchAll(/\\S+/g)) {
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      look(el, range.getClientRects(), word[0]);
      glyphs += word[0].length;
    }
  }
  let pictures = 0;
  for (const el of document.querySelectorAll("img, canvas, svg, mjx-c, button, input, textarea")) {
    if (!shown(el)) continue;
    look(el.matches("svg") ? el : el.parentElement, [el.getBoundingClientRect()], el.outerHTML.slice(0, 100));
    pictures += 1;
  }
  const stuck = [...document.querySelectorAll("main *")].filter(
    (el) => shown(el) && ["sticky", "fixed"].includes(getComputedStyle(el).position),
  );
  return { cut, glyphs, pictures, stuck: stuck.map((el) => el.className) };
}"""

# what widgets have drawn, picture by picture
DRAWN = """() => [...document.querySelectorAll("[data-state] canvas")].map((canvas) => canvas.toDataURL())"""


@pytest.mark.parametrize("name", pages())
def test_nothing_is_cut_off_on_paper(visit, name):
    page = on_paper(visit(name))
    found = page.evaluate(PRINTED)
    assert found["glyphs"] > 100 or name == "search"
    assert found["cut"] == []
    assert found["stuck"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER["width"]
    assert all(solution.is_visible() for solution in page.locator(".solution > section").all())
    assert page.locator("main details:not([open], .hide)").count() == 0
    assert page.locator("main details.hide[open]").count() == 0  # code that does not teach


@pytest.mark.parametrize("name", pages())
def test_a_dark_page_is_printed_in_the_light_palette(visit, name):
    page = on_paper(visit(name, dark=True))
    assert page.evaluate(PALE, ["", 4.5, True]) == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    pictures = page.evaluate(DRAWN)
    assert pictures == on_paper(visit(name)).evaluate(DRAWN)

    on_screen(page)
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert not pictures or page.evaluate(DRAWN) != pictures


def test_a_browser_that_prints_says_so_and_finds_the_page_as_it_was(read):
    page = read("chapters/cnn/convolution", dark=True)
    page.evaluate(
        """() => { globalThis.themes = [];
          const note = () => globalThis.themes.push(document.documentElement.dataset.theme);
          for (const event of ["beforeprint", "afterprint"]) addEventListener(event, note); }"""
    )
    folded = page.locator(".toggle-hidden").count()
    assert folded >= 5
    assert page.pdf(format="A4", print_background=True).startswith(b"%PDF")
    page.wait_for_function("globalThis.themes.length === 2")
    assert page.evaluate("globalThis.themes") == ["light", "dark"]
    assert page.locator(".toggle-hidden").count() == folded


@pytest.mark.parametrize("name", ["chapters/cnn/feature_maps", "chapters/transformer/heads"])
def test_a_widget_on_paper_is_the_one_on_the_screen(read, name):
    """Its lines and letters stand where they stood: on the screen of a phone as well, whose widgets are narrower."""
    places = """() => { const view = document.querySelector("[data-state]");
      const box = view.getBoundingClientRect();
      return [...view.querySelectorAll("canvas, svg, .lm-char")].map((el) => el.getBoundingClientRect())
        .filter((at) => at.width > 0)
        .map((at) => [(at.left - box.left) / box.width, at.width / box.width].map((x) => Math.round(x * 100))); }"""
    for width in (1200, 390):
        page = read(name, width=width)
        page.wait_for_function("document.querySelector('[data-state]').dataset.state === 'ready'")
        before = page.evaluate(places)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        after = page.evaluate(places)
        assert len(before) > 10
        assert (
            max(abs(a - b) for one, other in zip(before, after, strict=True) for a, b in zip(one, other, strict=True))
            <= 1
        )


def test_a_widget_is_light_before_the_paper_is_laid_out(widget_page):
    photos = {"coffee": torch.rand(1, 1, 11, 13)}
    start = {"image": photos["coffee"], "kernel": torch.ones(1, 1, 3, 3), "bias": torch.zeros(1)}
    page = widget_page(live(KernelExplorer(photos), Convolve(), start))
    page.wait_for_function("document.querySelector('[data-drawn]')")
    light = page.evaluate(DRAWN)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function("document.querySelector('.lm-dark')")
    assert drawn(page) >= 1
    at_once = """async () => { document.documentElement.dataset.theme = "light"; await null;
      return [...document.querySelectorAll("[data-state] canvas")].map((canvas) => canvas.toDataURL()); }"""
    assert page.evaluate(at_once) == light
