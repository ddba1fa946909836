"""Who wants no motion gets none, and what a reader lets run she can stop. test_random_inputs.py asks every view."""

import every_view
import pytest
from driving import frames
from moving import MOVES
from visits import PHONE, on_screen, pages

LISTEN = """() => {
  globalThis.moved = [];
  for (const name of ["transitionrun", "animationstart"]) {
    document.addEventListener(name, ({ target }) => globalThis.moved?.push(`${name} of ${target.className}`), true);
  }
}"""
FADE = """async () => { // the page computes, and has done so
  const view = document.querySelector("[data-state]");
  for (const state of ["running", "ready"]) {
    view.dataset.state = state;
    for (let i = 0; i < 2; i++) await new Promise((next) => requestAnimationFrame(next));
  }
  return moved;
}"""


@pytest.mark.parametrize("name", pages())
def test_no_page_moves_and_nothing_runs_before_the_reader_lets_it(visit, name):
    page = on_screen(visit(name))
    page.wait_for_function("document.querySelectorAll('[data-state]:not([data-state=ready])').length === 0")
    page.evaluate(LISTEN)
    page.keyboard.press("Tab")  # the link that leads past the menus comes
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main-content"
    page.evaluate("document.activeElement.blur()")
    on_screen(page, PHONE)
    for menu in page.locator(".primary-toggle:visible, .secondary-toggle:visible").all():
        menu.click()
        frames(page)
        assert page.locator("dialog[open]").count() == 1
        page.keyboard.press("Escape")
        frames(page)
        assert page.locator("dialog[open]").count() == 0  # as the next test expects the page
    assert page.evaluate("moved") == []
    assert page.evaluate(MOVES) == []
    assert page.get_by_role("button", name="Pause").count() == 0
    assert all("step 0" in state for state in page.locator(".tr-state").all_text_contents())


@pytest.mark.parametrize("view", ["digit_reader"])
def test_motion_is_there_for_who_wants_it(widget_page, views, view):
    page = widget_page(views[view], fresh=True)
    page.emulate_media(reduced_motion="no-preference")
    page.evaluate(LISTEN)
    assert page.evaluate(FADE) != []
    assert page.evaluate(MOVES) != []  # so it would be seen
    page.emulate_media(reduced_motion="reduce")
    page.evaluate("moved = []")
    assert page.evaluate(FADE) == []
    assert page.evaluate(MOVES) == []


def at(page, step):
    """Wait until the page says that so many steps were taken, or more; return how many."""
    taken = "Number(/step (\\d+)/.exec(document.querySelector('.tr-state').textContent)[1])"
    page.wait_for_function(f"n => {taken} >= n", arg=step)
    return page.evaluate(taken)


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_slow_motion_is_in_the_readers_hand(widget_page, attend, motion):
    page = widget_page(attend, fresh=True)
    page.emulate_media(reduced_motion=motion)
    play = page.locator(".tr-play")
    slow = page.get_by_role("checkbox", name="Slow motion")
    slow.check()
    play.click()
    at(page, 2)
    play.press("Enter")  # in the middle of a pause between two steps
    page.wait_for_function("document.querySelector('.tr-play').textContent.includes('Train')")
    step = at(page, 2)
    page.get_by_role("button", name="One step").click()
    assert at(page, step + 1) == step + 1
    play.click()
    slow.uncheck()  # while it runs
    at(page, step + 3)
    play.click()
    page.wait_for_function("document.querySelector('.tr-play').textContent.includes('Train')")
    frames(page)
    page.get_by_role("button", name="Reset").click()
    assert at(page, 0) == 0


@pytest.fixture(scope="module")
def attend():
    return every_view.attend()
