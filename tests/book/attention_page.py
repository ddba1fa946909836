"""What the tests of the attention explorer share: its page, and what torch makes of the text on it."""

import functools

import pytest
import torch
import vendor
from driving import click_on, drawn, part, settle
from torch import nn

from largemodels.data.source_code import CODE_CHARACTERS
from largemodels.live import AttentionExplorer, GPTExplained, live
from largemodels.live.attention_explorer import chances
from largemodels.models import GPT, GPTConfig

START = "def read(path):\n    return open(path"
EXAMPLES = {"brackets": "f(x, (y))", "two lines": "if a:\n    b"}
LAYERS, HEADS, WIDTH, CONTEXT = 4, 4, 128, 64
SYMBOLS = len(CODE_CHARACTERS)


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def model():
    """A GPT of the book's size whose heads look at some characters more than at others, as trained ones do."""
    torch.manual_seed(0)
    model = GPT(GPTConfig(SYMBOLS, CONTEXT, LAYERS, HEADS, WIDTH))
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            nn.init.normal_(parameter, std=0.25 if name == "embedding.weight" else 0.07)
    return model.half().float().eval()


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
def view(model, static):
    """An explorer whose model lies beside the page."""
    start = {"ids": CODE_CHARACTERS.encode(START)[None]}
    models = static / "_static/vendor/models"
    models.mkdir(exist_ok=True)
    (models / "gpt.onnx").write_bytes(live(AttentionExplorer(CODE_CHARACTERS), GPTExplained(model), start).onnx)
    assert (models / "gpt.onnx").stat().st_size < 4_000_000
    vendor.write_beside(models / "gpt.onnx", models / "gpt")
    return live(AttentionExplorer(CODE_CHARACTERS, EXAMPLES, beside="gpt"), GPTExplained(model), start)


@pytest.fixture
def explorer(widget_page, view):
    """Open the explorer on a page of its own: ``explorer(**of open_page)``."""
    return lambda **options: widget_page(view, **options)


def text_of(page, number=0):
    """The characters that the page says the model has read."""
    return page.evaluate(
        "n => document.querySelectorAll('.lm-line')[n].cells.map(cell => cell.character).join('')",
        number,
    )


def switches_of(page):
    return torch.tensor([float(box.is_checked()) for box in page.locator(".ax-switch input").all()]).view(LAYERS, HEADS)


def dials_of(page):
    values = [float(page.get_by_role("slider", name=name).input_value()) for name in ("temperature", "top-k", "top-p")]
    return torch.tensor(values[:1]), torch.tensor([int(values[1])]), torch.tensor(values[2:])


def by_torch(page, model):
    """What the model computes of the text on the page, with all heads on and as they are switched."""
    heads = torch.stack([torch.ones(LAYERS, HEADS), switches_of(page)])
    with torch.no_grad():
        return GPTExplained(model)(CODE_CHARACTERS.encode(text_of(page))[None], heads, *dials_of(page))


def numbers(page, script, argument=None):
    return torch.tensor(page.evaluate(f"a => Array.from({script})", argument), dtype=torch.float64)


def value(locator, name="value"):
    return float(locator.get_attribute(f"data-{name}"))


def place(page):
    """The chosen layer and head, and the row and column of the cursor."""
    chosen = page.locator(".ax-pick input").evaluate_all("all => all.findIndex(radio => radio.checked)")
    now = int(page.get_by_role("slider", name="Weights").get_attribute("aria-valuenow"))
    row, column = divmod(now, len(text_of(page)))
    return *divmod(chosen, HEADS), row, column


def check_against_torch(page, model):
    """Compare all weights, all that is expected next, and the weight that is worked out."""
    want = by_torch(page, model)
    weights = numbers(page, "[...document.querySelectorAll('.ax-mini canvas')].flatMap(c => [...c.values])")
    torch.testing.assert_close(weights, want["weights"].flatten().double(), atol=1e-5, rtol=0)
    check_expected(page, want)
    check_working(page, want)
    return want


