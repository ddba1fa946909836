"""The normalisations of layers are torch's, forward and backward."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from largemodels.layers import LayerNorm, RMSNorm, layer_norm, rms_norm


def outcome(norm, parts, upstream):
    leaves = [part.clone().requires_grad_() for part in parts]
    y = norm(*leaves)
    return y.detach(), *torch.autograd.grad(y, leaves, upstream)


@settings(deadline=None, max_examples=40)
@given(outer=st.lists(st.integers(1, 7), max_size=3), width=st.integers(2, 11), seed=st.integers(0, 2**31))
def test_layer_norm_is_torchs_for_any_shape(outer, width, seed):
    torch.manual_seed(seed)
    shape = [*outer, width]
    spread = torch.linspace(0, 5, width)  # entries all alike would leave nothing but rounding to divide by
    parts = torch.randn(shape) + spread, torch.randn(width), torch.randn(width)
    upstream = torch.randn(shape) / max(1, torch.Size(outer).numel()) ** 0.5
    reference = outcome(lambda x, w, b: F.layer_norm(x, shape[-1:], w, b), parts, upstream)
    for mine, other in zip(outcome(layer_norm, parts, upstream), reference, strict=True):
        assert_close(mine, other, atol=1e-5, rtol=1e-5)


def test_layer_norm_has_the_gradients_of_finite_differences():
    parts = [torch.randn(*shape, dtype=torch.float64, requires_grad=True) for shape in ((3, 5), (5,), (5,))]
    assert torch.autograd.gradcheck(layer_norm, parts)


def test_weights_go_both_ways():
    ours, theirs = LayerNorm(7), nn.LayerNorm(7)
    nn.init.normal_(ours.weight), nn.init.normal_(ours.bias)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 7)
    assert_close(ours(x), theirs(x))


def test_every_position_has_mean_0_and_variance_1():
    y = LayerNorm(64)(torch.randn(3, 5, 64) * 7 + 11)
    assert_close(y.mean(-1), torch.zeros(3, 5), atol=1e-5, rtol=0)
    assert_close(y.var(-1, correction=0), torch.ones(3, 5), atol=1e-4, rtol=0)


@pytest.mark.parametrize("weighted", [True, False])
def test_rms_norm_is_torchs_forward_and_backward(weighted):
    torch.manual_seed(0)
    x, upstream = torch.randn(3, 5, 7), torch.randn(3, 5, 7)
    parts = (x, torch.randn(7)) if weighted else (x,)
    reference = outcome(lambda x, w=None: F.rms_norm(x, (7,), w, eps=1e-6), parts, upstream)
    for mine, other in zip(outcome(rms_norm, parts, upstream), reference, strict=True):
        assert_close(mine, other, atol=1e-5, rtol=1e-5)


def test_the_rms_norm_of_llama_is_torchs_forward_and_backward():
    torch.manual_seed(0)
    ours, theirs = RMSNorm(7, eps=0.01).double(), nn.RMSNorm(7, eps=0.01).double()
    nn.init.normal_(ours.weight)
    theirs.load_state_dict(ours.state_dict())
    x, upstream = torch.randn(2, 3, 5, 7, dtype=torch.float64), torch.randn(2, 3, 5, 7, dtype=torch.float64)
    outcomes = []
    for norm in (ours, theirs):
        leaf = x.clone().requires_grad_()
        y = norm(leaf)
        y.backward(upstream)
        outcomes.append((y, leaf.grad, norm.weight.grad))
    for mine, other in zip(*outcomes, strict=True):
        assert_close(mine, other, atol=1e-12, rtol=1e-10)


def test_in_bfloat16_the_rms_norm_squares_in_float32():
    x = (torch.randn(3, 5, 7) * 300).bfloat16()
    assert_close(rms_norm(x).float(), rms_norm(x.float()), atol=0, rtol=2**-8)


def test_weights_that_do_not_fit_are_named():
    x = torch.randn(3, 7)
    with pytest.raises(ValueError, match=r"shape \(7,\); got \(3,\) and \(7,\)"):
        layer_norm(x, torch.ones(3), torch.zeros(7))
    with pytest.raises(ValueError, match=r"weight of shape \(7,\); got \(3,\)"):
        rms_norm(x, torch.ones(3))
    with pytest.raises(ValueError, match="width must be at least 1; got 0"):
        LayerNorm(0)
