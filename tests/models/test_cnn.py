"""What the book says of the source's network."""

import pytest
import torch
from torch.testing import assert_close

from largemodels.interpret import capture
from largemodels.models import ConvNet, ConvNetConfig


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_network_of_the_source_has_34826_parameters():
    model = ConvNet()
    assert [count(stage) for stage in model.stages] == [320, 18_496]
    assert count(model.classifier) == 16_010
    assert count(model) == 34_826


def test_maps_shrink_from_28_to_26_13_11_5():
    model = ConvNet()
    with capture(model, "*") as seen:
        model(torch.rand(2, 1, 28, 28))
    shapes = {name: tuple(seen[name].shape[1:]) for name in seen}
    assert shapes["stages.0.conv"] == (32, 26, 26)
    assert shapes["stages.0.relu"] == (32, 13, 13)
    assert shapes["stages.1.conv"] == (64, 11, 11)
    assert shapes["stages.1.relu"] == (64, 5, 5)
    assert shapes["flatten"] == (1600,)
    assert model.config.sizes == (28, 13, 5)


def test_pooling_before_the_relu_changes_no_logit():
    torch.manual_seed(0)
    model, x = ConvNet(), torch.randn(3, 1, 28, 28)
    y = x
    for stage in model.stages:
        y = stage.pool(stage.relu(stage.conv(y)))
    assert_close(model.classifier(y.flatten(1)), model(x), atol=0, rtol=0)


def test_the_last_two_rows_and_columns_of_the_image_change_no_logit():
    model, x = ConvNet().eval(), torch.rand(3, 1, 28, 28)
    other = x.clone()
    other[..., 26:, :] = other[..., 26:] = 5.0
    assert model.config.seen == 26
    assert_close(model(other), model(x), atol=0, rtol=0)
    other[..., 25, 25] = 5.0
    assert not torch.equal(model(other), model(x))


@pytest.mark.parametrize(
    "config", [ConvNetConfig(), ConvNetConfig(size=29, channels=3, widths=(5, 7), kernel=2, pool=3)]
)
def test_training_leaves_out_what_pooling_drops_and_learns_the_same(config):
    model = ConvNet(config).double()
    x = torch.randn(3, config.channels, config.size, config.size, dtype=torch.float64)

    def learn(training):
        logits = model.train(training)(x)
        return logits, torch.autograd.grad(logits.square().sum(), list(model.parameters()))

    assert_close(learn(training=True), learn(training=False), atol=1e-12, rtol=1e-12)


def test_every_part_takes_its_size_from_the_configuration():
    config = ConvNetConfig(size=31, channels=3, widths=(5, 7, 11), kernel=2, pool=2, classes=13)
    model = ConvNet(config)
    assert model(torch.rand(2, 3, 31, 31)).shape == (2, 13)
    assert config.sizes == (31, 15, 7, 3)


def test_state_dict_names_are_the_taps():
    assert list(ConvNet().state_dict()) == [
        "stages.0.conv.weight",
        "stages.0.conv.bias",
        "stages.1.conv.weight",
        "stages.1.conv.bias",
        "classifier.weight",
        "classifier.bias",
    ]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 28, 28), r"the model takes images of shape \(b, 1, 28, 28\); got \(1, 28, 28\)"),
        ((0, 1, 28, 28), "got an empty batch"),
        ((2, 3, 28, 28), "got 3 channels instead of 1"),
        ((2, 1, 8, 8), "got 8 × 8: resize them first"),
        ((2, 1, 28, 29), "got 28 × 29"),
    ],
)
def test_wrong_images_are_named(shape, message):
    with pytest.raises(ValueError, match=message):
        ConvNet()(torch.rand(shape))


@pytest.mark.parametrize(
    "bad",
    [{"size": 0}, {"channels": 0}, {"widths": ()}, {"widths": (32, 0)}, {"kernel": 0}, {"pool": 0}, {"classes": -1}],
)
def test_a_size_below_1_is_refused(bad):
    with pytest.raises(ValueError, match="at least 1"):
        ConvNetConfig(**bad)


def test_too_many_stages_are_refused():
    with pytest.raises(ValueError, match="4 stages leave nothing of a 28 × 28 image"):
        ConvNetConfig(widths=(8, 8, 8, 8))
