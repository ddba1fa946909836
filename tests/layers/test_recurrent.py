"""The recurrent layers written out in layers are torch's own, forward, backward, padded and in pieces."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.testing import assert_close

from largemodels.interpret import capture
from largemodels.layers import GRU, LSTM, RNN, watched

PAIRS = {"RNN": (RNN, nn.RNN), "LSTM": (LSTM, nn.LSTM), "GRU": (GRU, nn.GRU)}
each_layer = pytest.mark.parametrize("name", PAIRS)


def pair(name, inputs=5, units=7):
    """Return our layer and torch's with the same weights."""
    ours, theirs = (kind(*sizes) for kind, sizes in zip(PAIRS[name], [(inputs, units)] * 2, strict=True))
    theirs.batch_first = True
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def tensors(answer):
    """Flatten output and final state into a list of tensors."""
    output, state = answer
    return [output, *(state if isinstance(state, tuple) else (state,))]


def state_for(name, batch, units):
    state = tuple(torch.randn(1, batch, units) for _ in range(1 + (name == "LSTM")))
    return state if len(state) > 1 else state[0]


def outcome(layer, call, x, state, upstream):
    """Return output, final state, and the gradients of the input, the first state and every parameter."""
    parts = [t.clone().requires_grad_() for t in (x, *(state if isinstance(state, tuple) else (state,)))]
    first = tuple(parts[1:]) if len(parts) > 2 else parts[1]
    answer = tensors(call(parts[0], first))
    leaves = [*parts, *layer.parameters()]
    return [t.detach() for t in answer], torch.autograd.grad(answer, leaves, upstream)


def check_against_torch(name, batch, steps, inputs, units, call=lambda layer: layer):
    ours, theirs = pair(name, inputs, units)
    x, state = torch.randn(batch, steps, inputs), state_for(name, batch, units)
    # parameters gather gradient from every step and example: keep it near 1
    upstream = [torch.randn_like(t) / (batch * steps) ** 0.5 for t in tensors(theirs(x, state))]
    mine = outcome(ours, call(ours), x, state, upstream)
    reference = outcome(theirs, theirs, x, state, upstream)
    for one, other in zip((*mine[0], *mine[1]), (*reference[0], *reference[1]), strict=True):
        assert_close(one, other, atol=1e-5, rtol=1e-5)


@each_layer
def test_layer_is_torchs_forward_and_backward(name):
    torch.manual_seed(0)
    check_against_torch(name, 3, 11, 5, 7)


@settings(deadline=None, max_examples=40)
@given(
    name=st.sampled_from(sorted(PAIRS)),
    batch=st.integers(1, 5),
    steps=st.integers(1, 13),
    inputs=st.integers(1, 7),
    units=st.integers(1, 11),
    seed=st.integers(0, 2**31),
)
def test_layer_is_torchs_for_any_shape(name, batch, steps, inputs, units, seed):
    torch.manual_seed(seed)
    check_against_torch(name, batch, steps, inputs, units)


@each_layer
def test_fused_kernel_gives_the_same_forward_and_backward(name):
    torch.manual_seed(1)
    check_against_torch(name, 3, 11, 5, 7, call=lambda layer: layer.fused)


@each_layer
def test_source_size_is_torchs(name):
    torch.manual_seed(2)
    check_against_torch(name, 64, 100, 100, 64)


@each_layer
def test_gradients_are_those_of_finite_differences(name):
    torch.manual_seed(3)
    layer = PAIRS[name][0](3, 2).double()
    x = torch.randn(2, 5, 3, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([5, 3])
    assert torch.autograd.gradcheck(lambda x, *_: tensors(layer(x)), (x, *layer.parameters()))
    assert torch.autograd.gradcheck(lambda x: tensors(layer(x, lengths=lengths)), x)


@each_layer
def test_weights_go_both_ways(name):
    ours, theirs = pair(name)
    again = PAIRS[name][0](5, 7)
    again.load_state_dict(theirs.state_dict())
    assert [(n, p.shape) for n, p in ours.named_parameters()] == [(n, p.shape) for n, p in theirs.named_parameters()]
    x = torch.randn(2, 3, 5)
    assert_close(again(x)[0], ours(x)[0], atol=0, rtol=0)


@each_layer
def test_first_weights_are_torchs(name):
    torch.manual_seed(4)
    ours = PAIRS[name][0](5, 7)
    torch.manual_seed(4)
    theirs = PAIRS[name][1](5, 7)
    for mine, reference in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(mine, reference, atol=0, rtol=0)


@each_layer
def test_padded_is_what_torch_makes_of_packed_sequences(name):
    torch.manual_seed(5)
    ours, theirs = pair(name)
    x, state, lengths = torch.randn(3, 11, 5), state_for(name, 3, 7), torch.tensor([7, 11, 1])
    packed, final = theirs(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False), state)
    reference = tensors((pad_packed_sequence(packed, batch_first=True)[0], final))
    for mine, other in zip(tensors(ours(x, state, lengths)), reference, strict=True):
        assert_close(mine, other, atol=1e-5, rtol=1e-5)


