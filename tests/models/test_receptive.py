import pytest
import torch
from torch import nn

from largemodels.models import ConvNet, ConvNetConfig, ReceptiveField, ResNet, ResNetConfig, receptive_field


def pixels_with_gradient(model, tap, image, row, column):
    """The pixels that one unit depends on: those with a gradient, whatever the weights (all positive here)."""
    seen = {}
    module = dict(model.named_modules())[tap]
    hook = module.register_forward_hook(lambda module, args, output: seen.update(output=output))
    model(image.requires_grad_())
    hook.remove()
    (gradient,) = torch.autograd.grad(seen["output"][0, 0, row, column], image)
    return {(i, j) for i, j in gradient[0].abs().sum(0).nonzero().tolist()}


def all_visible(model):
    """Make every path count: positive weights and averages for maxima, so that no gradient cancels or is cut."""
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.MaxPool2d):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, nn.AvgPool2d(module.kernel_size, module.stride))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.abs() + 0.01)
    return model.eval().double()


@pytest.mark.parametrize(
    ("tap", "size", "stride"),
    [
        ("stages.0.conv", 3, 1),
        ("stages.0.relu", 4, 2),
        ("stages.1.conv", 8, 2),
        ("stages.1.relu", 10, 4),
        ("stages.1", 10, 4),
    ],
)
def test_the_receptive_field_of_the_convnet_is_exactly_the_pixels_with_a_gradient(tap, size, stride):
    model = ConvNet()
    field = receptive_field(model, tap)
    assert (field.size, field.stride, field.offset) == (size, stride, 0)
    model = all_visible(model)
    image = torch.rand(1, 1, 28, 28, dtype=torch.float64) + 0.1
    for row, column in [(0, 0), (2, 3), (4, 4)]:
        expected = {(i, j) for i in field.window(row) for j in field.window(column)}
        assert pixels_with_gradient(model, tap, image, row, column) == expected


@pytest.mark.parametrize("tap", ["stem", "blocks.0.relu", "blocks.1.correction", "blocks.2.relu", "blocks.3.relu"])
def test_the_receptive_field_of_a_residual_network_reaches_over_its_padded_edges(tap):
    model = ResNet(ResNetConfig(size=29, widths=(3, 5), blocks=2))
    field = receptive_field(model, tap)
    model = all_visible(model)
    image = torch.rand(1, 1, 29, 29, dtype=torch.float64) + 0.1
    for row, column in [(0, 0), (7, 3), (5, 11)]:
        expected = {(i, j) for i in field.window(row, 29) for j in field.window(column, 29)}
        assert pixels_with_gradient(model, tap, image, row, column) == expected
    assert field.offset < 0


def test_a_shortcut_sees_less_than_the_correction_beside_it():
    model = ResNet(ResNetConfig(size=29, widths=(3, 5), blocks=1))
    shortcut, correction = (receptive_field(model, f"blocks.1.{branch}") for branch in ("shortcut", "correction"))
    assert shortcut.stride == correction.stride == 2
    assert shortcut.size < correction.size
    assert set(shortcut.window(4)) < set(correction.window(4))


def test_strides_and_paddings_of_any_chain_add_up():
    model = nn.Sequential(
        nn.Conv2d(2, 3, 5, stride=3, padding=2), nn.ReLU(), nn.Conv2d(3, 5, 3, dilation=2), nn.MaxPool2d(2, 1)
    )
    field = receptive_field(model, "3")
    assert field == ReceptiveField(size=5 + 4 * 3 + 1 * 3, stride=3, offset=-2)
    image = torch.rand(1, 2, 41, 41, dtype=torch.float64) + 0.1
    seen = pixels_with_gradient(all_visible(model), "3", image, 0, 6)
    assert {row for row, _ in seen} <= set(field.window(0, 41))
    assert {column for _, column in seen} <= set(field.window(6))
    assert min(column for _, column in seen) == field.window(6)[0]
    assert max(column for _, column in seen) == field.window(6)[-1]


def test_an_unknown_tap_and_a_layer_that_sees_everything_are_refused():
    model = ConvNet(ConvNetConfig())
    with pytest.raises(LookupError, match=r"no tap named stages.7.*stages.0.conv"):
        receptive_field(model, "stages.7")
    with pytest.raises(ValueError, match="flatten is a Flatten"):
        receptive_field(model, "classifier")
    with pytest.raises(ValueError, match="same in height and width"):
        receptive_field(nn.Sequential(nn.Conv2d(1, 1, (3, 5))), "0")
