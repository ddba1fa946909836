"""The attention explorer of tokens: in a page without a kernel the stored reading, beside a kernel all of it."""

import json

import pytest
import torch
from driving import darken, drawn, frames
from torch import nn

from largemodels.interpret import capture
from largemodels.live import AttentionExplorer, LlamaExplained, live
from largemodels.live.llama_explained import RULES
from largemodels.models import Llama, LlamaConfig
from largemodels.text import Tokenizer, train_bpe

TEXT = "the cat sat on the mat,\nthe 人 sat"
LAYERS, HEADS, GROUP, DEPTH = 5, 6, 3, 10
HEAD = (3, 4)  # the one that is shown large at first
STEP = 0.5 / 255 + 1e-6
LABELS = ["the", "␣", "c", "at", "␣", "s", "at", "␣", "o", "n", "␣", "the", "␣", "m", "at", ",", "⏎"]


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer(train_bpe("the the the theat at at at at", 259))


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def view(tokenizer, model):
    return explorer(tokenizer, model)


@pytest.fixture(scope="module")
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


# ---- without a kernel ---------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_page_shows_the_stored_reading_and_says_how_to_run_it(widget_page, view, scheme):
    page = widget_page(view, scheme=scheme, fresh=True)
    cells = page.locator(".lm-line .lm-char").all_text_contents()
    assert cells[: len(LABELS)] == LABELS
    assert cells[len(LABELS) :] == ["the", "␣", "E4", "BA", "BA", "␣", "s", "at"]
    assert page.locator(".at-part").all_text_contents() == ["E4", "BA", "BA"]
    assert page.get_by_text("open the notebook of this page in Jupyter or Colab, and run it").is_visible()
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
    beside_a_kernel(page)
    assert axe(page) == []


# ---- beside a kernel ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def watched(tokenizer, model):
    """A view that hands its model over to the test, which is then the kernel."""
    view = explorer(tokenizer, model)
    view._esm = view._esm.replace("render({ model, el }) {", "render({ model, el }) { globalThis.own = model;")
    return view


def beside_a_kernel(page):
    page.evaluate("() => globalThis.own?.set('opened', own.get('knock'))")


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


def test_what_is_typed_is_read(running, watched, tokenizer):
    running.locator("textarea").fill("the mat sat")
    assert answer(running, watched)["text"] == "the mat sat"
    assert running.locator(".lm-line .lm-char").all_text_contents() == ["the", "␣", "m", "at", "␣", "s", "at"]
    running.locator("textarea").press("Home")
    running.keyboard.press("ArrowRight")
    running.wait_for_function("document.querySelector('.lm-line').ariaValueNow === '1'")
    running.get_by_role("radio", name="long").check(force=True)
    answer(running, watched)
    assert running.get_by_text("The model reads the last 64 of 80 tokens.").is_visible()
    running.locator("textarea").fill("")
    assert not running.locator(".ax-map").is_visible()
    running.locator("textarea").fill("at")
    answer(running, watched)
    assert running.locator(".ax-map").is_visible()


def test_another_head_is_worked_out_as_soon_as_the_kernel_answers(running, watched, seen):
    running.get_by_role("spinbutton", name="layer").fill("1")
    assert running.locator(".ax-working.at-old").count() == 1
    assert answer(running, watched)["place"] == [0, HEAD[1]]
    assert running.locator(".ax-working.at-old").count() == 0
    row, column = divmod(int(running.get_by_role("slider", name="Weights").get_attribute("aria-valuenow")), 25)
    weight = weights(seen, 0, HEAD[1])[row, column].item()
    assert value(running.locator(".ax-number").last) == pytest.approx(weight, abs=1e-6)
    assert "layer 1, head 5" in running.locator(".ax-question").text_content()


def test_a_head_is_switched_off_and_on(running, watched):
    running.get_by_role("checkbox", name="this head is on").uncheck()
    assert answer(running, watched)["off"] == [list(HEAD)]
    assert (
        running.locator(".ax-changes").text_content().startswith("Off: 4.5 (layer.head). Compared with all heads on, ")
    )
    assert running.locator(".ax-before").first.is_visible()
    running.get_by_role("button", name="All on").click()
    assert answer(running, watched)["off"] == []
    assert not running.locator(".ax-before").first.is_visible()


def test_the_model_writes_on_and_it_is_taken_back(running, watched, tokenizer):
    running.locator("textarea").fill("the cat")
    answer(running, watched)
    running.get_by_role("slider", name="temperature").fill("0")
    running.get_by_role("button", name="Write ten").click()
    asked = answer(running, watched)
    assert (asked["write"], asked["temperature"], asked["top_k"], asked["top_p"]) == (10, 0, None, 1)
    text = running.locator("textarea").input_value()
    assert text == watched.outputs["text"]
    assert text.startswith("the cat")
    assert running.locator(".ax-written").count() == len(tokenizer.encode(text)) - 4 > 0
    running.get_by_role("button", name="Take back").click()
    assert answer(running, watched)["text"] == "the cat"
    assert running.locator(".lm-line .lm-char").all_text_contents() == ["the", "␣", "c", "at"]


def test_a_likely_token_is_typed_by_a_press(running, watched):
    running.locator("textarea").fill("the cat")
    answer(running, watched)
    bar = running.locator(".ax-next:enabled").first
    label = bar.locator(".ax-symbol").text_content()
    bar.click()
    assert answer(running, watched)["text"] == "the cat" + label.replace("␣", " ").replace("⏎", "\n")


def test_what_cannot_be_read_is_said_and_the_next_text_is_read(running, watched):
    running.evaluate("own.set('inputs', {...own.get('inputs'), place: [9, 9], turn: 99})")
    answer(running, watched)
    assert "there are 5 layers of 6 heads; got layer 9, head 9" in running.locator(".lm-problem").text_content()
    running.locator("textarea").fill("at at")
    answer(running, watched)
    assert running.locator(".lm-problem").text_content() == ""
    assert running.locator(".lm-line .lm-char").count() == 3
