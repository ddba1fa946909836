"""The attention explorer of tokens beside a kernel: what the reader types is read, and the model writes on."""

import pytest
from driving import darken
from token_attention_page import (  # noqa: F401
    HEAD,
    answer,
    model,
    running,
    seen,
    tokenizer,
    value,
    watched,
    weights,
)


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
    assert "there are 5 layers of 6 heads; got layer 9, head 9" in "".join(
        running.locator(".lm-problem").all_text_contents()
    )
    running.locator("textarea").fill("at at")
    answer(running, watched)
    assert not any(running.locator(".lm-problem").all_text_contents())
    assert running.locator(".lm-line .lm-char").count() == 3


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_bars_a_reader_who_types(running, watched, axe, dark):
    if dark:
        darken(running)
    running.get_by_role("checkbox", name="this head is on").uncheck()
    answer(running, watched)
    assert axe(running) == []
