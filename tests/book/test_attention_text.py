"""The attention explorer in a page without a kernel: whatever text is typed is read as torch reads it."""

import pytest
from attention_page import (  # noqa: F401
    CONTEXT,
    EXAMPLES,
    START,
    change,
    check_against_torch,
    dials_of,
    explorer,
    fill,
    fix_chance,
    model,
    place,
    text_of,
    view,
    written_by_torch,
)
from driving import darken


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_what_is_typed_is_answered_as_torch_answers(explorer, model, scheme):
    page = explorer(scheme=scheme, fresh=True)
    page.locator("textarea").click()
    page.keyboard.press("Control+End")
    change(page, lambda: page.keyboard.type("):\n"))
    assert text_of(page) == START + "):\n"
    assert place(page)[2] == len(START) + 2
    check_against_torch(page, model)
    fill(page, "x")
    check_against_torch(page, model)
    change(page, lambda: page.get_by_text("two lines").click())
    assert text_of(page) == EXAMPLES["two lines"]
    check_against_torch(page, model)
    assert sum("models/gpt." in url for url in page.asked) == 1


def test_of_a_long_text_the_last_characters_count_and_the_page_says_so(explorer, model):
    page = explorer()
    long = "".join(chr(ord("a") + i % 26) for i in range(100))
    fill(page, long)
    assert text_of(page) == long[-CONTEXT:]
    assert page.locator("textarea").input_value() == long
    assert page.locator(".lm-text").get_by_text("The model reads the last 64 of 100 characters.").is_visible()
    check_against_torch(page, model)
    luck = [0.5] * 10
    fix_chance(page, list(luck))
    page.get_by_role("button", name="Write ten").click()
    page.wait_for_function("document.querySelector('textarea').value.length === 110")
    page.wait_for_function("document.querySelectorAll('.ax-written').length === 10")
    read = CONTEXT // 2 + 10  # the older half was forgotten for the first of the ten
    assert text_of(page) == written_by_torch(model, long, luck, dials_of(page))[-read:]
    assert page.get_by_text(f"The model reads the last {read} of 110 characters.").is_visible()
    check_against_torch(page, model)
    fill(page, long[:CONTEXT])
    assert page.get_by_text("The model reads the last").count() == 0


def test_unknown_characters_are_shown_and_named_and_never_dropped(explorer, model):
    page = explorer()
    strange = "a\té中🎉e\u0301\u200d<b>x"
    fill(page, strange)
    assert text_of(page) == strange
    cells = page.locator(".lm-line .lm-char")
    assert cells.count() == len(strange)
    unknown = [i for i in range(len(strange)) if "lm-unknown" in cells.nth(i).get_attribute("class")]
    assert unknown == [i for i, c in enumerate(strange) if c in "\té中🎉\u0301\u200d"]
    note = page.locator(".lm-strange")
    assert note.text_content().startswith("The model does not know these characters: ⇥é中🎉")
    assert note.text_content().endswith("It reads \ufffd in their place.")
    assert page.locator(".ax b:text-is('x')").count() == 0  # text, never markup
    check_against_torch(page, model)
    fill(page, "plain")
    assert note.text_content() == ""


def test_without_text_there_is_nothing_to_explain_and_it_comes_back(explorer, model):
    page = explorer()
    page.locator("textarea").fill("")
    assert page.locator(".lm-line").is_hidden()
    assert page.locator(".ax-working").is_hidden()
    assert page.locator("textarea").get_attribute("placeholder").startswith("Type something")
    fill(page, "ok")
    assert text_of(page) == "ok"
    check_against_torch(page, model)
    assert "NaN" not in page.locator(".ax").inner_text()


def test_every_text_typed_is_drawn(explorer, model):
    page = explorer()
    page.evaluate(
        """async () => {
          const el = document.querySelector('[data-drawn]');
          const box = el.querySelector('textarea');
          const type = (text) => new Promise((resolve) => {
            const seen = new MutationObserver(() => (seen.disconnect(), resolve()));
            seen.observe(el, { attributeFilter: ['data-drawn'] });
            box.value = text;
            box.dispatchEvent(new Event('input', { bubbles: true }));
          });
          const text = 'x = [i for i in range(10) if i % 2 == 0 and not i in other_things]'.repeat(2);
          for (let i = 0; i < 32; i++) await type(text.slice(i, i + 64));
        }"""
    )
    assert page.locator(".lm-line .lm-char").count() == CONTEXT
    check_against_torch(page, model)


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"width": 390, "height": 844}], ids=["light", "dark", "phone"])
def test_nothing_stands_in_the_way_of_assistive_technology(explorer, axe, options):
    page = explorer(**options)
    if options.get("dark"):
        darken(page)
    assert axe(page) == []
    fill(page, "é = 1")
    change(page, lambda: page.locator(".ax-switch input").nth(5).uncheck())
    change(page, lambda: page.get_by_role("slider", name="top-k").fill("3"))
    change(page, lambda: page.get_by_role("button", name="Switch each off in turn").click())
    page.locator(".ax-pick").nth(5).click()
    assert axe(page) == []
