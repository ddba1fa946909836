"""The convolution written out in layers.conv2d is torch's own, forward and backward."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from largemodels.layers import conv2d
from largemodels.models import ConvNet


def outcome(convolve, x, weight, bias, upstream, **options):
    """Return the feature maps and the gradients of images, filters and biases for one upstream gradient."""
    leaves = [t.clone().requires_grad_() for t in (x, weight, bias) if t is not None]
    y = convolve(*leaves, **options)
    return y.detach(), *torch.autograd.grad(y, leaves, upstream)


def check_against_torch(x, weight, bias, **options):
    y = F.conv2d(x, weight, bias, **options)
    upstream = torch.randn_like(y) / y[:, 0].numel() ** 0.5  # a filter's gradient sums over all places: keep it near 1
    ours = outcome(conv2d, x, weight, bias, upstream, **options)
    theirs = outcome(F.conv2d, x, weight, bias, upstream, **options)
    assert ours[0].shape == y.shape
    for mine, reference in zip(ours, theirs, strict=True):
        assert_close(mine, reference, atol=1e-5, rtol=1e-5)


def filters(outputs, channels, rows, columns):
    return torch.randn(outputs, channels, rows, columns) / (channels * rows * columns) ** 0.5


@pytest.mark.parametrize("stride", [1, 2, (1, 2), (3, 1)])
@pytest.mark.parametrize("padding", [0, 1, (2, 1)])
def test_convolution_is_torchs_forward_and_backward(stride, padding):
    torch.manual_seed(0)
    check_against_torch(torch.randn(2, 3, 11, 13), filters(7, 3, 5, 3), torch.randn(7), stride=stride, padding=padding)


@settings(deadline=None, max_examples=40)
@given(
    batch=st.integers(1, 5),
    channels=st.integers(1, 7),
    outputs=st.integers(1, 7),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    beyond=st.tuples(st.integers(0, 11), st.integers(0, 13)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    biased=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_convolution_is_torchs_for_any_shape(batch, channels, outputs, kernel, beyond, stride, padding, biased, seed):
    torch.manual_seed(seed)
    x = torch.randn(batch, channels, kernel[0] + beyond[0], kernel[1] + beyond[1])
    bias = torch.randn(outputs) if biased else None
    check_against_torch(x, filters(outputs, channels, *kernel), bias, stride=stride, padding=padding)


@pytest.mark.parametrize(("channels", "outputs", "size"), [(1, 32, 28), (32, 64, 13)])
def test_convolution_is_torchs_on_both_layers_of_the_sources_network(channels, outputs, size):
    torch.manual_seed(0)
    check_against_torch(torch.rand(64, channels, size, size), filters(outputs, channels, 3, 3), torch.randn(outputs))


@pytest.mark.parametrize("stride", [1, 2])
def test_gradient_is_that_of_finite_differences(stride):
    torch.manual_seed(0)
    x = torch.randn(2, 2, 3, 5, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 2, 2, 3, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda *leaves: conv2d(*leaves, stride=stride, padding=(1, 0)), (x, weight, bias))


def test_output_size_is_padded_size_minus_kernel_over_stride_plus_one():
    for size in range(1, 14):
        for kernel in range(1, 6):
            for stride in (1, 2, 3):
                for padding in (0, 1, 2):
                    if size + 2 * padding < kernel:
                        continue
                    y = conv2d(torch.ones(1, 1, size, size), torch.ones(1, 1, kernel, kernel), None, stride, padding)
                    assert y.shape[2] == (size + 2 * padding - kernel) // stride + 1


def test_one_number_is_the_sum_of_patch_times_kernel_plus_bias():
    torch.manual_seed(0)
    x, weight, bias = torch.randn(2, 3, 11, 13), torch.randn(5, 3, 2, 7), torch.randn(5)
    y = conv2d(x, weight, bias)
    by_hand = (x[1, :, 4:6, 3:10] * weight[2]).sum() + bias[2]
    assert_close(y[1, 2, 4, 3], by_hand, atol=1e-5, rtol=1e-5)


def test_kernel_is_not_flipped():
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 2, 2] = 1
    kernel = torch.arange(9.0).view(1, 1, 3, 3)
    assert torch.equal(conv2d(x, kernel)[0, 0], kernel[0, 0].flip(0, 1))  # a convolution would stamp it unflipped


def test_shifting_the_image_shifts_the_map():
    torch.manual_seed(0)
    x, weight = torch.randn(2, 3, 17, 19), torch.randn(5, 3, 3, 3)
    moved = conv2d(x.roll((1, 2), (2, 3)), weight)
    assert_close(moved[:, :, 1:, 2:], conv2d(x, weight)[:, :, :-1, :-2], atol=1e-5, rtol=1e-5)


def test_networks_convolutions_can_be_ours():
    torch.manual_seed(0)
    model, x = ConvNet().eval(), torch.rand(5, 1, 28, 28)
    y = x
    for stage in model.stages:
        y = stage.relu(stage.pool(conv2d(y, stage.conv.weight, stage.conv.bias)))
    assert_close(model.classifier(y.flatten(1)), model(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_convolution_keeps_the_type_of_its_numbers(dtype):
    x, weight = torch.randn(2, 3, 7, 5).to(dtype), torch.randn(5, 3, 3, 3).to(dtype)
    assert conv2d(x, weight).dtype == dtype


def test_nan_reaches_exactly_the_places_whose_patch_holds_it():
    x = torch.zeros(1, 1, 7, 11)
    x[0, 0, 3, 5] = torch.nan
    touched = conv2d(x, torch.ones(1, 1, 3, 3)).isnan()[0, 0]
    assert touched[1:4, 3:6].all()
    assert touched.sum() == 9


@pytest.mark.parametrize(
    ("x", "weight", "bias", "options", "message"),
    [
        ((3, 11, 13), (5, 3, 3, 3), None, {}, r"takes images .* got shapes \(3, 11, 13\)"),
        ((2, 3, 11, 13), (5, 3, 3), None, {}, r"takes images .* \(5, 3, 3\)"),
        ((2, 1, 11, 13), (5, 3, 3, 3), None, {}, "images have 1 channels, the filters 3"),
        ((2, 3, 11, 13), (5, 3, 3, 3), (3,), {}, r"5 filters take a bias of shape \(5,\); got \(3,\)"),
        ((0, 3, 11, 13), (5, 3, 3, 3), None, {}, "nothing to convolve"),
        ((2, 3, 11, 13), (0, 3, 3, 3), None, {}, "nothing to convolve"),
        ((2, 3, 2, 13), (5, 3, 3, 3), None, {}, r"does not fit into a padded image of \(2, 13\)"),
        ((2, 3, 11, 13), (5, 3, 3, 3), None, {"stride": 0}, "stride must be at least 1"),
        ((2, 3, 11, 13), (5, 3, 3, 3), None, {"padding": -1}, "padding at least 0"),
    ],
)
def test_wrong_input_is_named(x, weight, bias, options, message):
    with pytest.raises(ValueError, match=message):
        conv2d(torch.ones(x), torch.ones(weight), None if bias is None else torch.ones(bias), **options)
