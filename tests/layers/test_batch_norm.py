"""The batch normalisation written out in layers.batch_norm2d is torch's own, forward and backward."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from largemodels.layers import batch_norm2d


def torchs(x, weight, bias):
    return F.batch_norm(x, None, None, weight, bias, training=True)


def check_against_torch(x, weight, bias):
    upstream, outcomes = torch.randn_like(x), []
    for normalise in (batch_norm2d, torchs):
        leaves = [t.clone().requires_grad_() for t in (x, weight, bias)]
        y = normalise(*leaves)
        outcomes.append((y.detach(), *torch.autograd.grad(y, leaves, upstream)))
    for mine, reference in zip(*outcomes, strict=True):
        assert_close(mine, reference, atol=1e-5, rtol=1e-5)


@settings(deadline=None, max_examples=30)
@given(
    shape=st.tuples(st.integers(2, 5), st.integers(1, 7), st.integers(2, 11), st.integers(2, 13)),
    seed=st.integers(0, 2**31),
)
def test_normalisation_is_torchs_forward_and_backward(shape, seed):
    torch.manual_seed(seed)
    check_against_torch(torch.randn(shape) * 2 + 1, torch.randn(shape[1]), torch.randn(shape[1]))


def test_gradient_is_that_of_finite_differences():
    torch.manual_seed(0)
    leaves = [torch.randn(n, dtype=torch.float64, requires_grad=True) for n in ((2, 3, 5, 7), (3,), (3,))]
    assert torch.autograd.gradcheck(batch_norm2d, leaves)


def test_every_channel_gets_the_mean_and_the_deviation_it_asks_for():
    x, scale, shift = torch.randn(5, 3, 11, 13) * 7 + 2, torch.tensor([1.0, 2, 3]), torch.tensor([5.0, 0, -1])
    y = batch_norm2d(x, scale, shift)
    assert_close(y.mean((0, 2, 3)), shift, atol=1e-4, rtol=0)
    assert_close(y.std((0, 2, 3), correction=0), scale, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("x", "weight", "bias", "message"),
    [
        ((3, 11, 13), (3,), (3,), r"takes \(b, c, h, w\)"),
        ((2, 3, 11, 13), (5,), (5,), "scale and shift"),
        ((2, 3, 11, 13), (3,), (5,), "scale and shift"),
        ((1, 3, 1, 1), (3,), (3,), "at least two numbers per channel"),
        ((0, 3, 11, 13), (3,), (3,), "at least two numbers per channel"),
    ],
)
def test_wrong_input_is_named(x, weight, bias, message):
    with pytest.raises(ValueError, match=message):
        batch_norm2d(torch.ones(x), torch.ones(weight), torch.ones(bias))
