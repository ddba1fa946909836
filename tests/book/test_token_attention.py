"""The attention explorer of tokens in a page without a kernel: the stored reading, any layer and head of it."""

import pytest
import torch
from driving import darken
from token_attention_page import (  # noqa: F401
    DEPTH,
    HEAD,
    HEADS,
    LAYERS,
    TEXT,
    explorer,
    large,
    model,
    seen,
    title,
    tokenizer,
    value,
    view,
    weights,
)

from largemodels.live.llama_explained import RULES

STEP = 0.5 / 255 + 1e-6
LABELS = ["the", "␣", "c", "at", "␣", "s", "at", "␣", "o", "n", "␣", "the", "␣", "m", "at", ",", "⏎"]


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_page_shows_the_stored_reading_and_says_how_to_run_it(widget_page, view, scheme):
    page = widget_page(view, scheme=scheme, fresh=True)
    cells = page.locator(".lm-line .lm-char").all_text_contents()
    assert cells[: len(LABELS)] == LABELS
    assert cells[len(LABELS) :] == ["the", "␣", "E4", "BA", "BA", "␣", "s", "at"]
    assert page.locator(".at-part").all_text_contents() == ["E4", "BA", "BA"]
    assert page.get_by_text("open this page’s notebook in Jupyter or Colab and run it").is_visible()
    for dead in ("textarea", ".ax-writer", ".lm-choices >> text=Type, or try", ".at-switches"):
        assert not page.locator(dead).first.is_visible(), dead
    assert page.locator(".ax-next:enabled").count() == 0
    assert not any("models/" in url or "onnxruntime" in url for url in page.asked)


def test_every_head_of_every_layer_is_chosen_by_keyboard_and_drawn(widget_page, view, seen):
    page = widget_page(view)
    assert title(page) == "Layer 4, head 5"
    torch.testing.assert_close(large(page), weights(seen, *HEAD).flatten(), atol=1e-6, rtol=0)
    cells = page.get_by_role("slider", name="All heads")
    cells.focus()
    for _ in range(HEADS):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Home")
    for head in range(HEADS):
        for layer in range(LAYERS):
            assert title(page) == f"Layer {layer + 1}, head {head + 1}"
            if (layer, head) != HEAD:
                torch.testing.assert_close(large(page), weights(seen, layer, head).flatten(), atol=STEP, rtol=0)
            page.keyboard.press("ArrowRight")
        page.keyboard.press("Home")
        page.keyboard.press("ArrowDown")
    assert "% on the first token" in cells.get_attribute("aria-valuetext")


def test_layer_and_head_are_typed_as_numbers(widget_page, view, seen):
    page = widget_page(view)
    page.get_by_role("spinbutton", name="layer").fill("2")
    page.get_by_role("spinbutton", name="head").press("ArrowDown")
    assert title(page) == "Layer 2, head 4"
    torch.testing.assert_close(large(page), weights(seen, 1, 3).flatten(), atol=STEP, rtol=0)
    assert "key-value head 2 of 2, which serves heads 4 to 6" in page.locator(".at-about").text_content()


def test_cells_are_coloured_by_a_rule_and_the_strongest_head_is_found(widget_page, view, seen):
    page = widget_page(view)
    for rule, offset in (("the token before", 1), ("itself", 0)):
        page.get_by_role("radio", name=rule, exact=True).check(force=True)
        want = torch.stack(
            [
                torch.stack([weights(seen, layer, head)[1:].diagonal(1 - offset).mean() for layer in range(LAYERS)])
                for head in range(HEADS)
            ]
        )
        shown = torch.tensor(page.evaluate("Array.from(document.querySelector('.at-cells canvas').values)"))
        torch.testing.assert_close(shown.view(HEADS, LAYERS), want, atol=1e-5, rtol=0)
        page.get_by_role("button", name="Go to the strongest").click()
        head, layer = divmod(int(want.argmax()), LAYERS)
        assert title(page) == f"Layer {layer + 1}, head {head + 1}"
    assert page.locator(".at-grid + .lm-legend").is_visible()
    assert page.get_by_role("radio").evaluate_all("all => all.map(one => one.ariaLabel)")[-4:] == list(RULES)


def test_one_weight_is_worked_out_for_the_head_whose_vectors_are_stored(widget_page, view, seen):
    page = widget_page(view)
    query, key, mixed = (seen[f"blocks.{HEAD[0]}.attention.{tap}"][0, HEAD[1]] for tap in ("query", "key", "mixed"))
    line = page.get_by_role("slider", name="The text as the model read it")
    line.focus()
    page.keyboard.press("Home")
    for _ in range(11):
        page.keyboard.press("ArrowRight")
    row = weights(seen, *HEAD)[11]
    column = int(row.argmax())
    numbers = [value(number) for number in page.locator(".ax-number").all()]  # q · k, score, exp, sum, weight
    assert numbers[0] == pytest.approx((query[11] @ key[column]).item(), abs=1e-4)
    assert numbers[1] == pytest.approx(numbers[0] / DEPTH**0.5, abs=1e-5)
    assert numbers[2] / numbers[3] == pytest.approx(row[column].item(), abs=1e-5)
    assert numbers[4] == pytest.approx(row[column].item(), abs=1e-6)
    answer = torch.tensor(page.evaluate("Array.from(document.querySelector('.ax-answer').values)"))
    torch.testing.assert_close(answer, mixed[11], atol=1e-5, rtol=1e-5)
    assert "turned by their positions" in page.locator(".ax-working").text_content()
    page.get_by_role("spinbutton", name="layer").fill("1")
    assert not page.locator(".ax-working").is_visible()
    assert page.get_by_text("stored for layer 4, head 5 alone").is_visible()
    page.get_by_role("spinbutton", name="layer").fill("4")
    assert page.locator(".ax-working").is_visible()


def test_likely_tokens_are_listed_with_the_one_that_follows(widget_page, view, tokenizer, model):
    page = widget_page(view)
    page.locator(".lm-char").nth(13).click()
    page.mouse.move(2, 2)
    with torch.no_grad():
        p = model(tokenizer.encode(TEXT)[None])[0, 13].softmax(0)
    shown = [value(bar) for bar in page.locator(".ax-next .ax-now").all()]
    real = p[tokenizer.encode(TEXT)[14]].item()
    want = p.sort(descending=True).values[:10].tolist()
    assert shown == pytest.approx(want if len(shown) == 10 else [*want, real], abs=1e-6)
    assert page.locator(".ax-real .ax-symbol").all_text_contents() == ["at"]
    assert value(page.locator(".ax-real .ax-now")) == pytest.approx(real, abs=1e-6)


@pytest.mark.parametrize("width", [390, 1200])
def test_forty_pieces_fit_the_screen_and_stay_legible(widget_page, tokenizer, model, width):
    long = explorer(tokenizer, model, "the cat sat on the mat; " * 3 + "at")
    assert 40 <= len(long.outputs["pieces"]) <= 64
    page = widget_page(long, width=width, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".ax-map").bounding_box()["width"] >= 280
    for name in (".ax-top", ".ax-left"):
        inked = "strip => strip.getContext('2d').getImageData(0, 0, strip.width, strip.height).data.some(Boolean)"
        assert page.locator(name).evaluate(inked)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_bars_a_reader(widget_page, view, axe, dark):
    page = widget_page(view, dark=dark)
    if dark:
        darken(page)
    page.locator(".lm-char").nth(20).click()
    assert axe(page) == []
