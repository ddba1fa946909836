"""Back and forward: what a reader has set is there again, however soon she left."""

import pytest
from changing import CHANGES
from driving import frames, idle
from taking import state_of

VIEWS = ("look_up", "sampling", "calculator", "digit_reader", "hidden_states", "recurrence")


@pytest.mark.parametrize("view", VIEWS)
def test_what_was_set_is_there_again(widget_page, views, view):
    page = widget_page(views[view], fresh=True)
    start = state_of(page)
    CHANGES[view](page)
    idle(page)  # an answer that is on its way may move what is looked at
    state = state_of(page)
    page.goto("about:blank")  # the address may not have caught up yet
    assert state != start
    for _ in range(2):
        page.go_back()
        page.wait_for_function("state => location.hash === '#' + state", arg=state)
        page.wait_for_function("document.querySelector('[data-drawn]')?.dataset.state === 'ready'")
        frames(page)
        assert state_of(page) == state
        assert not any(page.locator(".lm-problem").all_text_contents())
        page.go_forward()
