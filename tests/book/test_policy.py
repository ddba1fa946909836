"""The pages under the content security policy that the README names: everything works, and nothing in it is idle."""

import functools
import http.server
import re
import threading
from pathlib import Path

import pytest
from driving import PATIENCE, drawn

ROOT = Path(__file__).resolve().parents[2]
POLICY = re.search(r"^Content-Security-Policy: (.+)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)[1]
SOURCES = [
    (directive.split()[0], source)
    for directive in POLICY.split("; ")
    for source in directive.split()[1:]
    if source != "'none'"
]
# functions, never expressions, are waited for: a browser counts the evaluation of a text as one of the page's
LISTEN = """globalThis.broken = [];
addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
  broken.push(`${effectiveDirective}: ${blockedURI}`));"""


@pytest.fixture(scope="module")
def tab(chromium):
    """The tab of all these pages, one after the other, which spares them their start; each has an origin of its own."""
    context = chromium.new_context(reduced_motion="reduce")
    context.add_init_script(LISTEN)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.errors = []
    page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: page.errors.append(str(e)))
    yield page
    context.close()


@pytest.fixture
def guarded(book, tab):
    """Open a page of the book, served under a policy: ``guarded(name, policy)``; ``page.errors`` is its console."""
    servers = []

    def start(name: str, policy: str = POLICY):
        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def end_headers(self):
                self.send_header("Content-Security-Policy", policy)
                super().end_headers()

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=book))
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        tab.errors.clear()
        tab.goto(f"http://127.0.0.1:{server.server_port}/{name}.html", wait_until="load")
        return tab

    yield start
    tab.goto("about:blank")
    for server in servers:
        server.shutdown()
        server.server_close()


def use(page):
    """Do on a page with a widget what a reader can do there, and wait until it is done."""
    page.evaluate("window.MathJax.startup.promise")
    assert page.locator("mjx-container").count() == page.locator("span.math, div.math").count() > 0
    loaded = "fonts => [...fonts].filter(font => font.status === 'loaded').map(font => font.family).join()"
    assert "Source Serif 4" in page.evaluate(f"document.fonts.ready.then({loaded})")
    theme = page.evaluate("document.documentElement.dataset.theme")
    while page.evaluate("document.documentElement.dataset.theme") == theme:
        page.locator(".theme-switch-button:visible").first.click()
    page.locator("button.copybtn").first.evaluate("button => button.click()")
    page.locator("button.copybtn.success").first.wait_for(state="attached")
    page.wait_for_function("() => document.querySelector('[data-drawn]')?.dataset.state === 'ready'")
    before = drawn(page)
    changed = """() => { const view = document.querySelector("[data-drawn]");
      const field = view.querySelector("textarea, input[type=number]");
      if (field) {
        field.value = field.matches("textarea") ? "if x:\\n    f(y" : "0.75";
        return field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      const radios = [...view.querySelectorAll("fieldset input[type=radio]")];
      radios.find((radio) => !radio.checked).click(); }"""
    page.evaluate(changed)
    page.wait_for_function(
        """(before) => { const { drawn, state } = document.querySelector("[data-drawn]").dataset;
          return Number(drawn) > before && state === "ready"; }""",
        arg=before,
    )
    take_picture(page)
    page.evaluate("() => [...document.images].forEach((image) => (image.loading = 'eager'))")  # some are folded away
    page.wait_for_function("() => [...document.images].every(image => image.complete && image.naturalWidth > 0)")


def take_picture(page):
    page.evaluate(
        "() => [...document.querySelectorAll('.lm-take-one')].find((one) => one.textContent === 'Picture').click()"
    )
    said = "/^Saved|does not let/.test(document.querySelector('.lm-take > .lm-quiet').textContent)"
    page.wait_for_function(f"() => {said}")
    assert "Saved" in page.locator(".lm-take > .lm-quiet").first.text_content() or page.evaluate("broken.length")


def search(page):
    page.locator("#search-results li a").first.wait_for()
    page.locator("#search-results li p.context").first.wait_for()  # words from the page that was found


PAGES = [
    "background/concepts",
    "cnn/convolution",
    "cnn/feature_maps",
    "rnn/recurrence",
    "rnn/text",
    "transformer/heads",
    "transformer/beyond",
]


@pytest.mark.parametrize("name", PAGES)
def test_everything_on_a_page_works_under_the_policy(guarded, name):
    page = guarded(f"chapters/{name}")
    use(page)
    assert page.evaluate("broken") == []
    assert page.errors == []


def test_search_works_under_the_policy(guarded):
    page = guarded("intro")
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input[name=q]").fill("convolution")
    page.keyboard.press("Enter")
    search(page)
    assert page.evaluate("broken") == []
    assert page.errors == []


def without(directive: str, source: str) -> str:
    parts = [part.split() for part in POLICY.split("; ")]
    kept = [[word for word in part if part[0] != directive or word != source] for part in parts]
    return "; ".join(" ".join([*part, "'none'"] if len(part) == 1 else part) for part in kept)


@pytest.mark.parametrize(("directive", "source"), SOURCES)
def test_nothing_in_the_policy_is_idle(guarded, directive, source):
    policy = without(directive, source)
    assert policy != POLICY
    elsewhere = {"connect-src": "search", "form-action": "search", "media-src": "chapters/background/concepts"}
    page = guarded(elsewhere.get(directive, "chapters/cnn/convolution"), policy)
    if directive == "form-action":
        page.locator("main input[name=q], #searchbox input[name=q]").first.fill("convolution")
        page.keyboard.press("Enter")
    elif directive == "connect-src":
        page.goto(page.url + "?q=convolution")
    else:
        page.wait_for_function("() => broken.length > 0 || document.querySelector('[data-state=ready]')")
        if not page.evaluate("broken.length"):  # the runtime is fetched when the reader changes something
            page.locator("[data-drawn] input[type=number]").first.fill("0.75")
        if source == "data:" and directive == "img-src":
            take_picture(page)
    failed = page.locator(".live-message", has_text="could not be computed")  # a browser need not report WebAssembly
    page.wait_for_function(
        "() => broken.length > 0 || /could not be/.test(document.querySelector('.live-message')?.textContent)"
    )
    assert any(text.startswith(directive) for text in page.evaluate("broken")) or failed.count() == 1
