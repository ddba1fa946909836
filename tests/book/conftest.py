"""A real browser, cut off from every other host, for the built book and for pages that hold a widget or two."""

import functools
import http.server
import itertools
import os
import shutil
import threading
from pathlib import Path

import pytest
from driving import PATIENCE
from every_view import Views
from tabs import Tabs, blameless
from visits import Visits
from widget_pages import write

ROOT = Path(__file__).resolve().parents[2]

FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--liftoff-only",  # a page computes little, and half of that was spent on making it fast
]


def pytest_collection_modifyitems(items):
    """Ask all that is asked of a page one after the other, so that it is visited once."""
    items.sort(key=_visited)


def _visited(item) -> str:
    """Return the page that a test visits, or nothing."""
    return item.callspec.params["name"] if "visit" in getattr(item, "fixturenames", ()) else ""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def chromium():
    """A running Chromium; where there is none the tests skip, but for continuous integration, where they fail."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        message = "no Chromium: install Debian's chromium, or set CHROMIUM to the path of one"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve():
    """Serve a folder on the loopback address: ``serve(folder)`` returns its address."""
    servers = {}

    def start(folder: Path) -> str:
        folder = Path(folder).resolve()
        if folder not in servers:
            handler = functools.partial(_Quiet, directory=folder)
            servers[folder] = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
            threading.Thread(target=servers[folder].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[folder].server_port}"

    yield start
    for server in servers.values():
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def tabs(chromium):
    """Tabs that have nothing of one another but the browser's warmth: ``tabs(url, **of open_page)``."""
    tabs = Tabs(chromium)
    yield tabs
    tabs.close()


@pytest.fixture
def open_page(tabs):
    """Open an address in a tab of its own, every other host cut off: ``open_page(url, width=…, dark=…)``.

    When the test ends, no page may have asked for another host or written an error to the console. ``page.errors``
    and ``page.left`` hold what happened; a test that provokes an error takes it out of there.
    """
    pages = []

    def start(url: str, **options):
        pages.append(tabs(url, **options))
        return pages[-1]

    yield start
    for page in pages:
        tabs.shut(page)
    for page in pages:
        blameless(page)


@pytest.fixture(scope="session")
def static(tmp_path_factory) -> Path:
    """The folder ``_static`` of a built book: assets/, with what tools/vendor.py brings in."""
    import vendor

    assert vendor.bring(ROOT), "the pages' scripts could not be brought in from npm"
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "assets", folder / "_static")
    return folder


@pytest.fixture(scope="session")
def write_page(static):
    """Write a page two folders deep that holds some widgets: ``write_page(view, …)`` returns its path."""
    numbers = itertools.count(1)

    return lambda *views: write(static / "chapters/cnn" / f"{next(numbers)}.html", views)


@pytest.fixture(scope="session")
def widget_address(write_page, static, serve):
    """Write a page with some widgets on it, and return its address: ``widget_address(view, …, scheme=…)``."""

    def address(*views, scheme="http") -> str:
        path = write_page(*views)
        return path.as_uri() if scheme == "file" else f"{serve(static)}/{path.relative_to(static).as_posix()}"

    return address


@pytest.fixture
def widget_page(widget_address, open_page):
    """Open a page with some widgets on it: ``widget_page(view, …, scheme="http" or "file", **of open_page)``."""

    def start(*views, scheme="http", **options):
        page = open_page(widget_address(*views, scheme=scheme), **options)
        page.wait_for_function("n => document.querySelectorAll('[data-state]').length === n", arg=len(views))
        return page

    return start


@pytest.fixture(scope="session")
def views():
    """One widget of every kind, by name; each is made, and its model exported, once a session."""
    return Views()


@pytest.fixture(scope="session")
def book() -> Path:
    """The built book: ``BOOK_HTML``, or ``_build/html``."""
    folder = Path(os.environ.get("BOOK_HTML") or ROOT / "_build" / "html")
    assert (folder / "index.html").exists(), f"there is no book in {folder}: run `make book` first"
    return folder


@pytest.fixture(scope="session")
def visits(tabs, book, serve):
    visits = Visits(tabs, book, serve)
    yield visits
    visits.leave()


@pytest.fixture
def visit(visits):
    """Be on a page of the book that tests ask one after the other: ``visit(name, dark=…)``; see visits.py."""
    seen = []

    def start(name: str, dark=False):
        seen.append(visits(name, dark))
        return seen[-1]

    yield start
    for page in seen:
        blameless(page)


@pytest.fixture(scope="session")
def axe():
    """Ask axe-core what is wrong with a page: ``axe(page, rules)`` returns its serious and critical findings."""
    import vendor

    problem = vendor.install(ROOT)
    assert not problem, problem
    source = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")

    def run(page, rules: list[str] | None = None) -> list[str]:
        page.evaluate(source + ";0")
        options = {"resultTypes": ["violations"], **({"runOnly": {"type": "rule", "values": rules}} if rules else {})}
        result = page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{finding['id']}: {node['html'][:150]} ({node['failureSummary']})"
            for finding in result["violations"]
            if finding["impact"] in ("serious", "critical")
            for node in finding["nodes"]
        ]

    return run
