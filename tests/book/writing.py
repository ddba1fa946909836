"""What the tests of the next character share: a model, the view of it, and what torch makes of a text."""

import functools

import pytest
import torch
from driving import idle

from largemodels.data.source_code import CODE_CHARACTERS
from largemodels.live import NextCharacter, live
from largemodels.models import GPT, GPTConfig, next_probabilities

START, WINDOW, LIKELY = "    def ", 32, 12
EXAMPLES = {"a class": "class Tree:\n    ", "a loop": "for i in "}


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def model():
    """A small GPT, as sure of some characters as a trained one."""
    torch.manual_seed(2)
    model = GPT(GPTConfig(len(CODE_CHARACTERS), WINDOW, 2, 2, 16, quiet_start=False)).eval()
    model.embedding.weight.data *= 9
    return model


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def view(model):
    begin = {"ids": CODE_CHARACTERS.encode(START)[None]}
    return live(NextCharacter(CODE_CHARACTERS, EXAMPLES, window=WINDOW), model, begin)


@pytest.fixture
def writer(widget_page, view):
    """Open the view on a page of its own: ``writer(**of open_page)``."""
    return lambda **options: widget_page(view, **options)


def text(page, number=0):
    return page.locator("textarea").nth(number).input_value()


def by_torch(model, words, temperature=1.0):
    """The chances of the character after a text: of its last ``WINDOW`` characters."""
    with torch.no_grad():
        logits = model(CODE_CHARACTERS.encode(words[-WINDOW:])[None])[:, -1]
    return next_probabilities(logits, temperature)[0].float()


def numbers(rows, name):
    return torch.tensor(rows.evaluate_all(f"rows => rows.map(row => Number(row.dataset.{name}))"))


def check_against_torch(page, model, temperature=1.0, number=0):
    """Compare every bar with torch, for the text that stands there; return the characters, the likeliest first."""
    chances, plain = (by_torch(model, text(page, number), t) for t in (temperature, 1.0))
    one = page.locator(".nx").nth(number)
    rows = one.locator("button.nx-row")
    best = chances[1:].sort(descending=True, stable=True).indices[:LIKELY] + 1
    torch.testing.assert_close(numbers(rows, "value"), chances[best], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(numbers(rows, "plain"), plain[best], atol=1e-5, rtol=1e-4)
    rest = one.locator(".nx-rest")
    torch.testing.assert_close(numbers(rest, "value")[0], 1 - chances[best].sum(), atol=1e-5, rtol=0)
    assert rest.locator(".nx-symbol").text_content() == f"{len(CODE_CHARACTERS) - LIKELY} others"
    track = rows.first.locator(".nx-track").bounding_box()["width"]
    bars = rows.locator(".nx-fill").evaluate_all("bars => bars.map(bar => bar.getBoundingClientRect().width)")
    torch.testing.assert_close(torch.tensor(bars) / track, chances[best], atol=0.02, rtol=0)
    characters = [CODE_CHARACTERS.symbols[i] for i in best]
    glyphs = {" ": "␣", "\n": "⏎"}
    assert rows.locator(".nx-symbol").all_text_contents() == [glyphs.get(c, c) for c in characters]
    return characters


def written(page, count, before):
    """Wait until so many characters more stand there, and the model has answered to them."""
    page.wait_for_function(
        "([n, many]) => document.querySelector('textarea').value.length === n && many.textContent === 'Write 40'",
        arg=[len(before) + count, page.get_by_role("button", name="Write 40").element_handle()],
    )
    idle(page)


def chance(page, *values):
    """Let chance fall as given, over and over."""
    page.evaluate("values => { let i = 0; Math.random = () => values[i++ % values.length]; }", list(values))


def by_chance(model, words, count, values, temperature=1.0):
    """Write on with torch, each character where a value falls in the row of all chances."""
    for i in range(count):
        row = by_torch(model, words, temperature).double()[1:].cumsum(0)
        words += CODE_CHARACTERS.symbols[1 + int((row <= values[i % len(values)] * row[-1]).sum())]
    return words
