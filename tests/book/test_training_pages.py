"""A page without a kernel trains as torch does, answers meanwhile, and says why a run went wrong."""

import pytest
import torch
from driving import frames
from small_trainer import SmallTrainer
from tests.small_networks import NETWORKS, batches_for
from torch.testing import assert_close

from largemodels.live import live
from largemodels.train import Recipe, TrainingStep, fit
from largemodels.train.training_step import flat

STEPS = 50
NAMES = ("convolution", "recurrence", "attention")
RULES = (
    (0, {"rate": 0.05}, Recipe(learning_rate=0.05, optimizer="sgd"), 1e-4),
    (1, {"rate": 0.02, "momentum": 0.9}, Recipe(learning_rate=0.02, optimizer="sgd", momentum=0.9), 1e-4),
    (2, {"rate": 0.003}, Recipe(learning_rate=0.003), 1e-3),
)


@pytest.fixture(scope="module", params=NAMES, name="trained")
def a_network_in_a_page(request):
    torch.manual_seed(0)
    model, batches = NETWORKS[request.param](), batches_for(request.param, STEPS)
    return model, batches, trainer(model, batches)


@pytest.fixture(scope="module", name="small")
def a_view():
    torch.manual_seed(0)
    return trainer(NETWORKS["convolution"](), batches_for("convolution", 20))


def trainer(model, batches):
    x, targets = batches[0]
    step = TrainingStep(model, ("sgd", "momentum", "adam"))
    return live(SmallTrainer(batches, 5), step, {"x": x, "targets": targets})


def state(page):
    return page.evaluate(
        "() => { const { step, playing, losses, weights, bad } = document.querySelector('.lm').trainer.run;"
        " return { step, playing, losses, weights: [...weights], bad: String(bad) } }"
    )


def until(page, condition):
    page.wait_for_function(f"() => {{ const {{ run }} = document.querySelector('.lm').trainer; return {condition} }}")


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_trains_as_fit_does(widget_page, trained, scheme):
    model, batches, view = trained
    page = widget_page(view, scheme=scheme)
    start = flat(model)
    for rule, dials, recipe, close in RULES:
        TrainingStep(model).load(start)
        for _ in fit(model, batches, recipe, progress=False):
            pass
        taken = page.evaluate(
            "([n, dials]) => document.querySelector('.lm').take(n, dials)", [STEPS, dials | {"rule": rule}]
        )
        assert taken["finite"]
        assert len(taken["loss"]) == STEPS
        assert_close(torch.tensor(taken["weights"]), flat(model), atol=close, rtol=0)
    TrainingStep(model).load(start)


def test_a_run_plays_pauses_and_begins_anew_as_before(widget_page, small):
    page = widget_page(small, fresh=True)
    assert not any("onnxruntime" in url for url in page.asked)
    page.get_by_role("button", name="Train", exact=False).click()
    until(page, "run.step >= 40")
    page.get_by_role("button", name="Pause").click()
    until(page, "!run.playing")
    page.wait_for_function("document.querySelector('.tr-state').textContent.includes('loss')")
    first = state(page)
    assert first["losses"][-1] < first["losses"][0]
    page.get_by_role("button", name="Reset").click()
    assert state(page)["step"] == 0
    for step in range(1, 4):
        page.get_by_role("button", name="One step").click()
        until(page, f"run.step === {step}")
    assert state(page)["losses"] == first["losses"][:3]


def test_one_step_that_is_asked_for_while_others_are_on_their_way_follows_them(widget_page, small):
    page = widget_page(small)
    page.evaluate("const { run } = document.querySelector('.lm').trainer; run.play(); run.pause(); run.one()")
    until(page, "run.step === 2")  # a run begins with one
    assert not page.evaluate("document.querySelector('.lm').trainer.run.playing")


def test_what_diverges_says_why_and_stays_alive(widget_page, small):
    page = widget_page(small, fresh=True)
    page.get_by_label("Rate").fill("1")
    page.evaluate(
        "const { run } = document.querySelector('.lm').trainer; run.weights = run.weights.map((w) => w * 1e4)"
    )
    page.get_by_role("button", name="Train", exact=False).click()
    page.wait_for_function("document.querySelector('.tr-trouble').textContent !== ''")
    words = page.locator(".tr-trouble").text_content()
    assert "rate" in words or "gradient is exactly 0" in words
    page.get_by_role("button", name="Reset").click()
    assert page.locator(".tr-trouble").text_content() == ""
    page.get_by_label("Rate").fill("-1.3")
    page.get_by_role("button", name="One step").click()
    until(page, "run.step === 1")


def test_a_run_rests_while_it_is_out_of_sight(widget_page, small):
    page = widget_page(small, fresh=True)
    page.get_by_role("button", name="Train", exact=False).click()
    until(page, "run.step >= 5")
    page.evaluate("document.querySelector('.lm').style.marginTop = '9000px'; scrollTo(0, 0)")
    # two looks with nothing between them: whatever was asked before it went out of sight has been answered
    page.evaluate(
        """async () => {
          const { run } = document.querySelector('.lm').trainer;
          for (let before = -1; before !== run.step; ) {
            before = run.step;
            for (let i = 0; i < 30; i++) await new Promise((next) => requestAnimationFrame(next));
          }
        }"""
    )
    assert state(page)["playing"]
    before = state(page)["step"]
    page.evaluate("document.querySelector('.lm').style.marginTop = ''")
    until(page, f"run.step > {before}")
    page.get_by_role("button", name="Pause").click()
    frames(page)


def test_the_reader_is_answered_between_two_steps(widget_page, small):
    page = widget_page(small, fresh=True)
    page.get_by_role("button", name="Train", exact=False).click()
    until(page, "run.step >= 5")
    turns = page.evaluate(
        """async () => {
          const { run } = document.querySelector('.lm').trainer;
          const { port1, port2 } = new MessageChannel();
          const turns = [];
          for (let i = 0; i < 20; i++) {
            await new Promise((next) => {
              port1.onmessage = next;
              port2.postMessage("the reader's turn");
            });
            turns.push(run.playing);
          }
          return turns;
        }"""
    )
    assert all(turns)  # what else the page has to do is done while it trains
    page.get_by_role("button", name="Pause").click()
