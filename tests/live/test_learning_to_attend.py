"""The head that learns to copy: what its switches do, what is drawn of it, and that it needs positions."""

from math import log
from pathlib import Path

import onnxruntime
import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

from largemodels.layers import attention_weights, causal_mask, sinusoidal
from largemodels.live import CopyHead, LearningToAttend, live
from largemodels.live.learning_to_attend import HeadMap, copied, copy_head, copy_loss, learn_to_copy, switches, texts
from largemodels.live.seeded import Seeded
from largemodels.train import TrainingStep
from largemodels.train.training_step import flat

MODELS = Path(__file__).parents[2] / "assets/models"


@pytest.fixture(name="model")
def a_head():
    torch.manual_seed(0)
    return CopyHead(width=12)


@pytest.mark.parametrize("divided", [True, False])
@pytest.mark.parametrize("positions", ["none", "added"])
def test_the_head_is_the_formula(model, positions, divided):
    letters = texts(Seeded(2), 3)
    x = model.embedding(letters.long()) + (sinusoidal(16, 12) if positions == "added" else 0)
    scores = model.to_q(x) @ model.to_k(x).mT / (12**0.5 if divided else 1)
    weights = scores.masked_fill(~causal_mask(16), -torch.inf).softmax(-1)
    found, values = model.weigh(letters, switches(positions, divided))
    assert_close(found, weights, atol=1e-5, rtol=1e-5)
    assert_close(model(letters, switches(positions, divided)), model.out(weights @ values), atol=1e-5, rtol=1e-5)


def test_rotary_positions_make_the_weights_depend_on_the_distance_alone(model):
    same = torch.full((1, 16), 3.0)  # one letter throughout
    weights, _ = model.weigh(same, switches("rotary"))
    scores = weights[0].log()
    steps = [(scores[i, i - 5] - scores[i, i - 6]).item() for i in (7, 11, 15)]
    assert_close(torch.tensor(steps), torch.full((3,), steps[0]), atol=1e-4, rtol=0)
    plain, _ = model.weigh(same, switches("none"))
    x = model.embedding(same.long())
    assert_close(plain, attention_weights(model.to_q(x), model.to_k(x), causal_mask(16)), atol=1e-5, rtol=1e-5)


def test_targets_are_the_letters_so_far_back_and_the_loss_counts_no_others(model):
    letters = texts(Seeded(2), 4)
    targets = copied(letters, 5)
    assert torch.equal(targets[:, 5:], letters[:, :-5])
    assert (targets[:, :5] == -1).all()
    logits = model(letters, switches())
    known = cross_entropy(logits.flatten(0, 1), targets.flatten().long(), ignore_index=-1)
    assert_close(copy_loss(logits, targets), known)


def test_what_is_drawn_is_of_the_first_text_and_the_means_of_all(model):
    letters, how = texts(Seeded(6), 5), switches("rotary", False)
    targets = copied(letters, 2)
    seen = HeadMap(model)(flat(model), letters, how, targets)
    weights, _ = model.weigh(letters, how)
    logits = model(letters, how)
    assert_close(seen["map"], weights[0])
    assert_close(seen["answers"], logits[0].softmax(1))
    assert_close(seen["by_distance"][4], weights.diagonal(-4, 1, 2).mean())
    right = (logits.argmax(2) == targets)[:, 2:].float().mean()
    assert_close(seen["right"], right.reshape(1))
    assert_close(seen["test_loss"], copy_loss(logits, targets).reshape(1))


def test_with_positions_it_learns_and_without_them_it_cannot():
    losses = {how: torch.cat([loss for loss, *_ in learn_to_copy(1, 3, 250, how)]) for how in ("added", "none")}
    assert abs(losses["none"][0] - log(8)) < 0.4
    assert losses["added"][-20:].mean() < 0.1
    assert losses["none"][-20:].mean() > 1.3


def test_bad_settings_are_refused_in_words():
    with pytest.raises(ValueError, match="positions are one of none, added, rotary; got 'learned'"):
        switches("learned")
    with pytest.raises(ValueError, match="from 1 to 8 places; got 0"):
        LearningToAttend(distance=0)


def test_what_the_page_fetches_is_the_step_and_the_look_of_today():
    step = TrainingStep(copy_head(), "adam", loss=copy_loss)
    start = step.start(LearningToAttend.batch(distance=5))
    _same("learning-to-attend-step", start, step(*start.values()), ("next_weights", "loss", "gradient"))
    view = live(
        LearningToAttend(beside="learning-to-attend", step_beside="learning-to-attend-step"),
        step,
        LearningToAttend.batch(),
    )
    look, rest = view.look(step)
    asked = {"weights": start["weights"], **rest, "how": switches("rotary", False)}
    answers = look(*asked.values())
    _same(
        "learning-to-attend",
        {**asked, "step": torch.zeros(1)},
        answers,
        ("map", "answers", "by_distance", "right", "test_loss"),
    )


def _same(name, inputs, answers, wanted):
    session = onnxruntime.InferenceSession(MODELS / f"{name}.onnx", providers=["CPUExecutionProvider"])
    taken = {each.name for each in session.get_inputs()}
    given = {key: value.detach().numpy() for key, value in inputs.items() if key in taken}
    for key, found in zip(wanted, session.run(list(wanted), given), strict=True):
        assert_close(torch.from_numpy(found), answers[key].detach(), atol=2e-4, rtol=1e-3)
