"""The hidden state explorer writes on in a page: what torch writes, until it is stopped."""

import pytest
from driving import frames
from hidden_state_page import (  # noqa: F401
    TEXT,
    VOCABULARY,
    answer,
    check_against_torch,
    explorer,
    model,
    settle,
)
from hiding import at_rest, hide, show

from largemodels.live import HiddenStateExplorer, HiddenStates, live

OTHER = "for x in y:\n"
VALUES = [0.31, 0.77, 0.05, 0.93, 0.5]
IS = "([n, text]) => document.querySelectorAll('textarea')[n].value === text"


@pytest.fixture(scope="module")
def other(model):
    """A second widget of the same model, with another text."""
    return live(HiddenStateExplorer(VOCABULARY), HiddenStates(model), {"ids": VOCABULARY.encode(OTHER)[None]})


def chance(page, *values):
    """Let chance fall as given, over and over."""
    page.evaluate("values => { let i = 0; Math.random = () => values[i++ % values.length]; }", list(values))


def by_torch(model, words, count, values):
    """Write on with torch, each character where a value falls in the row of all chances."""
    for i in range(count):
        row = answer(model, words)["probabilities"][-1].double().cumsum(0)
        words += VOCABULARY.symbols[int((row <= values[i % len(values)] * row[-1]).sum())]
    return words


def press(page, name, number=0):
    page.get_by_role("button", name=name, exact=True).nth(number).click()


def written(page, words, number=0):
    """Wait until a text stands there, the model has answered to it, and writes no more."""
    page.wait_for_function(IS, arg=[number, words])
    page.wait_for_function(
        "n => document.querySelectorAll('[data-drawn]')[n].dataset.state === 'ready'"
        " && [...document.querySelectorAll('[data-drawn]')[n].querySelectorAll('.ax-write')]"
        ".some((button) => button.textContent === 'Write ten')",
        arg=number,
    )


def text(page, number=0):
    return page.locator("textarea").nth(number).input_value()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_it_writes_as_torch_does_and_takes_it_back(widget_page, explorer, model, scheme):
    page = widget_page(explorer, scheme=scheme)
    chance(page, *VALUES)
    press(page, "Write ten")
    words = by_torch(model, TEXT, 10, VALUES)
    written(page, words)
    settle(page, words)
    check_against_torch(page, model, words)
    press(page, "Write one character")
    longer = by_torch(model, TEXT, 11, VALUES)
    settle(page, longer)
    press(page, "Take back")  # of all that it wrote
    settle(page, TEXT)
    check_against_torch(page, model, TEXT)


@pytest.mark.parametrize("how", ["Stop", "Take back", "typing"])
def test_writing_can_be_stopped_and_goes_on(widget_page, explorer, model, how):
    page = widget_page(explorer)
    chance(page, 0.5)
    hide(page)  # without a frame no character comes after the first ones
    press(page, "Write 100")
    page.wait_for_function("n => document.querySelector('textarea').value.length > n", arg=len(TEXT), polling=50)
    if how == "typing":
        page.locator("textarea").press("End")
        page.locator("textarea").press_sequentially("#")
    else:
        press(page, how)
    show(page)
    written(page, text(page))
    words = text(page)
    assert words == TEXT if how == "Take back" else len(TEXT) < len(words) < len(TEXT) + 100
    settle(page, words)
    check_against_torch(page, model, words)
    press(page, "Write ten")
    words = by_torch(model, words, 10, [0.5])
    written(page, words)
    settle(page, words)


def test_in_a_hidden_tab_it_waits_and_then_writes_all(widget_page, explorer, model):
    page = widget_page(explorer)
    chance(page, *VALUES)
    hide(page)
    press(page, "Write 100")
    before = at_rest(page, "() => document.querySelector('textarea').value")
    assert len(TEXT) < len(before) < len(TEXT) + 100
    show(page)
    written(page, by_torch(model, TEXT, 100, VALUES))


def test_two_explorers_write_at_the_same_time(widget_page, explorer, other, model):
    page = widget_page(explorer, other)
    chance(page, 0.5)
    press(page, "Write 100", 0)
    press(page, "Write 100", 1)
    written(page, by_torch(model, TEXT, 100, [0.5]), 0)
    written(page, by_torch(model, OTHER, 100, [0.5]), 1)


def test_two_views_of_one_widget_stay_at_one_text(widget_page, explorer, model):
    page = widget_page(explorer, explorer)
    chance(page, 0.5)
    press(page, "Write ten", 0)
    press(page, "Write ten", 1)
    for number in (0, 1):
        written(page, text(page, number), number)
    frames(page)
    words = text(page)
    assert words == text(page, 1)
    assert words == by_torch(model, TEXT, len(words) - len(TEXT), [0.5])
    assert len(words) >= len(TEXT) + 10


def test_after_a_model_could_not_be_loaded_it_writes(widget_page, explorer, model):
    page = widget_page(explorer, fresh=True)
    page.route("**/onnxruntime.js", lambda route: route.abort(), times=1)
    chance(page, 0.5)
    press(page, "Write ten")
    page.locator(".live-message", has_text="could not be computed").wait_for()
    page.get_by_role("button", name="Write ten").wait_for()
    assert text(page) == by_torch(model, TEXT, 1, [0.5])
    assert all("Failed to load resource" in error for error in page.errors)
    page.errors.clear()
    press(page, "Write ten")
    words = by_torch(model, TEXT, 11, [0.5])
    written(page, words)
    settle(page, words)
    press(page, "Take back")
    settle(page, TEXT)
