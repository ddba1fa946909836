"""What is timed in a page, and the browser in which it is."""

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 600_000  # milliseconds until a page counts as broken
FLAGS = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"]
CHANGES = 20  # after the first, of which the median counts


@dataclass(frozen=True)
class Case:
    """One thing to time on one page: ``script`` is a function that promises milliseconds."""

    name: str
    page: str
    script: str
    ready: str = "main"  # what has to be there before


# ---- what is timed -------------------------------------------------------------------------------

PAINT = """() => new Promise(resolve =>
  new PerformanceObserver(list => resolve(list.getEntries().at(-1).startTime))
    .observe({type: "largest-contentful-paint", buffered: true}))"""

# changes one after the other, each timed until its answer is drawn and painted: the first, which fetches the runtime
# and the model, or the median of the others
ANSWER = """async () => {
  const el = document.querySelector("%(view)s").closest("[data-drawn]");
  const fire = (target, kind, ...more) => target.dispatchEvent(new Event(kind, {bubbles: true, ...more}));
  const change = %(change)s;
  const answer = (i) => new Promise((resolve) => {
    const start = performance.now();
    const seen = new MutationObserver(() => {
      seen.disconnect();
      requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
    });
    seen.observe(el, {attributeFilter: ["data-drawn"]});
    change(i);
  });
  const first = await answer(0);
  if (%(only_first)s) return first;
  const times = [];
  for (let i = 1; i <= %(changes)d; i++) times.push(await answer(i));
  return times.sort((a, b) => a - b)[times.length >> 1];
}"""

# ten characters, until the text has them; what is fetched for the first is timed elsewhere
WRITE = """async () => {
  const el = document.querySelector(".ax").closest("[data-drawn]");
  const button = [...el.querySelectorAll("button")].find((one) => one.textContent === "Write ten");
  const box = el.querySelector("textarea");
  const frame = () => new Promise((next) => requestAnimationFrame(next));
  const ten = async () => {
    const [before, start] = [box.value.length, performance.now()];
    button.click();
    while (box.value.length < before + 10 || button.textContent !== "Write ten") await frame();
    return (performance.now() - start) / 10;
  };
  await ten();
  return await ten();
}"""

FIELD = """(i) => {
  const field = el.querySelector("%s");
  field.value = %s;
  field.dispatchEvent(new Event("input", {bubbles: true}));
}"""
# shift the drawing to and fro, which goes the way of a stroke: ink, frame, model, all maps
DRAWING = """(i) => el.querySelector(".dr-board").dispatchEvent(
  new KeyboardEvent("keydown", {key: i % 2 ? "ArrowLeft" : "ArrowRight", shiftKey: true, bubbles: true}))"""
# a letter more at the end of a text of half the length that the view takes
KEYSTROKE = "'Words, Wörter, 単語: x = [i for i in range(10)]\\n'.repeat(30).slice(0, 1000 + i)"
TYPING = "'x = [i for i in range(10) if i % 2 == 0 and not i in other_things]'.repeat(2).slice(i, i + 60)"

WIDGETS = {  # name → page, view, a change that asks for an answer
    "kernel": ("chapters/cnn/convolution", ".ke", FIELD % (".ke-kernel input", "i / 10 + 0.05")),
    "feature maps": ("chapters/cnn/feature_maps", ".fx", DRAWING),
    "recurrence": ("chapters/rnn/recurrence", ".rx", FIELD % (".rx-gradient input", "0.5 + i / 30")),
    "hidden states": ("chapters/rnn/text", ".hx", FIELD % ("textarea", TYPING)),
    "attention": ("chapters/transformer/heads", ".ax", FIELD % ("textarea", TYPING)),
    "patch attention": ("chapters/transformer/beyond", ".px", DRAWING),
    "tokens": ("chapters/large/tokens", ".tk", FIELD % ("textarea", KEYSTROKE)),
}


def _answers() -> Iterator[Case]:
    for name, (page, view, change) in WIDGETS.items():
        for which in ("the first answer", "an answer"):
            values = {"view": view, "change": change, "changes": CHANGES}
            script = ANSWER % {**values, "only_first": str(which != "an answer").lower()}
            yield Case(f"{name}: {which}", page, script, ready=view)
    yield Case("attention: a character written", "chapters/transformer/heads", WRITE, ready=".ax")


ANSWERS = tuple(_answers())


def paints(*books: Path) -> list[Case]:
    """Return a case for every page that all of these books have."""
    found = [{str(page.relative_to(book).with_suffix("")) for page in book.rglob("*.html")} for book in books]
    names = [name for name in sorted(set.intersection(*found)) if not name.startswith(("_", "genindex"))]
    return [Case(name, name, PAINT) for name in names]


# ---- the browser ---------------------------------------------------------------------------------


class Tabs:
    """A browser, and a server on the loopback address for every book that is asked for."""

    def __init__(self, chromium):
        self._chromium = chromium
        self._servers = {}

    def measure(self, case: Case, book: Path) -> float:
        """Open a page in a tab of its own and return the milliseconds that its case takes."""
        context = self._chromium.new_context(viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
        try:
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            page.goto(f"{self._address(book)}/{case.page}.html", wait_until="load")
            page.evaluate("window.MathJax?.startup?.promise")
            if not page.locator(case.ready).count():
                raise ValueError(f"{case.page}.html of {book} has no {case.ready}: choose another base")
            return page.evaluate(case.script)
        finally:
            context.close()

    def fetched(self, case: Case, book: Path) -> dict[str, bytes]:
        """Open a page, run a case, and return what the page fetched meanwhile: name → bytes, as they came."""
        context = self._chromium.new_context(viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
        try:
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            page.goto(f"{self._address(book)}/{case.page}.html", wait_until="networkidle")
            found = []
            page.on("response", lambda response: found.append(response))
            page.evaluate(case.script)
            return {response.url.partition("?")[0]: response.body() for response in found}
        finally:
            context.close()

    def train(self, name: str, view: str, book: Path, scheme: str, start: str, script: str, seconds: float) -> dict:
        """Open a page in a tab of its own, let what trains there run warm, and return what the script measures."""
        context = self._chromium.new_context(viewport={"width": 1200, "height": 900})
        try:
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            root = self._address(book) if scheme == "http" else book.as_uri()
            page.goto(f"{root}/{name}.html", wait_until="load")
            page.locator(view).scroll_into_view_if_needed()
            page.evaluate(start, view)
            return page.evaluate(script, [view, seconds])
        finally:
            context.close()

    def close(self) -> None:
        """Stop the servers."""
        for server in self._servers.values():
            server.shutdown()
            server.server_close()

    def _address(self, book: Path) -> str:
        if book not in self._servers:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=book))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self._servers[book] = server
        return f"http://127.0.0.1:{self._servers[book].server_port}"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def browser() -> Iterator[Tabs]:
    """Start Chromium: that of the path, or the one that ``CHROMIUM`` names."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise RuntimeError("no Chromium: install Debian's chromium, or set CHROMIUM to the path of one")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=PATIENCE)
        tabs = Tabs(chromium)
        try:
            yield tabs
        finally:
            tabs.close()
            chromium.close()
