"""What tests of the real model in a page share: a little one in its place, the page that offers it, its answers."""

import functools
import shutil

import pytest
from driving import PATIENCE, frames
from tests.export.small_page_llama import build, tokenizer, write

from largemodels.live import AttentionExplorer, LlamaExplained, live

TEXT = "return the model, and its weights"
LOAD = "Load the real model"


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def words():
    return tokenizer()


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def model():
    return build()[0]


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def view(words, model):
    explorer = AttentionExplorer(words, {"a text": TEXT}, (1, 2))
    view = live(explorer, LlamaExplained(model), {"ids": words.encode("def ")[None]})
    view._esm = view._esm.replace("render({ model, el }) {", "render({ model, el }) { globalThis.own = model;")
    return view


@pytest.fixture(scope="module")
def parts(static, words):
    """The model's parts, in the book for as long as the tests of this file run."""
    folder = static / "_static/vendor/real"
    shutil.rmtree(folder, ignore_errors=True)
    index = write(folder, *build(), words)
    yield index["parts"]
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "index.js").write_text("globalThis.liveRealModel = null;\n", encoding="utf-8")


@pytest.fixture
def offered(widget_page, view, parts):
    """Open the page, and wait for the offer: ``offered(**of open_page)``."""

    def start(**options):
        page = widget_page(view, fresh=True, **options)
        page.get_by_role("button", name=LOAD).wait_for()
        return page

    return start


def state(page, *names):
    """Wait until the page says one of these of the model; return what it says."""
    page.wait_for_function("names => names.includes(own.get('real').state)", arg=list(names), timeout=PATIENCE)
    return page.evaluate("own.get('real')")


def load(page):
    page.get_by_role("button", name=LOAD).click()
    state(page, "ready")
    page.get_by_role("textbox", name="Text for the model to read").wait_for()


def answered(page):
    """Wait until what was asked last is answered; return it, tensors as numbers."""
    page.wait_for_function("own.get('inputs').turn === own.get('outputs').turn || own.get('error')", timeout=PATIENCE)
    assert not page.evaluate("own.get('error')")
    frames(page)
    return page.evaluate(
        """() => Object.fromEntries(Object.entries(own.get("outputs")).map(([name, one]) => {
          if (!one?.data) return [name, one];
          const { buffer, byteOffset, byteLength } = one.data;
          const bytes = buffer.slice(byteOffset, byteOffset + byteLength);
          const numbers = one.step ? new Uint8Array(bytes) : new Float32Array(bytes);
          return [name, { shape: one.shape, numbers: Array.from(numbers) }];
        }))"""
    )
