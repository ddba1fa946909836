"""The recurrence of two units is torch's own, and its gradient norms are those of automatic differentiation."""

import onnxruntime
import pytest
import torch
from torch import nn

from largemodels.live import Recur, RecurrenceExplorer, live
from largemodels.live.binding import pack
from largemodels.live.recurrence_explorer import spectral_norm, spectral_radius


def weights(steps=11, inputs=3, seed=0):
    chance = torch.Generator().manual_seed(seed)
    shapes = {"x": (steps, inputs), "W": (2, inputs), "U": (2, 2), "b": (2,)}
    return {name: torch.randn(shape, generator=chance) for name, shape in shapes.items()}


def test_the_states_are_those_of_torchs_rnn():
    example = weights()
    torch_rnn = nn.RNN(3, 2, batch_first=True)
    torch_rnn.load_state_dict(
        {
            "weight_ih_l0": example["W"],
            "weight_hh_l0": example["U"],
            "bias_ih_l0": example["b"],
            "bias_hh_l0": torch.zeros(2),
        }
    )
    answer = Recur()(*example.values())
    torch.testing.assert_close(answer["states"], torch_rnn(example["x"][None])[0][0], atol=1e-6, rtol=0)


def test_the_terms_make_up_the_sum_and_the_sum_the_state():
    example = weights()
    answer = Recur()(*example.values())
    before = torch.cat([torch.zeros(1, 2), answer["states"][:-1]])
    torch.testing.assert_close(answer["from_input"], example["x"] @ example["W"].T)
    torch.testing.assert_close(answer["from_state"], before @ example["U"].T)
    torch.testing.assert_close(answer["total"], answer["from_input"] + answer["from_state"] + example["b"])
    torch.testing.assert_close(answer["states"], answer["total"].tanh())


@pytest.mark.parametrize("seed", range(5))
def test_the_gradient_norms_are_those_of_automatic_differentiation(seed):
    x, W, U, b = (tensor.double() for tensor in weights(seed=seed).values())
    answer = Recur()(x, W, U, b)

    def last(state, after):
        for now in x[after + 1 :]:
            state = torch.tanh(W @ now + U @ state + b)
        return state

    for t, state in enumerate(answer["states"]):
        jacobian = torch.func.jacrev(last)(state, t)
        want = torch.linalg.matrix_norm(jacobian, 2)
        torch.testing.assert_close(answer["norms"][t], want, atol=1e-12, rtol=1e-9)
    assert answer["norms"][-1] == 1


def test_gradients_vanish_below_one_and_explode_above_it():
    calm = torch.zeros(12, 1), torch.ones(2, 1)  # states of zero, where tanh has slope 1
    for strength in (0.5, 1.0, 1.5):
        norms = Recur()(*calm, strength * torch.eye(2), torch.zeros(2))["norms"]
        torch.testing.assert_close(norms, strength ** torch.arange(11.0, -1, -1))


@pytest.mark.parametrize("seed", range(7))
def test_norm_and_radius_are_those_of_linear_algebra(seed):
    a = torch.randn(3, 2, 2, dtype=torch.double, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(spectral_norm(a), torch.linalg.matrix_norm(a, 2))
    torch.testing.assert_close(spectral_radius(a), torch.linalg.eigvals(a).abs().amax(1))


def test_norms_of_zero_and_of_very_small_matrices_are_right():
    assert spectral_norm(torch.zeros(1, 2, 2)) == 0
    torch.testing.assert_close(spectral_norm(1e-30 * torch.eye(2)[None]), torch.tensor([1e-30]), atol=0, rtol=1e-5)
    turn = torch.tensor([[[0.0, -1], [1, 0]]])
    assert spectral_radius(turn) == spectral_norm(turn) == 1


def test_the_page_gets_the_same_numbers():
    example = weights(steps=12, inputs=1)
    view = live(RecurrenceExplorer(), Recur(), example)
    session = onnxruntime.InferenceSession(view.onnx, providers=["CPUExecutionProvider"])
    for seed in range(1, 4):
        other = weights(steps=12, inputs=1, seed=seed)
        want = Recur()(*other.values())
        got = session.run(list(want), {name: tensor.numpy() for name, tensor in other.items()})
        for name, numbers in zip(want, got, strict=True):
            torch.testing.assert_close(torch.from_numpy(numbers), want[name], atol=1e-5, rtol=1e-5, msg=name)


@pytest.mark.usefixtures("kernel")
def test_a_changed_weight_is_answered_by_the_kernel():
    example = weights(steps=5, inputs=1)
    view = live(RecurrenceExplorer(), Recur(), example)
    view.inputs = {**view.inputs, "U": pack("U", torch.eye(2))}
    states = torch.frombuffer(bytearray(view.outputs["states"]["data"]), dtype=torch.float32).view(5, 2)
    torch.testing.assert_close(states, Recur()(example["x"], example["W"], torch.eye(2), example["b"])["states"])
    assert repr(view) == "RecurrenceExplorer(x, W, U, b)"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": torch.zeros(0, 1)}, "at least one step"),
        ({"x": torch.zeros(5)}, r"shape \(t, d\)"),
        ({"x": torch.zeros(5, 3)}, r"W \(2, 3\)"),
        ({"U": torch.zeros(3, 3)}, r"got \(2, 1\), \(3, 3\) and \(2,\)"),
        ({"b": torch.zeros(2, 1)}, r"b \(2,\)"),
        ({"x": torch.zeros(5, 3), "W": torch.zeros(2, 3)}, "one number per step"),
        ({"x": torch.tensor([[torch.nan]])}, "NaN"),
    ],
)
def test_what_does_not_fit_is_an_error(change, words):
    with pytest.raises(ValueError, match=words):
        live(RecurrenceExplorer(), Recur(), {**weights(steps=5, inputs=1), **change})


def test_the_inputs_have_their_names_and_order():
    example = weights(steps=5, inputs=1)
    with pytest.raises(ValueError, match="in this order; got b, U, W, x"):
        live(RecurrenceExplorer(), Recur(), dict(reversed(example.items())))
