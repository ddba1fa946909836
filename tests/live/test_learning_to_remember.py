"""The race of a plain RNN with an LSTM: what the two answer, what reaches back, and that they learn apart."""

from pathlib import Path

import onnxruntime
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, one_hot
from torch.testing import assert_close

from largemodels.live import LearningToRemember, Rememberers, live
from largemodels.live.learning_to_remember import STARTS, Reach, both_losses, race, rememberers, sequences
from largemodels.live.seeded import Seeded
from largemodels.train import TrainingStep, trace
from largemodels.train.training_step import flat

MODELS = Path(__file__).parents[2] / "assets/models"


@pytest.fixture(name="model")
def two_networks():
    torch.manual_seed(0)
    return Rememberers(units=5)


def test_both_answer_as_torchs_layers_do_after_the_lag(model):
    symbols, lag = sequences(Seeded(3), 7), 11
    x = one_hot(symbols.long()[:, : lag + 1], 8).float()
    answers = model(symbols, torch.tensor([float(lag)]))
    for i, (ours, kind, head) in enumerate(
        ((model.rnn, nn.RNN, model.rnn_head), (model.lstm, nn.LSTM, model.lstm_head))
    ):
        layer = kind(8, 5, batch_first=True)
        layer.load_state_dict(ours.state_dict())
        assert_close(answers[i], head(layer(x)[0][:, -1]), atol=1e-5, rtol=1e-5)


def test_a_sequence_begins_with_a_letter_of_a_kind_that_does_not_come_again():
    symbols = sequences(Seeded(1), 200)
    assert symbols.shape == (200, 21)
    assert set(symbols[:, 0].tolist()) == {0, 1, 2, 3}
    assert set(symbols[:, 1:].flatten().tolist()) == {4, 5, 6, 7}


def test_the_gradient_by_step_is_that_of_autograd(model):
    symbols, lag = sequences(Seeded(4), 6), 9
    seen = Reach(model)(flat(model), symbols, torch.tensor([float(lag)]))
    state, states = torch.zeros(6, 5), []
    for x in one_hot(symbols.long(), 8).float().unbind(1):
        u = x @ model.rnn.weight_ih_l0.T + model.rnn.bias
        (state,), _ = model.rnn.step(u, state)
        state.retain_grad()
        states.append(state)
    cross_entropy(model.rnn_head(states[lag]), symbols[:, 0].long()).backward()
    sizes = torch.stack([h.grad.norm(dim=1).mean() for h in states[: lag + 1]])
    assert_close(seen["reach"][0, : lag + 1], sizes / sizes[-1], atol=1e-5, rtol=1e-4)
    assert (seen["reach"][:, lag + 1 :] == 0).all()  # nothing comes back from after the question
    assert_close(seen["reach"][:, lag][:1], torch.ones(1))
    assert_close(seen["states"][0], torch.stack(states, 1)[0], atol=1e-5, rtol=1e-5)


def test_neither_network_learns_from_the_others_loss(model):
    symbols = sequences(Seeded(5), 8)
    losses = both_losses(model(symbols, torch.tensor([4.0])), symbols[:, 0])
    for loss, other in zip(losses, ("lstm", "rnn"), strict=True):
        gradients = torch.autograd.grad(loss, list(model.parameters()), retain_graph=True, materialize_grads=True)
        for (name, _), gradient in zip(model.named_parameters(), gradients, strict=True):
            assert not name.startswith(other) or not gradient.any()


def test_the_gates_of_the_lstm_begin_as_their_start_says():
    n = 8
    made, one, lag = (rememberers(12, start).lstm for start in STARTS)
    assert 0 < made.bias_ih_l0[: 2 * n].abs().max() <= n**-0.5
    assert (one.bias[n : 2 * n] == 1).all()
    assert (one.bias[:n] == 0).all()
    kept = lag.bias[n : 2 * n]
    assert (kept >= 0).all()
    assert (kept.exp() <= 11).all()
    assert_close(lag.bias[:n], -kept)
    assert torch.equal(made.weight_hh_l0, lag.weight_hh_l0)
    with pytest.raises(ValueError, match="start of the LSTM is one of"):
        rememberers(12, "identity")


def test_both_learn_a_short_lag_and_a_seed_gives_the_same_run():
    losses = torch.stack([*race(1, 4, 300)])
    assert losses.shape == (300, 2)
    assert (losses[:5] > 1.2).all()
    assert (losses[-20:].mean(0) < 0.1).all()
    again = torch.stack([*race(1, 4, 5)])
    assert_close(again, losses[:5], atol=1e-5, rtol=0)


def test_the_step_answers_the_parts_of_the_loss_and_trains_on_their_sum():
    step = TrainingStep(rememberers(4), "adam", loss=both_losses)
    answer = step(*step.start(LearningToRemember.batch()).values())
    assert answer["parts"].shape == (2,)
    assert_close(answer["loss"], answer["parts"].sum().reshape(1))
    view = live(
        LearningToRemember(beside="learning-to-remember", step_beside="learning-to-remember-step"),
        step,
        LearningToRemember.batch(),
    )
    assert view.onnx == view.step_onnx == b""
    start = step.start(LearningToRemember.batch())
    batch = {name: torch.stack([start[name]] * 3) for name in ("symbols", "lag", "first")}
    wires = {name: _wire(value) for name, value in {**start, **batch}.items()}
    view.asked = {"number": 7, **wires}
    assert view.taken["number"] == 7
    assert view.taken["loss"]["shape"] == [3]
    assert view.taken["parts"]["shape"] == [6]  # of one step after the other


def test_a_lag_that_cannot_be_asked_for_is_refused():
    with pytest.raises(ValueError, match="from 2 to 20 steps; got 21"):
        LearningToRemember(lag=21)


def test_what_the_page_fetches_is_the_step_and_the_look_of_today():
    step = TrainingStep(rememberers(4), "adam", loss=both_losses)
    start = step.start(LearningToRemember.batch(lag=7))
    _same("learning-to-remember-step", start, step(*start.values()), ("next_weights", "loss", "gradient", "parts"))
    view = LearningToRemember()
    look, rest = view.look(step)
    asked = {"weights": start["weights"], **rest, "lag": torch.tensor([9.0])}
    answers = look(*asked.values())
    _same("learning-to-remember", {**asked, "step": torch.zeros(1)}, answers, ("states", "answers", "reach", "right"))
    assert_close(trace(Reach(step.model), asked)(*asked.values()), answers)


def _same(name, inputs, answers, wanted):
    session = onnxruntime.InferenceSession(MODELS / f"{name}.onnx", providers=["CPUExecutionProvider"])
    taken = {each.name for each in session.get_inputs()}
    given = {key: value.detach().numpy() for key, value in inputs.items() if key in taken}
    for key, found in zip(wanted, session.run(list(wanted), given), strict=True):
        assert_close(torch.from_numpy(found), answers[key].detach(), atol=2e-4, rtol=1e-3)


def _wire(tensor):
    return {"shape": list(tensor.shape), "data": tensor.detach().float().numpy().astype("<f4").tobytes()}
