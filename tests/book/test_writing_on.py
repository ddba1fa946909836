"""A model that writes in a page without a kernel: each character is drawn from the answer to the text before it."""

import pytest
from driving import idle
from writing import (  # noqa: F401
    EXAMPLES,
    START,
    by_chance,
    chance,
    check_against_torch,
    model,
    text,
    view,
    writer,
    written,
)

# from now on a text of so many characters gets no frame of the page: what waits for one, waits in `held`
HOLD = """(length) => { const next = window.requestAnimationFrame;
  window.requestAnimationFrame = (run) => next((time) => {
    const long = window.held !== null && document.querySelector("textarea").value.length >= length;
    if (long) (window.held ??= []).push(() => run(time));
    else run(time);
  });
}"""


def test_forty_characters_are_written_each_after_the_answer_to_the_one_before(writer, model):
    page = writer()
    values = [0.31, 0.77, 0.05, 0.99, 0.5]
    chance(page, *values)
    page.get_by_role("button", name="Write 40").click()
    written(page, 40, START)
    assert text(page) == by_chance(model, START, 40, values)  # also past the window of the model
    check_against_torch(page, model)
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("start => document.querySelector('textarea').value === start", arg=START)
    idle(page)
    check_against_torch(page, model)


@pytest.mark.parametrize("how", ["button", "typing", "bar"])
def test_writing_can_be_stopped(writer, model, how):
    page = writer()
    page.evaluate(HOLD, len(START) + 2)
    page.get_by_role("button", name="Write 40").click()
    page.wait_for_function("window.held", polling=50)
    if how == "button":
        page.get_by_role("button", name="Stop").click()
    elif how == "typing":
        page.locator("textarea").press("End")
        page.locator("textarea").press_sequentially("#")
    else:
        page.locator("button.nx-row").first.click()
    page.get_by_role("button", name="Write 40").wait_for()
    page.evaluate("window.held.forEach((frame) => frame()); window.held = null;")
    idle(page)
    stopped = text(page)
    assert len(START) + 1 < len(stopped) < len(START) + 40
    page.get_by_role("button", name="Draw one").click()
    written(page, 1, stopped)
    check_against_torch(page, model)


def test_undo_goes_back_step_by_step(writer, model):
    page = writer()
    page.locator("textarea").press("End")
    page.locator("textarea").press_sequentially("abc")  # one step
    page.locator("button.nx-row").first.click()
    page.locator("label", has_text="a loop").click()
    page.get_by_role("button", name="Draw one").click()
    written(page, 1, EXAMPLES["a loop"])
    seen = []
    undo = page.get_by_role("button", name="Undo")
    while undo.is_enabled():
        undo.click()
        seen.append(text(page))
    assert len(seen) == 4
    assert (seen[0], seen[2], seen[3]) == (EXAMPLES["a loop"], START + "abc", START)
    assert seen[1].startswith(START + "abc")
    idle(page)
    check_against_torch(page, model)


def test_a_model_that_fails_stops_writing(widget_page, view):
    page = widget_page(view, fresh=True)
    page.route("**/onnxruntime*", lambda route: route.abort())
    page.get_by_role("button", name="Write 40").click()
    page.locator(".live-message", has_text="could not be computed").wait_for()
    page.get_by_role("button", name="Write 40").wait_for()
    assert len(text(page)) == len(START) + 1
    page.errors[:] = [error for error in page.errors if "ERR_FAILED" not in error]
