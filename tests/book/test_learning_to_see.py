"""Learning to see, in a page without a kernel: it learns as torch does from the same seed, and says what went wrong."""

import pytest
import torch
from driving import darken, draw_by_mouse, frames
from every_view import learning_to_see
from torch.testing import assert_close

from largemodels.live import SmallNetwork
from largemodels.live.learning_to_see import bounds
from largemodels.live.seeded import Seeded, first_weights
from largemodels.train import TrainingStep

STEP = TrainingStep(SmallNetwork(), ("momentum", "adam"))


@pytest.fixture(scope="module")
def view():
    made = learning_to_see()
    made.brought = made.data()  # a page of one widget has nothing beside it
    return made


def press(page, name):
    page.get_by_role("button", name=name, exact=False).first.click()


def until(page, condition):
    page.wait_for_function(f"() => {{ const {{ run }} = document.querySelector('.lm').trainer; return {condition} }}")


def run(page, name):
    return page.evaluate(f"Array.from(document.querySelector('.lm').trainer.run.{name})")


def train(page, steps):
    press(page, "Train")
    until(page, f"run.step >= {steps} || !run.playing")
    if page.evaluate("document.querySelector('.lm').trainer.run.playing"):
        press(page, "Pause")
    until(page, "!run.playing")
    page.wait_for_function(
        "() => { const el = document.querySelector('.lm'); return el.dataset.state === 'ready' &&"
        " el.querySelector('.tr-state').textContent.includes(`step ${el.trainer.run.step}`) }"
    )


def test_at_rest_the_page_shows_the_seed_1_and_fetches_nothing(widget_page, view):
    page = widget_page(view, fresh=True)
    assert not any("onnxruntime" in url for url in page.asked)
    shapes = [shape for _, shape in STEP.layout]
    assert_close(torch.tensor(run(page, "weights")), first_weights(Seeded(1), shapes, bounds(shapes)), atol=0, rtol=0)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_learns_as_torch_does_from_the_same_seed(widget_page, view, scheme):
    page = widget_page(view, scheme=scheme, fresh=True)
    press(page, "Another seed")
    train(page, 30)
    losses = run(page, "losses")
    want = view.rehearse(STEP, seed=2, steps=len(losses), rate=0.1)
    assert_close(torch.tensor(losses)[:30], want["losses"][:30], atol=1e-3, rtol=1e-3)
    score = float(page.locator(".see-score").get_attribute("data-value"))
    assert score > 0.3


def test_shuffled_labels_are_those_of_torch(widget_page, view):
    page = widget_page(view, fresh=True)
    page.get_by_label("Shuffle the labels").check()
    page.get_by_label("Only 200 digits").check()
    train(page, 20)
    want = view.rehearse(STEP, seed=1, steps=20, rate=0.1, shuffled=True, few=True)
    assert_close(torch.tensor(run(page, "losses"))[:20], want["losses"], atol=1e-3, rtol=1e-3)


def test_units_that_are_all_off_are_named(widget_page, view):
    page = widget_page(view, fresh=True)
    page.get_by_label("Rate").fill("0.5")
    train(page, 60)
    page.wait_for_function("document.querySelector('.tr-trouble').textContent.startsWith('Every ReLU of the')")


def test_weights_that_are_no_numbers_end_the_run_with_a_reason(widget_page, view):
    page = widget_page(view, fresh=True)
    page.get_by_label("Rate").fill("1")
    page.get_by_role("radio", name="none").check(force=True)
    train(page, 60)
    page.wait_for_function("document.querySelector('.tr-trouble').textContent.includes('diverged')")
    words = page.locator(".tr-trouble").text_content()
    assert "the loss grew from" in words.lower()
    assert "rate of 10" in words
    assert page.get_by_role("button", name="Train", exact=False).first.is_disabled()
    press(page, "Reset")
    assert page.get_by_role("button", name="▶ Train").is_enabled()


def test_the_readers_drawing_is_read_and_trained_on(widget_page, view):
    page = widget_page(view, fresh=True)
    train(page, 5)
    draw_by_mouse(page, [(8, 6), (20, 6), (14, 23)])
    page.get_by_label("What you drew").select_option("7")
    press(page, "Train on it, too")
    assert "1 of yours" in page.locator(".see-own").text_content()
    before = page.evaluate("document.querySelector('.lm').trainer.run.step")
    press(page, "One step")
    until(page, f"run.step === {before + 1}")


def test_it_fits_a_phone_in_the_dark(widget_page, view):
    page = widget_page(view, fresh=True)
    page.set_viewport_size({"width": 390, "height": 800})
    darken(page)
    frames(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_stands_in_the_way_of_assistive_technology(widget_page, view, axe, dark):
    page = widget_page(view, fresh=True)
    if dark:
        darken(page)
    page.get_by_label("Rate").fill("0.5")
    train(page, 100)
    page.wait_for_function("document.querySelector('.tr-trouble').textContent !== ''")
    assert axe(page) == []


def test_a_run_is_played_paused_and_begun_anew_by_keys_alone(widget_page, view):
    page = widget_page(view, fresh=True)
    page.locator(".tr-play").focus()
    page.keyboard.press("Space")
    until(page, "run.step >= 5")
    page.keyboard.press("Space")
    until(page, "!run.playing")
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    until(page, "run.step === 0")