def check_expected(page, want):
    row = place(page)[2]
    compare = not switches_of(page).all()
    seen = set()
    for bar in page.locator(".ax-next:visible").all():
        glyph = bar.locator(".ax-symbol").text_content()
        symbol = CODE_CHARACTERS.symbols.index({"␣": " ", "⏎": "\n"}.get(glyph, glyph))
        seen.add(symbol)
        assert value(bar.locator(".ax-now")) == pytest.approx(want["chances"][1, row, symbol].item(), abs=1e-5)
        assert value(bar.locator(".ax-plain")) == pytest.approx(want["probabilities"][1, row, symbol].item(), abs=1e-5)
        assert bar.locator(".ax-before").is_visible() == compare
        if compare:
            before = want["chances"][0, row, symbol].item()
            assert value(bar.locator(".ax-before")) == pytest.approx(before, abs=1e-5)
    assert want["chances"][1, row].argmax().item() in seen


def check_working(page, want):
    """Compare the numbers that are written out for the cell of the cursor."""
    layer, head, row, column = place(page)
    query, key, values = (want[name][layer, head].double() for name in ("query", "key", "value"))
    weights = want["weights"][layer, head, row].double()
    products = query[row] * key[column]
    shown = [value(number) for number in page.locator(".ax-number").all()]  # q · k, score, exp, sum, weight
    scores = (key @ query[row] / (WIDTH / HEADS) ** 0.5)[: row + 1]
    total = scores.exp().sum().item()
    torch.testing.assert_close(
        numbers(page, "document.querySelector('.ax-products').values"), products, atol=1e-4, rtol=1e-4
    )
    assert shown[0] == pytest.approx(products.sum().item(), abs=1e-4)
    assert shown[1] == pytest.approx(shown[0] / 32**0.5, abs=1e-6)
    assert shown[3] == pytest.approx(total, rel=1e-3)
    if column > row:
        assert page.locator(".ax-gate").text_content() == "later: hidden, so −∞"
        assert (shown[2], shown[4]) == (0, 0)
    else:
        assert page.locator(".ax-gate").text_content() == "not later: may be seen"
        assert shown[2] / shown[3] == pytest.approx(shown[4], abs=1e-5)
        assert shown[4] == pytest.approx(weights[column].item(), abs=1e-5)
    mixed = weights @ values
    answer = numbers(page, "document.querySelector('.ax-answer').values")
    torch.testing.assert_close(answer, mixed, atol=1e-5, rtol=1e-5)
    *portions, whole = [value(row.locator("> span").nth(1)) for row in page.locator(".ax-taken:visible").all()]
    assert sum(portions) == pytest.approx(whole, abs=1e-5)
    assert min(abs(answer - whole)) < 1e-6


def change(page, act):
    before = drawn(page)
    act()
    settle(page, before)


def fill(page, text):
    change(page, lambda: page.locator("textarea").fill(text))


def cell_point(page, row, column):
    count = len(text_of(page))
    return part(page.locator(".ax-map"), (column + 0.5) / count, (row + 0.5) / count)


def choose_cell(page, row, column):
    click_on(page.locator(".ax-map"), lambda: cell_point(page, row, column))
    assert place(page)[2:] == (row, column)


def fix_chance(page, numbers):
    """Let Math.random return these numbers, one after the other."""
    page.evaluate("numbers => { Math.random = () => numbers.shift(); }", numbers)


def written_by_torch(model, text, numbers, dials):
    """Write one character for each of the numbers: the first whose cumulated chance exceeds it.

    When the context is full, the older half of it is forgotten, as by GPT.generate.
    """
    text, reads = list(text), min(len(text), CONTEXT)
    for number in numbers:
        tokens = CODE_CHARACTERS.encode("".join(text)[-reads:])[None]
        reads = reads + 1 if reads < CONTEXT else CONTEXT // 2 + 1
        with torch.no_grad():
            cumulated = chances(model(tokens)[0, -1:], *dials)[0].double().cumsum(0)
        text.append(CODE_CHARACTERS.symbols[int((cumulated <= number * cumulated[-1]).sum())])
    return "".join(text)
