"""The hidden state explorer in a page without a kernel: whatever text is typed is read as torch reads it."""

import pytest
from driving import darken
from hidden_state_page import (  # noqa: F401
    EXAMPLES,
    TEXT,
    VOCABULARY,
    answer,
    check_against_torch,
    explorer,
    model,
    place_of,
    settle,
    write,
)

from largemodels.text import UNKNOWN


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_what_is_typed_is_answered_as_torch_answers(widget_page, explorer, model, scheme):
    page = widget_page(explorer, scheme=scheme)
    page.locator("textarea").focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("x = f('you')")
    text = TEXT + "x = f('you')"
    settle(page, text)
    assert place_of(page) == len(text) - 1
    check_against_torch(page, model, text)
    for _ in range(4):
        page.keyboard.press("Backspace")
    settle(page, text[:-4])
    page.keyboard.press("Control+Home")
    page.keyboard.type("#")
    settle(page, "#" + text[:-4])
    assert place_of(page) == 0
    check_against_torch(page, model, "#" + text[:-4])


def test_one_character_is_a_text(widget_page, explorer, model):
    page = widget_page(explorer)
    write(page, "(")
    check_against_torch(page, model, "(")


def test_any_unicode_is_shown_marked_and_read_as_unknown(widget_page, explorer, model):
    page = widget_page(explorer)
    text = "naïve\t中\U0001f389\u200de\u0301 שלום '\u00a0'"
    write(page, text)
    check_against_torch(page, model, text)
    unknown = VOCABULARY.unknown(text)
    cells = page.locator(".lm-line .lm-char")
    for i, character in enumerate(text):
        marked = "lm-unknown" in cells.nth(i).get_attribute("class")
        assert marked == (character in unknown), character
    assert [cells.nth(i).text_content() for i in (0, 2, 5, 6, 7, 8)] == ["n", "ï", "⇥", "中", "\U0001f389", UNKNOWN]
    note = page.locator(".lm-strange")
    assert note.locator(".lm-char").count() == len(unknown)
    assert f"It reads {UNKNOWN} in their place." in note.text_content()
    write(page, "plain")
    assert note.text_content() == ""


def test_text_is_never_html(widget_page, explorer, model):
    page = widget_page(explorer)
    text = "<img src=x onerror=alert(1)><b>&amp;"
    write(page, text)
    assert page.locator(".lm-line").text_content().replace("\u00a0", " ") == text
    assert page.locator("main img, main b:not(.hx-where b)").count() == 0
    check_against_torch(page, model, text)


def test_an_empty_text_asks_for_one_and_the_next_is_read(widget_page, explorer, model):
    page = widget_page(explorer)
    page.locator("textarea").fill("")
    page.locator(".lm-line").wait_for(state="hidden")
    assert not any(page.get_by_role("radio", name=name).is_checked() for name in EXAMPLES)
    assert page.locator(".hx-inspector, .hx-map, .hx-expected").filter(visible=True).count() == 0
    assert "Type something" in page.locator("textarea").get_attribute("placeholder")
    darken(page)  # drawn again, it stays empty
    assert page.locator("textarea").input_value() == ""
    page.locator("textarea").focus()
    page.keyboard.type("ab")
    settle(page, "ab")
    assert page.locator(".lm-line").is_visible()
    check_against_torch(page, model, "ab")


def test_of_a_long_text_the_end_is_read_and_the_page_says_so(widget_page, explorer, model):
    page = widget_page(explorer)
    text = ("# 0123456789\n" * 40)[:450]
    page.locator("textarea").fill(text)
    settle(page, text[-400:])
    assert "reads the last 400 of 450 characters" in page.locator(".lm-text").text_content()
    assert page.locator("textarea").input_value() == text
    check_against_torch(page, model, text[-400:])


def test_examples_are_read(widget_page, explorer, model):
    page = widget_page(explorer)
    page.get_by_text("a list", exact=True).click()
    settle(page, EXAMPLES["a list"])
    assert page.locator("textarea").input_value() == EXAMPLES["a list"]
    check_against_torch(page, model, EXAMPLES["a list"])


def test_a_character_that_is_expected_is_typed_by_a_press(widget_page, explorer, model):
    page = widget_page(explorer)
    write(page, "ab")
    chances = answer(model, "ab")["probabilities"][1]
    best = VOCABULARY.symbols[chances[1:].argmax() + 1]
    bar = page.locator(".hx-next:enabled").first
    words = {"\n": "end of line", " ": "space"}.get(best, f"“{best}”")
    assert f"{words}: " in bar.text_content()
    bar.focus()
    page.keyboard.press("Enter")
    settle(page, "ab" + best)
    assert place_of(page) == 2
    assert page.locator("textarea").input_value() == "ab" + best
    page.locator(".lm-line .lm-char").nth(0).click()
    chances = answer(model, "a")["probabilities"][0]
    real = page.locator(".hx-real")
    assert "“b”, as in the text: " in real.text_content()
    share = chances[VOCABULARY.encode("b")[0]].item()
    assert float(real.get_attribute("data-value")) == pytest.approx(share, abs=1e-5)
    page.locator(".hx-next:enabled").nth(1).click()
    page.wait_for_function("document.querySelectorAll('.lm-line .lm-char').length === 4")
    text = page.locator("textarea").input_value()
    assert (text[0], text[2:]) == ("a", "b" + best)
    check_against_torch(page, model, text)


def test_two_views_of_one_widget_show_the_same_text(widget_page, explorer):
    page = widget_page(explorer, explorer)
    page.locator("textarea").nth(1).fill("x = 1")
    settle(page, "x = 1")
    assert [box.input_value() for box in page.locator("textarea").all()] == ["x = 1"] * 2


@pytest.mark.parametrize("width", [390, 1200])
def test_all_fits_the_screen(widget_page, explorer, width):
    page = widget_page(explorer, width=width, height=844)
    for text in ("x" * 130, TEXT):
        write(page, text)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        inside = "element => element.scrollWidth <= element.clientWidth + 1"
        assert all(number.evaluate(inside) for number in page.locator(".hx-number").all())


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_bars_a_reader(widget_page, explorer, axe, dark):
    page = widget_page(explorer, dark=dark)
    if dark:
        darken(page)
    write(page, "x = 'ï中'\n")
    assert axe(page) == []
    page.get_by_text("forget gate", exact=True).click()
    assert axe(page) == []
