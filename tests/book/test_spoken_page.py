"""What a screen reader is told while somebody draws: neither the drawing nor the answer is lost to the other."""

import pytest
from driving import drawn, settle


@pytest.mark.parametrize("name", ["digit_reader", "feature_maps", "attributions", "patch_attention"])
def test_the_pen_and_the_answer_are_both_told(widget_page, views, name):
    page = widget_page(views[name])
    page.locator(".dr-board").first.focus()
    before = drawn(page)
    for key in [*["ArrowUp"] * 10, "Space", *["ArrowDown"] * 20]:
        page.keyboard.press(key)
    settle(page, before)
    page.keyboard.press("Space")  # while the answer waits to be told
    told = "() => [...document.querySelectorAll('[aria-live=polite]')].map(element => element.textContent)"
    page.wait_for_function(f"({told})().some(text => /pen up/i.test(text))")
    words = page.locator(".dr-verdict .dr-words").first.text_content()
    page.wait_for_function(f"words => ({told})().some(text => words && text.includes(words))", arg=words)
