"""The attention explorer of the book: it answers with the book's own model."""

import json
from pathlib import Path

import pytest
from attention_page import (  # noqa: F401
    HEADS,
    change,
    check_against_torch,
    dials_of,
    fix_chance,
    model,
    place,
    text_of,
    value,
    written_by_torch,
)

from largemodels.models import GPT, GPTConfig
from largemodels.train import load_weights

CHECKPOINTS = Path(__file__).resolve().parents[2] / "assets/checkpoints"


@pytest.fixture(scope="module")
def trained():
    """The GPT whose heads the book looks at."""
    config = json.loads((CHECKPOINTS / "gpt.json").read_text(encoding="utf-8"))["model"]
    model = GPT(GPTConfig(**config)).eval()
    load_weights(CHECKPOINTS / "gpt.safetensors", model)
    return model


@pytest.fixture(params=["http", "file"])
def own(request, book, serve, open_page):
    """Open the page of the notebook on heads: ``own(**of open_page)``."""

    def start(fresh=False):
        base = serve(book) if request.param == "http" else book.as_uri()
        page = open_page(f"{base}/chapters/transformer/heads.html", height=1400, fresh=fresh)
        page.locator(".ax").wait_for()
        return page

    return start


def chance_of(page, symbol):
    """With what chance the page expects a symbol next: all heads on, and as they are switched."""
    bars = page.locator(".ax-next:visible")
    (bar,) = [bar for bar in bars.all() if bar.locator(".ax-symbol").text_content() == symbol]
    return value(bar.locator(".ax-before")), value(bar.locator(".ax-now"))


def test_the_books_own_explorer_answers_with_its_own_model(own, trained):
    page = own(fresh=True)
    check_against_torch(page, trained)
    assert place(page)[:2] == (2, 3)
    assert not any("onnxruntime" in url or "models/" in url for url in page.asked)
    for name in ("two kinds", "a name again"):
        change(page, lambda name=name: page.locator(".ax").get_by_text(name, exact=True).click())
        check_against_torch(page, trained)
    assert text_of(page).endswith("print(tho")


def test_without_the_bracket_head_the_books_model_forgets_the_bracket(own, trained):
    page = own()
    assert text_of(page).endswith("f(seen[name")
    change(page, lambda: page.locator(".ax-switch input").nth(2 * HEADS + 3).uncheck())
    check_against_torch(page, trained)
    before, now = chance_of(page, "]")
    assert before > 0.6
    assert now < 0.2
    change(page, lambda: page.get_by_role("button", name="Switch each off in turn").click())
    assert page.locator(".ax-changes").text_content().endswith("by layer 3, head 4.")
    change(page, lambda: page.get_by_role("button", name="All on").click())
    check_against_torch(page, trained)


def test_the_books_model_writes_as_torch_would_with_the_same_luck(own, trained):
    page = own()
    begin, luck = text_of(page), [0.3, 0.6, 0.9, 0.1, 0.5, 0.2, 0.8, 0.4, 0.7, 0.5]
    fix_chance(page, list(luck))
    page.get_by_role("button", name="Write ten").click()
    page.wait_for_function("n => document.querySelectorAll('.lm-line .lm-char').length === n", arg=len(begin) + 10)
    assert text_of(page) == written_by_torch(trained, begin, luck, dials_of(page))
