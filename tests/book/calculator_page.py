"""What the tests of the calculator share: that of a training run, a small one whose module can refuse, their use."""

import functools
import json

import pytest
import torch
from driving import drawn, frames, settle
from torch import nn

from largemodels.estimate import Quantity, TrainingRun
from largemodels.live import Calculator, live

START = {
    "parameters": 7e9,
    "tokens": 2e12,
    "chips": 1024,
    "peak": 312.0,
    "utilisation": 0.4,
    "watts": 400.0,
    "pue": 1.1,
    "carbon": 0.4,
    "price": 2.0,
}
CHIPS = {
    "Large": {"peak": 989.0, "watts": 700.0},
    "Small": {"peak": 312.0, "watts": 400.0},
    "Twin": {"peak": 312.0, "watts": 400.0},
}
SOURCE = "https://example.org/card"
PRESETS = {
    "Big <b>one</b>": {
        **{"parameters": 405.9e9, "tokens": 15.6e12, "chips": 16384, "Chip": "Large", "utilisation": 0.346},
        "source": ("the card", SOURCE),
        "published": {"compute": 3.8e25, "energy": 21.6e6},
    },
    "Little one": {"parameters": 124e6, "tokens": 300e9, "source": SOURCE},
}
SET = {"parameters": 70e9, "tokens": 15e12, "chips": 4096, "peak": 989, "utilisation": 0.38, "watts": 700}
LINK = (
    "training-1_parameters-70e9_tokens-15e12_chips-4096_peak-989_utilisation-0.38_watts-700"
    "_pue-1.1_carbon-0.4_price-2_end"
)
FIELDS = {quantity.name: quantity.label for quantity in TrainingRun.takes}


class Shares(nn.Module):
    """Some of all, as a share and as a range; more than all are refused."""

    takes = (Quantity("n_all", "All", "", 1, 1000, whole=True), Quantity("n_some", "Some", "", 0, 1000))
    gives = (Quantity("share", "Share", "", 0, 1), Quantity("span", "Span", "kWh", 0, 1e9))

    def forward(self, n_all, n_some):
        if not torch.compiler.is_compiling() and (n_some > n_all).any():
            raise ValueError(f"{n_some.item():g} of {n_all.item():g} are more than all")
        return {"share": n_some / n_all, "span": torch.cat([n_some, 2 * n_all]) * 1e3}


@functools.cache  # for all files that ask for it
def training(key="training"):
    view = Calculator(
        key, TrainingRun.takes, TrainingRun.gives, PRESETS, {"Chip": CHIPS}, {"compute": "6 × parameters × tokens"}
    )
    return live(view, TrainingRun(), view.start(START))


@functools.cache
def shares():
    """A view that hands its model over to the test, which is then the kernel."""
    view = Calculator("shares", Shares.takes, Shares.gives)
    view._esm = view._esm.replace("render({ model, el }) {", "render({ model, el }) { globalThis.own = model;", 1)
    return live(view, Shares(), view.start({"n_all": 8, "n_some": 2}))


@pytest.fixture
def calculator(widget_page):
    """The calculator of a training run as a page opens with it: ``calculator(**of widget_page)``."""
    return lambda **options: widget_page(training(), **options)


def box(page, name, number=0):
    """Return the box of a quantity; of the calculator with this number."""
    return page.get_by_role("textbox", name=FIELDS.get(name, name)).nth(number)


def give(page, name, text, key="Enter"):
    """Type into a box, be done with it by a key, and wait for the answer."""
    before = drawn(page)
    box(page, name).fill(text)
    box(page, name).press(key)
    settle(page, before)


def press(page, locator):
    """Press a button or a chip, and wait for the answer."""
    before = drawn(page)
    locator.click()
    settle(page, before)


def chip(page, text):
    return page.locator(".lm-chip").filter(has_text=text).first


def results(page, number=0):
    """Return what the page shows, name → numbers, in the figures that it has."""
    read = """n => Object.fromEntries([...document.querySelectorAll(".cx")[n].querySelectorAll(".cx-result")]
      .map(({ dataset }) => [dataset.name, `${dataset.values} ${dataset.range}`.trim().split(" ").map(Number)]))"""
    return page.evaluate(read, number)


def expected(**changed):
    """Return torch's answer in float32 in the same form."""
    inputs = [torch.tensor([float(value)]) for value in (START | changed).values()]
    out = {name: value.tolist() for name, value in TrainingRun()(*inputs).items()}
    ranged = [name for name in out if f"{name}_low" in out]
    for name in ranged:
        out[name] += out.pop(f"{name}_low") + out.pop(f"{name}_high")
    return out


def agrees(page, **changed):
    """Tell whether each number on the page is torch's, to six figures."""
    shown, want = results(page), expected(**changed)
    assert shown.keys() == want.keys()
    return all(shown[name] == pytest.approx(want[name], rel=1e-6) for name in want)


def text(page, name, part="value"):
    return page.locator(f'.cx-result[data-name="{name}"] .cx-{part}').first.text_content()


def note(page):
    return page.locator(".cx-note").first.text_content()


def told(page, words):
    """Wait until a screen reader has been told some words."""
    page.wait_for_function(
        "words => [...document.querySelectorAll('[aria-live=polite]')].some(one => one.textContent.includes(words))",
        arg=words,
    )


def kernel_answers(page, view):
    """Let the kernel answer what the page has asked."""
    view.inputs = {
        name: {"shape": wire["shape"], "data": bytes(wire["data"])} for name, wire in json.loads(_asked(page)).items()
    }
    wires = {name: {**wire, "data": list(wire["data"])} for name, wire in view.outputs.items()}
    page.evaluate(
        """([outputs, error]) => {
          for (const wire of Object.values(outputs)) wire.data = new DataView(Uint8Array.from(wire.data).buffer);
          own.set("error", error);
          if (!error) own.set("outputs", outputs);
        }""",
        [wires, view.error],
    )
    frames(page)


def _asked(page):
    return page.evaluate(
        """JSON.stringify(Object.fromEntries(Object.entries(own.get("inputs")).map(([name, { shape, data }]) =>
          [name, { shape, data: [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)] }])))"""
    )
