"""*Learning to remember* and *Learning to attend* in a page: runs as in Python, and dials that do what they say."""

import re

import every_view
import pytest
import torch
from driving import frames

from largemodels.live.learning_to_attend import learn_to_copy
from largemodels.live.learning_to_remember import race

STEPS = 3


@pytest.fixture(scope="module", name="remember")
def a_race():
    return every_view.remember()


@pytest.fixture(scope="module", name="attend")
def a_head():
    return every_view.attend()


def press(page, name):
    page.get_by_role("button", name=name).click()


def until(page, step):
    """Wait until the run is at a step, and what is drawn as well."""
    page.wait_for_function(
        "n => document.querySelector('.tr-state').textContent.includes(`step ${n},`)"
        " && document.querySelector('[data-drawn]').dataset.state === 'ready'",
        arg=step,
    )
    frames(page)


def losses(page):
    """The losses that the page writes, to two decimals."""
    return [float(number) for number in re.findall(r"\d+\.\d+", page.locator(".tr-state").text_content())]


def steps(page, count=STEPS):
    """Take single steps; return what the page writes after each."""
    found = []
    for step in range(1, count + 1):
        press(page, "One step")
        until(page, step)
        found.append(losses(page))
    return found


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_race_is_that_of_python_and_repeats_itself(widget_page, remember, scheme):
    page = widget_page(remember, scheme=scheme, fresh=True)
    assert not any("onnx" in url and "onnx.js" not in url for url in page.asked)  # nothing is fetched before a touch
    found = steps(page)
    wanted = [parts.tolist() for parts in race(1, 4, STEPS)]
    assert torch.allclose(torch.tensor(found), torch.tensor(wanted), atol=0.0051, rtol=0)
    press(page, "Reset")
    assert steps(page) == found


def test_a_new_lag_begins_anew_unless_it_is_to_go_on(widget_page, remember):
    page = widget_page(remember, fresh=True)
    steps(page, 2)
    page.get_by_role("slider", name="Lag").fill("9")
    page.wait_for_function("document.querySelector('.tr-state').textContent.includes('step 0')")
    page.wait_for_function("document.querySelectorAll('.lr-letters span').length === 10")
    page.get_by_role("checkbox", name="Keep the weights when the lag changes").check()
    steps(page, 2)
    page.get_by_role("slider", name="Lag").fill("12")
    page.wait_for_function("document.querySelectorAll('.lr-letters span').length === 13")
    assert "step 2" in page.locator(".tr-state").text_content()


def test_less_of_the_gradient_reaches_further_back(widget_page, remember):
    page = widget_page(remember, fresh=True)
    reached = "[...document.querySelectorAll('.lr-reached')].map(p => Number(p.dataset.value))"
    near = page.evaluate(reached)
    page.get_by_role("slider", name="Lag").fill("20")
    page.wait_for_function("document.querySelectorAll('.lr-letters span').length === 21")
    page.wait_for_function(f"before => ({reached})[0] < before / 100", arg=near[0])
    rnn, lstm = page.evaluate(reached)
    assert rnn < 1e-4 < lstm  # the LSTM is set for the lag


def test_the_start_of_the_lstm_changes_the_lstm_alone(widget_page, remember):
    page = widget_page(remember, fresh=True)
    (before,) = steps(page, 1)
    page.get_by_role("radio", name="as torch makes it").check(force=True)
    page.wait_for_function("document.querySelector('.tr-state').textContent.includes('step 0')")
    (after,) = steps(page, 1)
    assert abs(after[0] - before[0]) < 0.3
    assert after != before
    (wanted,) = (parts.tolist() for parts in race(1, 4, 1, "as torch makes it"))
    assert torch.allclose(torch.tensor(after), torch.tensor(wanted), atol=0.0051, rtol=0)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_head_learns_as_in_python_and_repeats_itself(widget_page, attend, scheme):
    page = widget_page(attend, scheme=scheme, fresh=True)
    found = steps(page)
    wanted = [[loss.item()] for loss, *_ in learn_to_copy(1, 3, STEPS)]
    assert torch.allclose(torch.tensor(found), torch.tensor(wanted), atol=0.0051, rtol=0)
    press(page, "Reset")
    assert steps(page) == found


def test_the_map_sharpens_and_blurs_without_positions(widget_page, attend):
    page = widget_page(attend, fresh=True)
    page.get_by_role("radio", name="rotary").check(force=True)
    press(page, "Train")
    right = "Number(document.querySelector('.la-verdict').dataset.right)"
    page.wait_for_function(f"{right} > 0.95")
    press(page, "Pause")
    page.wait_for_function("document.querySelector('.tr-play').textContent.includes('Train')")
    page.get_by_role("radio", name="none").check(force=True)
    page.wait_for_function(f"{right} < 0.6")  # the same weights, without positions


def test_the_cursor_reads_a_cell_by_keyboard(widget_page, attend):
    page = widget_page(attend, fresh=True)
    surface = page.get_by_role("slider", name=re.compile("Attention map"))
    assert "3 places back, which it should copy" in surface.get_attribute("aria-valuetext")
    surface.press("ArrowLeft")
    assert "4 places back: weight" in surface.get_attribute("aria-valuetext")
    surface.press("Home")
    surface.press("ArrowUp")
    assert "place 15 looks at" in page.locator(".la-readout").text_content()


def test_a_rate_that_is_too_high_is_told_in_a_sentence(widget_page, attend):
    page = widget_page(attend, fresh=True)
    page.get_by_role("slider", name="Rate").fill("0")
    for step in (1, 2, 3):
        press(page, "One step")
        page.wait_for_function(f"document.querySelector('.lm').textContent.includes('step {step}, loss')")
    assert "rate" in page.locator(".tr-trouble").text_content()


def test_both_stand_on_one_page_and_train_apart(widget_page, remember, attend):
    page = widget_page(remember, attend, fresh=True)
    for button in page.get_by_role("button", name="One step").all():
        button.click()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.tr-state')].every(state => state.textContent.includes('step 1,'))"
    )
