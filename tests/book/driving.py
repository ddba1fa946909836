"""What the tests of all widgets do with a page: count its draws, wait for the next, and touch it."""

import torch

PATIENCE = 600_000  # milliseconds: tests wait for a state of the page, and a busy machine takes its time

SIZE = 28  # pixels of a drawing board, down and across
SEVEN = [(7, 5), (20, 5), (13, 23)]
FOUR = ([(16, 4), (8, 17), (21, 17)], [(17, 11), (17, 24)])


def drawn(page):
    """Return how often the first widget of the page was drawn."""
    return int(page.locator("[data-drawn]").first.get_attribute("data-drawn"))


def settle(page, before):
    """Wait until the answer to the last change, after the draw numbered ``before``, is on the page."""
    page.wait_for_function(
        "before => { const el = document.querySelector('[data-drawn]');"
        " if (el?.dataset.state === 'failed') throw new Error('the widget says that it failed');"
        " return Number(el?.dataset.drawn) > before && el.dataset.state === 'ready'; }",
        arg=before,
    )
    idle(page)


def frames(page):
    """Wait until whatever waited for a frame of the page has had it."""
    page.evaluate("new Promise(next => requestAnimationFrame(() => requestAnimationFrame(next)))")


def idle(page):
    """Wait until no change of the first widget waits for its frame, none for an answer, no picture for its turn."""
    frames(page)
    page.evaluate("new Promise(next => requestIdleCallback(next, { timeout: 100 }))")
    page.wait_for_function("document.querySelector('[data-drawn]').dataset.state === 'ready'")


def load(page, how):
    """Load a page by calling ``how``; again where it finds nothing of what was stored, which another tab still does.

    On a busy machine this befalls one in fifty pages that are loaded from a file (Chromium 156).
    """
    had = set(page.evaluate("Object.keys(localStorage)"))
    for _ in range(3):
        how()
        if had <= set(page.evaluate("Object.keys(localStorage)")):
            return


def darken(page):
    """Give the page the dark theme, and wait until its widgets wear it."""
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function("[...document.querySelectorAll('.lm')].every(el => el.classList.contains('lm-dark'))")
    frames(page)


def click_on(surface, place):
    """Click a surface at ``place()``, from its corner, once the page stands still under the mouse.

    What the mouse shows may move the surface or lie over it: a press or its release would then be for something else.
    """
    surface.evaluate("surface => surface.scrollIntoView({ block: 'center' })")
    surface.hover(position=place())
    frames(surface.page)
    surface.click(position=place())


def drawing(page, number=0):
    """Return the image on a drawing board, as the network sees it."""
    values = page.evaluate("n => Array.from(document.querySelectorAll('.dr-board')[n].values)", number)
    return torch.tensor(values, dtype=torch.float32).view(1, 1, SIZE, SIZE)


def board_point(page, x, y):
    """Return the place on the screen of pixel (x, y) of the first drawing."""
    box = page.locator(".dr-board").first.bounding_box()
    return box["x"] + x / SIZE * box["width"], box["y"] + y / SIZE * box["height"]


def draw_by_mouse(page, *strokes, steps=4):
    """Draw lines through the points of each stroke, ``steps`` moves a line, and wait for the answer."""
    page.locator(".dr-board").first.scroll_into_view_if_needed()
    before = drawn(page)
    for start, *rest in strokes:
        page.mouse.move(*board_point(page, *start))
        page.mouse.down()
        for point in rest:
            page.mouse.move(*board_point(page, *point), steps=steps)
        page.mouse.up()
    settle(page, before)


def part(surface, across, down):
    """Return the place on a surface, from its corner, at these parts of its width and height."""
    box = surface.bounding_box()
    return {"x": across * box["width"], "y": down * box["height"]}


class Fingers:
    """Fingers on one surface of a page, as a touch screen reports them."""

    def __init__(self, page, surface: str):
        self._surface = page.locator(surface).first
        self._surface.scroll_into_view_if_needed()
        self._session = page.context.new_cdp_session(page)
        self._down = 0

    def touch(self, *places: tuple[float, float]) -> None:
        """Say where the fingers are now, in parts of the surface's width and height; a new one comes down."""
        if not self._down:  # a page that makes room for longer words does not move a finger
            self._box = self._surface.bounding_box()
        points = [
            {"x": self._box["x"] + x * self._box["width"], "y": self._box["y"] + y * self._box["height"], "id": finger}
            for finger, (x, y) in enumerate(places)
        ]
        self._send("touchStart" if len(points) > self._down else "touchMove", points)
        self._down = len(points)

    def lift(self, kind: str = "touchEnd") -> None:
        """Lift all of them, or with ``touchCancel`` take them away, as a browser does that scrolls instead."""
        self._send(kind, [])
        self._down = 0

    def _send(self, kind: str, points: list[dict]) -> None:
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
