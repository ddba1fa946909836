"""What the book says of the residual network."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

from largemodels.interpret import capture
from largemodels.models import ResNet, ResNetConfig
from largemodels.models.resnet import Block, ConvNorm, Subsample


def test_each_width_halves_the_resolution():
    model = ResNet(ResNetConfig(widths=(3, 5, 7), blocks=1)).eval()
    with capture(model, "stem", "blocks.*.relu", "pool") as seen:
        logits = model(torch.rand(2, 1, 28, 28))
    assert [tuple(maps.shape[1:]) for maps in seen.values()] == [
        (3, 28, 28),
        (3, 28, 28),
        (5, 14, 14),
        (7, 7, 7),
        (7, 1, 1),
    ]
    assert logits.shape == (2, 10)


def test_a_block_adds_its_correction_to_its_input():
    torch.manual_seed(0)
    block, x = Block(3, 3, 1, ResNetConfig()).eval(), torch.rand(2, 3, 11, 13)
    assert isinstance(block.shortcut, nn.Identity)
    assert_close(block(x), (x + block.correction(x)).relu())


def test_a_block_whose_correction_is_zero_changes_nothing():
    block, x = Block(3, 3, 1, ResNetConfig()).eval(), torch.rand(2, 3, 11, 13)
    for parameter in block.correction[2].parameters():
        nn.init.zeros_(parameter)
    assert torch.equal(block(x), x)


def test_a_shortcut_that_thins_out_its_input_is_a_strided_1x1_convolution():
    torch.manual_seed(0)
    carry, x = ConvNorm(3, 5, kernel=1, stride=2, normalise=False), torch.rand(2, 3, 11, 13)
    assert_close(carry(x), F.conv2d(x, carry.conv.weight, carry.conv.bias, stride=2))


def test_no_convolution_steps_over_its_input():
    # oneDNN's backward pass of a strided 1×1 convolution of few channels corrupts memory
    convolutions = [m for m in ResNet(ResNetConfig(widths=(8, 16))).modules() if isinstance(m, nn.Conv2d)]
    assert all(m.stride <= m.kernel_size for m in convolutions)


def test_both_ideas_can_be_switched_off():
    plain = ResNet(ResNetConfig(residual=False, normalise=False))
    kinds = {type(module) for module in plain.modules()}
    assert nn.BatchNorm2d not in kinds
    assert all(block.shortcut is None for block in plain.blocks)
    assert plain(torch.rand(2, 1, 28, 28)).shape == (2, 10)


def test_without_normalisation_every_convolution_has_a_bias():
    for normalise in (True, False):
        convolutions = [m for m in ResNet(ResNetConfig(normalise=normalise)).modules() if isinstance(m, nn.Conv2d)]
        assert all((m.bias is None) is normalise for m in convolutions)


def test_depth_is_the_number_of_blocks_times_two_and_two_more():
    model = ResNet(ResNetConfig(widths=(3, 5), blocks=4))
    on_the_path = [m for m in model.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    assert len(on_the_path) + 1 == 2 * 2 * 4 + 2


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((28, 28), "got \\(28, 28\\)"),
        ((0, 1, 28, 28), "got an empty batch"),
        ((2, 3, 28, 28), "got 3 channels instead of 1"),
        ((2, 1, 32, 32), "got 32 × 32"),
    ],
)
def test_wrong_images_are_named(shape, message):
    with pytest.raises(ValueError, match=message):
        ResNet()(torch.rand(shape))


@pytest.mark.parametrize("bad", [{"size": 0}, {"widths": ()}, {"widths": (3, 0)}, {"blocks": 0}, {"classes": 0}])
def test_a_size_below_1_is_refused(bad):
    with pytest.raises(ValueError, match="at least 1"):
        ResNetConfig(**bad)


def test_an_image_cannot_be_halved_for_ever():
    with pytest.raises(ValueError, match="an image of 7 × 7 cannot be halved 3 times"):
        ResNetConfig(size=7, widths=(3, 3, 3, 3))


def test_a_subsampling_keeps_every_other_row_and_column():
    x = torch.randn(2, 3, 7, 6)
    assert torch.equal(Subsample(2)(x), x[..., ::2, ::2])
    assert torch.equal(Subsample(3)(x), x[..., ::3, ::3])
