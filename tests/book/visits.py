"""One visit to a page of the book answers all that is asked of it; a page is visited twice, and no more often.

The light visit is over http, on a wide screen. The dark one needs no server: it begins on a phone, and goes on wide.
"""

from pathlib import Path

import yaml
from driving import frames

ROOT = Path(__file__).resolve().parents[2]
WIDE, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}
PAPER = {"width": 680, "height": 1000}  # A4 between margins of 15 mm

# bytes that were moved, and what the page looks like, before anything is touched
ARRIVED = """() => ({
  moved: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .map((entry) => entry.encodedBodySize).reduce((a, b) => a + b),
  width: document.documentElement.scrollWidth,
  theme: document.documentElement.dataset.theme,
})"""


def pages() -> list[str]:
    """Name the pages from the table of contents, so that one that was not built is missed."""

    def below(entry) -> list[str]:
        children = entry.get("parts", []) + entry.get("chapters", []) + entry.get("sections", [])
        names = [entry[key] for key in ("root", "file") if key in entry]
        return names + [name for child in children for name in below(child)]

    return [*below(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))), "search"]


def stand(page):
    """Wait until the text, the formulas and the fonts of a page stand."""
    page.evaluate("window.MathJax?.startup?.promise")
    page.evaluate("document.fonts.ready.then(() => true)")
    return page


class Visits:
    """Visit pages one after the other: ``visits(name, dark)`` is the page as it was left, or opened; never both ways.

    ``page.arrived`` says how it was when it was opened. Questions first bring a page ``on_screen`` or ``on_paper``.
    """

    def __init__(self, tabs, book: Path, serve):
        self._tabs, self._book, self._serve = tabs, book, serve
        self._name, self._open = None, {}

    def __call__(self, name: str, dark: bool):
        if name != self._name:
            self.leave()
            self._name = name
        if dark not in self._open:
            base = self._book.as_uri() if dark else self._serve(self._book)
            size = PHONE if dark else WIDE
            page = self._open[dark] = self._tabs(f"{base}/{name}.html", dark=dark, **size)
            stand(page).arrived = page.evaluate(ARRIVED)
            page.printed = False
        self._open[dark].bring_to_front()
        return self._open[dark]

    def leave(self) -> None:
        """Shut the pages that are open."""
        for page in self._open.values():
            self._tabs.shut(page)
        self._open = {}


def on_screen(page, size=WIDE):
    """Show a page on the screen, after it was printed if it was."""
    if page.printed:
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        page.printed = False
    page.set_viewport_size(size)
    return page


def on_paper(page):
    """Show a page as a browser prints it on A4: first it says that it will, then it lays out the paper."""
    if not page.printed:
        page.set_viewport_size(WIDE)
        frames(page)  # what hears of a new size hears of it with the next frame, and a page behind another has none
        page.wait_for_function("document.querySelectorAll('[data-state]:not([data-state=ready])').length === 0")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.set_viewport_size(PAPER)
        page.emulate_media(media="print")
        page.printed = True
    frames(page)
    return page
