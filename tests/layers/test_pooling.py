"""The max pooling written out in layers.max_pool2d is torch's own, forward and backward."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from largemodels.layers import max_pool2d


def outcome(pool, x, upstream, *options):
    x = x.clone().requires_grad_()
    y = pool(x, *options)
    return y.detach(), torch.autograd.grad(y, x, upstream)[0]


def check_against_torch(x, size, stride=None):
    upstream = torch.randn_like(F.max_pool2d(x, size, stride))
    ours, theirs = (outcome(pool, x, upstream, size, stride) for pool in (max_pool2d, F.max_pool2d))
    assert_close(ours[0], theirs[0], atol=0, rtol=0)
    assert_close(ours[1], theirs[1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("size", "stride"), [(2, None), (3, None), (3, 2), (2, 3), (3, 1), (1, 2)])
def test_pooling_is_torchs_forward_and_backward(size, stride):
    torch.manual_seed(0)
    check_against_torch(torch.randn(2, 3, 11, 13), size, stride)


@settings(deadline=None, max_examples=30)
@given(
    batch=st.integers(1, 5),
    channels=st.integers(1, 7),
    size=st.integers(1, 5),
    beyond=st.tuples(st.integers(0, 11), st.integers(0, 13)),
    stride=st.none() | st.integers(1, 4),
    seed=st.integers(0, 2**31),
)
def test_pooling_is_torchs_for_any_shape(batch, channels, size, beyond, stride, seed):
    torch.manual_seed(seed)
    check_against_torch(torch.randn(batch, channels, size + beyond[0], size + beyond[1]), size, stride)


@settings(deadline=None, max_examples=30)
@given(levels=st.integers(1, 3), size=st.integers(2, 4), stride=st.integers(1, 4), seed=st.integers(0, 2**31))
def test_among_equals_the_first_gets_the_gradient_as_in_torch(levels, size, stride, seed):
    torch.manual_seed(seed)
    check_against_torch(torch.randint(levels, (2, 3, 11, 13)).float(), size, stride)


def test_gradient_is_that_of_finite_differences():
    torch.manual_seed(0)
    x = torch.randperm(2 * 3 * 5 * 7).view(2, 3, 5, 7).double().requires_grad_()  # no two numbers are close
    assert torch.autograd.gradcheck(lambda x: max_pool2d(x, 3, 2), x)


def test_rows_and_columns_left_over_are_dropped():
    assert max_pool2d(torch.ones(1, 1, 11, 11), 2).shape == (1, 1, 5, 5)


def test_pooling_before_the_relu_gives_the_same_maps():
    x = torch.randn(2, 3, 11, 13)
    assert torch.equal(max_pool2d(x.relu(), 2), max_pool2d(x, 2).relu())


@pytest.mark.parametrize(
    ("shape", "size", "stride", "message"),
    [
        ((3, 11, 13), 2, None, r"takes \(b, c, height, width\)"),
        ((0, 3, 11, 13), 2, None, r"none of them 0; got \(0, 3, 11, 13\)"),
        ((2, 3, 11, 13), 12, None, "a window of 12 × 12 with stride 12 does not fit into 11 × 13"),
        ((2, 3, 11, 13), 0, None, "both must be at least 1"),
        ((2, 3, 11, 13), 2, 0, "both must be at least 1"),
    ],
)
def test_wrong_input_is_named(shape, size, stride, message):
    with pytest.raises(ValueError, match=message):
        max_pool2d(torch.ones(shape), size, stride)
