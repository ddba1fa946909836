"""A real browser, cut off from every other host, for the built book and for pages that hold a widget or two."""

import functools
import http.server
import itertools
import os
import shutil
import threading
from pathlib import Path

import pytest
from barriers import barriers
from driving import PATIENCE
from every_view import Views
from renewing import Renewed
from tabs import Tabs, blameless
from visits import Visits
from widget_pages import write

ROOT = Path(__file__).resolve().parents[2]

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")  # the first, which has no windows, is fastest
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--js-flags=--liftoff-only",  # a page computes little, and half of that was spent on making it fast
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no other host is found, whatever a page asks for
]

TOGETHER = {  # files of one widget, and so of one model, which is exported once
    "test_attention": "attention",
    "test_calculator": "calculator",
    "test_feature_map": "feature maps",
    "test_hidden_state": "hidden states",
    "test_next_character": "next character",
    "test_token_attention": "tokens' attention",
    "test_writing_on": "next character",
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Ask all that is asked of a page one after the other, and of one worker, so that it is opened once."""
    files = list(dict.fromkeys(item.path for item in items))
    items.sort(key=lambda item: (_asked(item, "visit", "name"), files.index(item.path), _asked(item, "views", "view")))
    for item in items:
        if item.path.parent == ROOT / "tests/book":
            own = next((group for start, group in TOGETHER.items() if item.path.stem.startswith(start)), item.path.stem)
            group = _asked(item, "visit", "name") or ("views" if "views" in item.fixturenames else own)
            item.add_marker(pytest.mark.xdist_group(group))


def _asked(item, fixture: str, name: str) -> str:
    """Return for which value of a parameter a test uses a fixture: which page it visits, which widget it opens."""
    return item.callspec.params.get(name, "") if fixture in getattr(item, "fixturenames", ()) else ""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def chromium():
    """A running Chromium; where there is none the tests skip, but for continuous integration, where they fail."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        message = "no Chromium: install Debian's chromium-headless-shell, or set CHROMIUM to the path of one"
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


@pytest.fixture(scope="session")
def renewed(tabs):
    """Pages that stay open from test to test; see renewing.py."""
    renewed = Renewed(tabs)
    yield renewed
    renewed.leave()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed
    return report


@pytest.fixture
def open_page(request, tabs, renewed):
    """Open an address in a tab of its own, every other host cut off: ``open_page(url, width=…, dark=…)``.

    With ``fresh=False`` the page may have been open before, and its widgets are started anew. When the test ends, no
    page may have asked for another host or written an error to the console. ``page.errors`` and ``page.left`` hold
    what happened; a test that provokes an error takes it out of there.
    """
    own, shared = [], []

    def start(url: str, fresh=True, **options):
        (own if fresh else shared).append((tabs if fresh else renewed)(url, **options))
        return (own if fresh else shared)[-1]

    yield start
    for page in own:
        tabs.shut(page)
    for page in shared:
        if request.node.failed:
            renewed.forget(page)
    for page in own + shared:
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
    """Write a page with some widgets on it once, and return its address: ``widget_address(view, …, scheme=…)``."""
    written = functools.cache(write_page)

    def address(*views, scheme="http") -> str:
        path = written(*views)
        return path.as_uri() if scheme == "file" else f"{serve(static)}/{path.relative_to(static).as_posix()}"

    return address


@pytest.fixture
def widget_page(widget_address, open_page):
    """Open a page with some widgets on it: ``widget_page(view, …, scheme="http" or "file", **of open_page)``.

    Widgets are as they start, on a page that may have been open before; a test of what a page loads, or of one that
    cannot load it, says ``fresh=True``.
    """

    def start(*views, scheme="http", fresh=False, **options):
        page = open_page(widget_address(*views, scheme=scheme), fresh=fresh, **options)
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
    """Ask axe-core for serious and critical findings: ``axe(page, rules, parts, but)``; see barriers.py."""
    import vendor

    assert not (problem := vendor.install(ROOT)), problem
    return barriers