@each_layer
def test_padding_changes_nothing(name):
    torch.manual_seed(6)
    layer = PAIRS[name][0](5, 7)
    x, lengths = torch.randn(3, 11, 5), [7, 11, 1]
    other = x.clone()
    for row, length in enumerate(lengths):
        other[row, length:] = 1e3
    padded = tensors(layer(x, lengths=torch.tensor(lengths)))
    for mine, reference in zip(tensors(layer(other, lengths=torch.tensor(lengths))), padded, strict=True):
        assert torch.equal(mine, reference)
    for row, length in enumerate(lengths):
        alone = tensors(layer(x[row : row + 1, :length]))
        assert_close(padded[0][row, :length], alone[0][0], atol=1e-6, rtol=0)
        assert not padded[0][row, length:].any()
        for final, reference in zip(padded[1:], alone[1:], strict=True):
            assert_close(final[:, row], reference[:, 0], atol=1e-6, rtol=0)


@each_layer
@pytest.mark.parametrize("call", ["forward", "fused"])
def test_streaming_with_carried_state_is_the_whole_sequence(name, call):
    torch.manual_seed(7)
    layer = PAIRS[name][0](5, 7)
    run = getattr(layer, call)
    x, state, outputs = torch.randn(3, 11, 5), None, []
    for step in range(11):
        output, state = run(x[:, step : step + 1], state)
        outputs.append(output)
    whole = tensors(run(x))
    for mine, reference in zip([torch.cat(outputs, 1), *tensors((None, state))[1:]], whole, strict=True):
        assert_close(mine, reference, atol=1e-6, rtol=0)


def test_taps_of_the_lstm_make_its_states():
    torch.manual_seed(8)
    layer = LSTM(5, 7)
    x, (h0, c0) = torch.randn(3, 11, 5), state_for("LSTM", 3, 7)
    with capture(layer, "gates", "cell") as seen:
        output, (_, last) = layer(x, (h0, c0))
    assert seen["gates"].shape == (3, 11, 4, 7)
    i, f, g, o = seen["gates"].unbind(2)
    before = torch.cat([c0.transpose(0, 1), seen["cell"][:, :-1]], 1)
    assert_close(seen["cell"], f * before + i * g)
    assert_close(output, o * seen["cell"].tanh())
    assert_close(last[0], seen["cell"][:, -1])
    assert ((i > 0) & (i < 1)).all()
    assert (g < 0).any()


def test_taps_of_the_gru_make_its_states():
    torch.manual_seed(9)
    layer = GRU(5, 7)
    x, h0 = torch.randn(3, 11, 5), state_for("GRU", 3, 7)
    with capture(layer, "gates") as seen:
        output, _ = layer(x, h0)
    _, z, n = seen["gates"].unbind(2)
    before = torch.cat([h0.transpose(0, 1), output[:, :-1]], 1)
    assert_close(output, (1 - z) * n + z * before)


def test_whether_a_layer_is_watched_can_be_told():
    model = nn.Sequential(LSTM(5, 7))
    assert not watched(model)
    with capture(model, "0.cell"):
        assert watched(model)
        model(torch.randn(1, 2, 5))
    assert not watched(model)


@each_layer
@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 4), (2, 0, 5), (0, 3, 5)])
def test_wrong_inputs_are_named(name, shape):
    layer = PAIRS[name][0](5, 7)
    with pytest.raises(ValueError, match=rf"{name} takes \(b, t, 5\)"):
        layer(torch.zeros(shape))
    with pytest.raises(ValueError, match=rf"{name} takes \(b, t, 5\)"):
        layer.fused(torch.zeros(shape))


@pytest.mark.parametrize("state", [torch.zeros(1, 2, 7), (torch.zeros(1, 2, 7), torch.zeros(1, 3, 7))])
def test_states_that_do_not_fit_are_named(state):
    for call in (LSTM(5, 7), LSTM(5, 7).fused):
        with pytest.raises(
            ValueError, match=r"state of this LSTM is h and c, each of shape \(1, 2, 7\); got (one|2) t"
        ):
            call(torch.zeros(2, 3, 5), state)
    with pytest.raises(
        ValueError, match=r"state of this GRU is h, each of shape \(1, 2, 7\); got one tensor: \(1, 2, 11\)"
    ):
        GRU(5, 7)(torch.zeros(2, 3, 5), torch.zeros(1, 2, 11))


@pytest.mark.parametrize("lengths", [[3], [3, 0], [3, 4], [1.0, 2.0], [True, True], [[1, 2]]])
def test_lengths_that_do_not_fit_are_named(lengths):
    with pytest.raises(ValueError, match=r"lengths are 2 whole numbers, one for each example, from 1 to the 3 steps"):
        RNN(5, 7)(torch.zeros(2, 3, 5), lengths=torch.tensor(lengths))


@pytest.mark.parametrize("sizes", [(0, 7), (5, 0)])
def test_sizes_below_one_are_named(sizes):
    with pytest.raises(ValueError, match="sizes must be at least 1; got input_size="):
        LSTM(*sizes)
