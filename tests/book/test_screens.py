"""A page that is open moves to a screen of other pixels, or is enlarged: nothing on it stays coarse."""

import pytest
from driving import frames
from every_view import EVERY_VIEW

WIDTH, HEIGHT = 900, 1400

# canvases of letters and lines; one of a pixel a number has hard edges at any size
COARSE = """ratio => [...document.querySelectorAll("[data-drawn] canvas")]
  .filter(canvas => canvas.clientWidth && getComputedStyle(canvas).imageRendering !== "pixelated")
  .filter(canvas => Math.abs(canvas.width - canvas.getBoundingClientRect().width * ratio) > 1
                 || Math.abs(canvas.height - canvas.getBoundingClientRect().height * ratio) > 1)
  .map(canvas => `${canvas.className}: ${canvas.width} × ${canvas.height} for `
               + `${canvas.clientWidth} × ${canvas.clientHeight} at ${ratio}`)"""
NONE = (
    "systems",
    "scaling",
    "recurrence",
    "look_up",
    "file_type",
    "next_character",
    "tokens",
    "sampling",
    "chooser",
    "calculator",
)  # views without a canvas


def screen(page, ratio):
    """Let a pixel of the page be so many of the screen's, and wait until the page knows."""
    if not hasattr(page, "screen"):
        page.screen = page.context.new_cdp_session(page)  # the ratio holds for as long as the session
    width = WIDTH + round(4 * ratio)  # Chromium tells the page of another ratio only if something else changes as well
    size = {"width": width, "height": HEIGHT, "deviceScaleFactor": ratio, "mobile": False}
    page.screen.send("Emulation.setDeviceMetricsOverride", size)
    page.wait_for_function("ratio => devicePixelRatio === ratio", arg=ratio)
    frames(page)
    page.evaluate("new Promise(next => requestIdleCallback(next, { timeout: 100 }))")  # what is out of sight has waited


@pytest.mark.parametrize("view", EVERY_VIEW)
def test_every_canvas_is_sharp_at_once_on_another_screen(widget_page, views, view):
    page = widget_page(views[view], width=WIDTH, height=HEIGHT, fresh=True)  # its pixels stay others
    assert page.locator("[data-drawn] canvas").count() or view in NONE
    for ratio in (1, 2, 3, 1.25, 2):
        screen(page, ratio)
        assert page.evaluate(COARSE, ratio) == []
    if view == "attention":
        assert page.locator(".ax-top, .ax-left, .ax-below").count() == 3  # the letters along map and chart
        assert page.locator(".ax-top").evaluate("strip => strip.width") > WIDTH / 2
