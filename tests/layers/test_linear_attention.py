"""Linear attention step by step, in chunks and with a mask is one thing, and the scan of transformers' Mamba-2."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close
from transformers.models.mamba2.modeling_mamba2 import mamba2_chunk_scan, segment_sum

from largemodels.layers import (
    attention_weights,
    causal_mask,
    decay_mask,
    feature_map,
    linear_attention,
    linear_attention_step,
    masked_linear_attention,
)

B, H, T, D, E = 2, 3, 17, 5, 7


def inputs(t=T, decay=True, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    q, k = (torch.randn(B, H, t, D, generator=generator, dtype=dtype) for _ in range(2))
    v = torch.randn(B, H, t, E, generator=generator, dtype=dtype)
    log_decay = -torch.rand(B, H, t, generator=generator, dtype=dtype) if decay else None
    return [x for x in (q, k, v, log_decay) if x is not None]


def stepwise(q, k, v, log_decay=None, state=None):
    state = q.new_zeros(B, H, D, E) if state is None else state
    answers = []
    for i in range(q.shape[2]):
        now = None if log_decay is None else log_decay[:, :, i]
        state, y = linear_attention_step(state, q[:, :, i], k[:, :, i], v[:, :, i], now)
        answers.append(y)
    return torch.stack(answers, 2), state


def outcome(function, given):
    leaves = [x.clone().requires_grad_() for x in given]
    y, state = function(*leaves)
    upstream = torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)
    (y * upstream).sum().backward()
    return [y.detach(), state.detach(), *(leaf.grad for leaf in leaves)]


@settings(max_examples=20, deadline=None)
@given(t=st.integers(1, 19), chunk=st.integers(1, 23), decay=st.booleans())
def test_in_chunks_it_is_step_by_step_forward_and_backward(t, chunk, decay):
    given = inputs(t, decay)
    ours, steps = outcome(lambda *x: linear_attention(*x, chunk=chunk), given), outcome(stepwise, given)
    for mine, other in zip(ours, steps, strict=True):
        assert_close(mine, other, atol=1e-10, rtol=1e-8)


@pytest.mark.parametrize("decay", [True, False])
def test_with_a_mask_it_is_step_by_step_forward_and_backward(decay):
    given = inputs(decay=decay)
    ours = outcome(lambda *x: (masked_linear_attention(*x), torch.zeros(1)), given)
    for mine, other in zip(ours[::2], outcome(stepwise, given)[::2], strict=False):
        assert_close(mine, other, atol=1e-10, rtol=1e-8)
    for mine, other in zip(ours[2:], outcome(stepwise, given)[2:], strict=True):
        assert_close(mine, other, atol=1e-10, rtol=1e-8)


def test_gradients_are_those_of_differences():
    leaves = [x[:1, :1, :5].requires_grad_() for x in inputs(5)]
    assert torch.autograd.gradcheck(lambda *x: linear_attention(*x, chunk=2), leaves)
    assert torch.autograd.gradcheck(masked_linear_attention, leaves)


def test_a_text_can_be_read_in_two_parts():
    q, k, v, log_decay = inputs()
    whole, end = linear_attention(q, k, v, log_decay, chunk=4)
    one, state = linear_attention(q[:, :, :6], k[:, :, :6], v[:, :, :6], log_decay[:, :, :6], chunk=4)
    two, state = linear_attention(q[:, :, 6:], k[:, :, 6:], v[:, :, 6:], log_decay[:, :, 6:], state, chunk=4)
    assert_close(torch.cat([one, two], 2), whole)
    assert_close(state, end)


def test_it_is_the_scan_of_mamba_2():
    q, k, v, dt = inputs(dtype=torch.float32)
    dt, a = (
        -dt,
        -torch.tensor([0.3, 1.0, 2.7]),
    )  # their steps, one for each head and position, and rates, one for each head
    theirs, end = mamba2_chunk_scan(
        v.transpose(1, 2), dt.transpose(1, 2), a, k.transpose(1, 2), q.transpose(1, 2), 4, return_final_states=True
    )
    ours, state = linear_attention(q, k, v * dt[..., None], a[:, None] * dt, chunk=5)
    assert_close(ours, theirs.transpose(1, 2), atol=1e-5, rtol=1e-4)
    assert_close(state.mT, end, atol=1e-5, rtol=1e-4)


def test_the_mask_is_the_product_of_the_decays_between():
    log_decay = inputs()[3]
    mask, a = decay_mask(log_decay), log_decay.exp()
    assert_close(mask, segment_sum(log_decay).exp())
    assert_close(mask[1, 2, 9, 4], a[1, 2, 5:10].prod())
    assert torch.equal(decay_mask(torch.zeros(T)), causal_mask(T).float())
    assert (mask.diagonal(dim1=-2, dim2=-1) == 1).all()


def test_a_strong_decay_gives_finite_gradients():
    log_decay = torch.full((40,), -50.0, requires_grad=True)
    decay_mask(log_decay).sum().backward()
    assert log_decay.grad.isfinite().all()


HARSH = {
    "all is forgotten": [0.0, 0, -math.inf, -0.1, -0.1, 0, -math.inf, -0.2],
    "all is forgotten twice, and at once": [-math.inf, -math.inf, -0.3, 0, 0, -math.inf, 0, -0.1],
    "nearly all is forgotten": [0.0, 0, -1e6, -0.01, -0.01, -0.01, -1e30, -0.02],
    "much is forgotten everywhere": [-200.0, -0.1, -300, -0.2, -100, -0.3, -5000, -0.4],
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("chunk", [1, 3, 64])
@pytest.mark.parametrize("name", HARSH)
def test_after_a_harsh_decay_it_is_step_by_step_forward_and_backward(name, chunk, dtype):
    given = [*inputs(8, decay=False, dtype=dtype), torch.tensor(HARSH[name], dtype=dtype).expand(B, H, 8)]
    steps, close = outcome(stepwise, given), {"atol": 1e-10 if dtype == torch.float64 else 1e-5, "rtol": 1e-5}
    assert all(part.isfinite().all() for part in steps)
    for mine, other in zip(outcome(lambda *x: linear_attention(*x, chunk=chunk), given), steps, strict=True):
        assert_close(mine, other, **close)
    masked = outcome(lambda *x: (masked_linear_attention(*x), torch.zeros(1)), given)
    for mine, other in zip([masked[0], *masked[2:]], [steps[0], *steps[2:]], strict=True):
        assert_close(mine, other, **close)


def test_divided_by_a_column_of_ones_it_is_attention_with_the_kernel_in_place_of_the_exponential():
    q, k, v = inputs(decay=False)
    q, k = feature_map(q), feature_map(k)
    weights = (q @ k.mT).tril()
    expected = weights / weights.sum(-1, keepdim=True) @ v
    both, _ = linear_attention(q, k, torch.cat([v, torch.ones_like(v[..., :1])], -1), chunk=4)
    assert_close(both[..., :-1] / both[..., -1:], expected)
    assert (feature_map(torch.linspace(-9, 9, 99)) > 0).all()


def test_with_a_feature_for_every_power_it_is_the_softmax():
    """exp(q k) is a sum of products of powers, so a feature map as wide as all powers would be attention itself."""
    q, k, v = (x[..., :1] / 2 for x in inputs(decay=False))
    n = torch.arange(12, dtype=torch.float64)
    powers = [x**n / (torch.lgamma(n + 1) / 2).exp() for x in (q, k)]
    both, _ = linear_attention(*powers, torch.cat([v, torch.ones_like(v)], -1))
    expected = attention_weights(q, k, causal_mask(T)) @ v
    assert_close(both[..., :1] / both[..., 1:], expected, atol=1e-6, rtol=1e-6)


def test_wrong_shapes_are_named():
    q, k, v, log_decay = inputs()
    for wrong in ((q, k[:, :, 1:], v, log_decay), (q, k, v[:, :, 1:], log_decay), (q, k, v, log_decay[..., 1:])):
        for function in (linear_attention, masked_linear_attention):
            with pytest.raises(ValueError, match=r"queries .* take keys of the same shape"):
                function(*wrong)
    with pytest.raises(ValueError, match="a chunk takes at least 1 position; got 0"):
        linear_attention(q, k, v, chunk=0)
