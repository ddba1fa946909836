"""A tab behind others: what runs there rests, and goes on when the reader comes back as if nothing had been."""

import pytest
import torch
from driving import frames
from hiding import at_rest, hide, show
from small_trainer import SmallTrainer
from tests.small_networks import NETWORKS, batches_for
from writing import START, by_chance, chance, model, text, view, writer, written  # noqa: F401

from largemodels.live import live
from largemodels.train import TrainingStep

RUN = "document.querySelector('.lm').trainer.run"
TICK = """() => { // the beat of time that runs by itself comes when the test says so
  globalThis.beat = { set: setInterval, clear: clearInterval };
  globalThis.setInterval = (run) => ((beat.run = run), 1);
  globalThis.clearInterval = () => (beat.run = () => {});
}"""


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    batches = batches_for("convolution", 20)
    x, targets = batches[0]
    return live(SmallTrainer(batches, 5), TrainingStep(NETWORKS["convolution"](), "sgd"), {"x": x, "targets": targets})


def losses(page, count):
    """Let it train until so many steps were taken; return their losses."""
    page.locator(".tr-play").click()
    page.wait_for_function(f"n => {RUN}.step >= n", arg=count)
    return page.evaluate(f"n => {RUN}.losses.slice(0, n)", count)


def pause(page):
    page.locator(".tr-play").click()
    page.wait_for_function(f"!{RUN}.playing")
    frames(page)


def test_training_rests_and_goes_on(widget_page, small):
    page = widget_page(small)
    losses(page, 2)
    hide(page)
    step = at_rest(page, f"() => {RUN}.step")
    assert page.evaluate(f"{RUN}.playing")
    show(page)
    page.wait_for_function(f"n => {RUN}.step >= n", arg=step + 2)
    found = page.evaluate(f"n => {RUN}.losses.slice(0, n)", step + 2)
    pause(page)
    page.get_by_role("button", name="Reset").click()
    assert losses(page, step + 2) == found
    pause(page)


@pytest.mark.parametrize("view", ["recurrence"])
def test_steps_of_time_wait(widget_page, views, view):
    page = widget_page(views[view])
    page.evaluate(TICK)
    at = page.get_by_role("slider", name="Step", exact=True)
    page.get_by_role("button", name="Play").click()
    page.evaluate("beat.run()")
    hide(page)
    page.evaluate("beat.run(); beat.run()")
    assert at.input_value() == "4"  # it began at 3
    show(page)
    page.evaluate("beat.run()")
    assert at.input_value() == "5"
    page.get_by_role("button", name="Pause").click()
    page.evaluate("Object.assign(globalThis, { setInterval: beat.set, clearInterval: beat.clear })")


def test_writing_waits(writer, model):
    page = writer()
    values = [0.31, 0.77, 0.05, 0.99, 0.5]
    chance(page, *values)
    hide(page)
    page.get_by_role("button", name="Write 40").click()
    assert at_rest(page, "() => document.querySelector('textarea').value") == START
    show(page)
    written(page, 40, START)
    assert text(page) == by_chance(model, START, 40, values)
