"""What the tests of the attention explorer of tokens share: its page, what torch computes, and a kernel beside it."""

import functools
import json

import pytest
import torch
from driving import drawn, frames
from torch import nn

from largemodels.interpret import capture
from largemodels.live import AttentionExplorer, LlamaExplained, live
from largemodels.models import Llama, LlamaConfig
from largemodels.text import Tokenizer, train_bpe

TEXT = "the cat sat on the mat,\nthe 人 sat"
LAYERS, HEADS, GROUP, DEPTH = 5, 6, 3, 10
HEAD = (3, 4)  # the one that is shown large at first


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def tokenizer():
    return Tokenizer(train_bpe("the the the theat at at at at", 259))


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def model(tokenizer):
    torch.manual_seed(0)
    sizes = {"layers": LAYERS, "heads": HEADS, "kv_heads": HEADS // GROUP, "width": 20, "hidden": 22}
    model = Llama(LlamaConfig(vocabulary=len(tokenizer), context=77, head_width=DEPTH, **sizes)).eval()
    for parameter in model.parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.4)
    return model


def explorer(tokenizer, model, text=TEXT):
    view = AttentionExplorer(tokenizer, {"short": "the mat", "long": "at" * 80}, HEAD)
    return live(view, LlamaExplained(model), {"ids": tokenizer.encode(text)[None]})


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def view(tokenizer, model):
    return explorer(tokenizer, model)


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def seen(tokenizer, model):
    with torch.no_grad(), capture(model, "blocks.*.attention.*") as seen:
        model(tokenizer.encode(TEXT)[None])
    return seen


def weights(seen, layer, head):
    return seen[f"blocks.{layer}.attention.weights"][0, head]


def large(page):
    return torch.tensor(page.evaluate("Array.from(document.querySelector('.ax-map canvas').values)"))


def title(page):
    return page.locator(".ax-detail .ax-title b").text_content()


def value(locator):
    return float(locator.get_attribute("data-value"))


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def watched(tokenizer, model):
    """A view that hands its model over to the test, which is then the kernel."""
    view = explorer(tokenizer, model)
    view._esm = view._esm.replace("render({ model, el }) {", "render({ model, el }) { globalThis.own = model;")
    return view


def beside_a_kernel(page):
    page.evaluate("own.set('opened', own.get('knock'))")


@pytest.fixture
def running(widget_page, watched):
    page = widget_page(watched)
    page.evaluate("own.answer = undefined")
    beside_a_kernel(page)
    page.get_by_role("textbox", name="Text for the model to read").wait_for()
    return page


def answer(page, view):
    """Let the kernel answer what the page has asked."""
    asked = json.loads(page.evaluate("JSON.stringify(own.get('inputs'))"))
    view.inputs = asked
    outputs = {
        name: {**one, "data": list(one["data"])} if isinstance(one, dict) else one for name, one in view.outputs.items()
    }
    before = drawn(page)
    page.evaluate(
        """([outputs, error]) => {
          const bytes = (data) => new DataView(Uint8Array.from(data).buffer);
          for (const wire of Object.values(outputs)) if (wire.data) wire.data = bytes(wire.data);
          own.set("error", error);
          if (!error) own.set("outputs", outputs);
        }""",
        [outputs, view.error],
    )
    if not view.error:
        page.wait_for_function("n => Number(document.querySelector('[data-drawn]').dataset.drawn) > n", arg=before)
    frames(page)
    return asked
