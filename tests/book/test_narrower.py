"""A page that becomes narrower, as when a phone is turned, looks like one that always was."""

import pytest
from driving import frames
from every_view import EVERY_VIEW

WIDTHS = (1200, 1176, 760, 390)
# from the widget's corner: where everything stands that is drawn, and how wide it is
PLACES = """() => {
  const view = document.querySelector("[data-state]");
  const { left, width } = view.getBoundingClientRect();
  const place = (el) => {
    const box = el.getBoundingClientRect();
    const name = el.getAttribute("class") ?? el.type;
    return [name, Math.round(box.left - left), Math.round(box.width), Math.round(width)];
  };
  const drawn = [...view.querySelectorAll("canvas, svg, .lm-surface, input, textarea")];
  return drawn.map(place).filter(([, , across]) => across > 0);
}"""
# also where pictures out of sight still wait for the browser to rest
NEVER_RESTS = "globalThis.resting ??= requestIdleCallback; globalThis.requestIdleCallback = () => {}; 0"
RESTS = "globalThis.requestIdleCallback = resting; 0"


@pytest.mark.parametrize("view", EVERY_VIEW)
def test_a_page_that_becomes_narrower_looks_like_one_that_always_was(widget_page, views, view):
    page = widget_page(views[view], width=WIDTHS[0])
    found = {}
    page.evaluate(NEVER_RESTS)
    for width in WIDTHS[1:]:
        page.set_viewport_size({"width": width, "height": 900})
        frames(page)
        found[width] = page.evaluate(PLACES)
    page.evaluate(RESTS)
    for width in WIDTHS[1:]:
        page = widget_page(views[view], width=width)
        frames(page)
        assert found[width] == page.evaluate(PLACES)
