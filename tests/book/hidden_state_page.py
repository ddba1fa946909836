"""What the tests of the hidden state explorer share: its page, and what torch makes of the text on it."""

import functools

import pytest
import torch

from largemodels.live import HiddenStateExplorer, HiddenStates, live
from largemodels.models import CharRNN, CharRNNConfig
from largemodels.text import UNKNOWN, Vocabulary

VOCABULARY = Vocabulary((UNKNOWN, "\n", *map(chr, range(32, 127))))
TEXT = 'def f(name):\n    return "hi " + name\n'
EXAMPLES = {"a function": TEXT, "a list": "x = [1, (2, 'three')]  # four\n"}
HELDOUT = [f'x = ["{i}", f(\'{i}\')]  # note {i}\nif x:\n    y = "{2 * i}" + ({i})\n' for i in range(8, 13)]
QUANTITIES = {
    "cell": "cell",
    "hidden state": "hidden",
    "input gate": "input_gate",
    "forget gate": "forget_gate",
    "output gate": "output_gate",
    "candidate": "candidate",
}
LINE = "The text as the network read it: arrow keys move from character to character"
MAP = "All units, one a row, and all characters, one a column"


def build(cell="LSTM", **sizes):
    """A model whose weights are large enough for its gates to open and close."""
    torch.manual_seed(0)
    model = CharRNN(CharRNNConfig(cell=cell, **sizes))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2.5)
    return model.half().float()


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def model():
    return build()


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def explorer(model):
    view = HiddenStateExplorer(VOCABULARY, EXAMPLES, HELDOUT)
    return live(view, HiddenStates(model), {"ids": VOCABULARY.encode(TEXT)[None]})


def answer(model, text):
    with torch.no_grad():
        return {name: value[0] for name, value in HiddenStates(model)(VOCABULARY.encode(text)[None]).items()}


def shown(page):
    """Every output that the page holds, (t, n)."""
    values = page.evaluate(
        "Object.fromEntries(Object.entries(document.querySelector('.hx-map').values)"
        ".map(([name, numbers]) => [name, Array.from(numbers)]))"
    )
    t = len(values["seen"])
    return {name: torch.tensor(numbers).view(t, -1) for name, numbers in values.items()}


def check_against_torch(page, model, text):
    """Compare everything on the page with torch, for a text that the model must have been given."""
    want, got = answer(model, text), shown(page)
    assert "".join(chr(int(point)) for point in got.pop("seen")) == text
    assert set(got) == set(want)
    for name, numbers in got.items():
        torch.testing.assert_close(numbers, want[name], atol=1e-5, rtol=0, msg=f"{name} differs")
    unit, place = unit_of(page), place_of(page)
    assert [cell.get_attribute("data-place") for cell in page.locator(".lm-line .lm-char").all()] == [
        str(i) for i in range(len(text))
    ]
    for number in page.locator(".hx-number").all():
        name = number.get_attribute("data-quantity")
        at = place - 1 if name.endswith("_before") else place
        value = want[name.removesuffix("_before")][at, unit].item() if at >= 0 else 0.0
        assert float(number.get_attribute("data-value")) == pytest.approx(value, abs=1e-5), name
        assert float(number.text_content().replace("−", "-")) == pytest.approx(value, abs=0.0051)
    chances = want["probabilities"][place]
    bars = page.locator(".hx-next:visible").all()
    values = torch.tensor([float(bar.get_attribute("data-value")) for bar in bars])
    torch.testing.assert_close(values[:8], chances.topk(8).values, atol=1e-5, rtol=0)
    return want


def unit_of(page):
    return int(page.get_by_label("Unit", exact=True).first.input_value())


def place_of(page):
    return int(page.get_by_role("slider", name=LINE).first.get_attribute("aria-valuenow")) - 1


def settle(page, text):
    """Wait until the page shows what the network made of a text."""
    page.wait_for_function(
        "text => { const el = document.querySelector('[data-drawn]');"
        " const { seen } = el.querySelector('.hx-map').values;"
        " return el.dataset.state === 'ready' && String.fromCodePoint(...seen) === text"
        " && el.querySelectorAll('.lm-line .lm-char').length === seen.length; }",
        arg=text,
    )


def write(page, text):
    page.locator("textarea").first.fill(text)
    settle(page, text)
