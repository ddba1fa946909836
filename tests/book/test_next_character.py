"""The next character in a page without a kernel: what is shown is what torch computes."""

import pytest
import torch
from driving import darken, drawn, settle
from writing import (  # noqa: F401
    LIKELY,
    START,
    WINDOW,
    by_chance,
    chance,
    check_against_torch,
    model,
    text,
    view,
    writer,
    written,
)

from largemodels.data.source_code import CODE_CHARACTERS
from largemodels.live import NextCharacter, live
from largemodels.models import GPT, GPTConfig


def heat(page, value):
    """Set the temperature as a reader does who drags the slider."""
    before = drawn(page)
    page.get_by_role("slider", name="Temperature").fill(str(value))
    settle(page, before)


# ---- the claims ---------------------------------------------------------------------------------


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(writer, model):
    page = writer(fresh=True)
    assert text(page) == START
    check_against_torch(page, model)
    assert not any("onnxruntime" in url for url in page.asked)
    assert page.get_by_role("button", name="Undo").is_disabled()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_what_is_typed_is_answered_as_torch_answers(writer, model, scheme):
    page = writer(scheme=scheme)
    for words in ("while x", "print('o', end=' ')  # longer than the window of the mödel"):
        before = drawn(page)
        page.locator("textarea").fill(words)
        settle(page, before)
        assert text(page) == words
        check_against_torch(page, model)
    assert page.locator(".lm-strange").text_content().startswith("The model does not know this character: ö")
    assert f"reads the last {WINDOW} of {len(words)} characters" in page.locator(".lm-text").text_content()


def test_a_click_on_a_bar_writes_its_character(writer, model):
    page = writer()
    words = START
    for rank in (0, 3, LIKELY - 1):
        words += check_against_torch(page, model)[rank]
        before = drawn(page)
        page.locator("button.nx-row").nth(rank).click()
        settle(page, before)
        assert text(page) == words
    check_against_torch(page, model)


def test_bars_are_reached_and_pressed_by_keyboard_and_spoken(writer, model):
    page = writer()
    characters = check_against_torch(page, model)
    page.locator("button.nx-row").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    before = drawn(page)
    page.keyboard.press("Enter")
    settle(page, before)
    assert text(page) == START + characters[2]
    page.wait_for_function(
        "[...document.querySelectorAll('.lm-hidden')].some(p => /^written: .+; next .+%$/.test(p.textContent))"
    )
    page.keyboard.press("Home")
    before = drawn(page)
    first = check_against_torch(page, model)[0]
    page.keyboard.press("Space")
    settle(page, before)
    assert text(page) == START + characters[2] + first
    tabbed = page.evaluate("[...document.querySelectorAll('button.nx-row')].filter(row => row.tabIndex === 0).length")
    assert tabbed == 1  # one stop of the Tab key for all


@pytest.mark.parametrize("temperature", [0.3, 1.7])
def test_bars_and_draws_follow_the_temperature(writer, model, temperature):
    page = writer()
    heat(page, temperature)
    check_against_torch(page, model, temperature)
    assert f"temperature {temperature}" in page.locator(".nx-expected p").text_content()
    values = [0.02, 0.5, 0.93, 0.71]
    chance(page, *values)
    words = START
    for i in range(4):
        before = drawn(page)
        page.get_by_role("button", name="Draw one").click()
        settle(page, before)
        words = by_chance(model, words, 1, [values[i]], temperature)
        assert text(page) == words
    check_against_torch(page, model, temperature)


def test_without_a_text_nothing_is_expected(writer, model):
    page = writer()
    page.locator("textarea").fill("")
    page.locator(".nx-expected").wait_for(state="hidden")
    for name in ("Draw one", "Write 40"):
        assert page.get_by_role("button", name=name).is_disabled()
    before = drawn(page)
    page.locator("textarea").fill("x")
    settle(page, before)
    check_against_torch(page, model)


def test_it_is_used_by_finger_and_fits_a_phone(writer, model):
    page = writer(width=390, height=844, touch=True)
    first = check_against_torch(page, model)[0]
    before = drawn(page)
    page.locator("button.nx-row").first.tap()
    settle(page, before)
    assert text(page) == START + first
    page.get_by_role("button", name="Write 40").tap()
    written(page, 40, START + first)
    check_against_torch(page, model)
    assert page.locator(".lm").first.evaluate("el => el.scrollWidth - el.clientWidth") <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_two_on_a_page_do_not_disturb_each_other(widget_page, view, model):
    torch.manual_seed(5)
    other = GPT(GPTConfig(len(CODE_CHARACTERS), 16, 1, 2, 8, quiet_start=False)).eval()
    begin = {"ids": CODE_CHARACTERS.encode("<b>if</b>")[None]}
    still = NextCharacter(CODE_CHARACTERS, window=16)
    still.beside = "never-asked"  # so its model is not exported
    page = widget_page(view, live(still, other, begin))
    second = page.locator(".nx").nth(1)
    before = second.inner_html()
    page.get_by_role("button", name="Write 40").first.click()
    page.wait_for_function("n => document.querySelector('textarea').value.length === n", arg=len(START) + 40)
    assert second.inner_html() == before
    assert text(page, 1) == "<b>if</b>"
    assert page.locator(".nx-after b").count() == 0  # text, never markup
    check_against_torch(page, other, number=1)


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"width": 390, "height": 844}], ids=["light", "dark", "phone"])
def test_nothing_stands_in_the_way_of_assistive_technology(writer, axe, options):
    page = writer(**options)
    if options.get("dark"):
        darken(page)
    assert axe(page) == []
    heat(page, 0.6)
    assert axe(page) == []
