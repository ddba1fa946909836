"""The costs that the book works out by hand are those that PyTorch counts."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from largemodels.estimate import LayerCost, layer_costs
from largemodels.models import ConvNet, ResNet, ResNetConfig

IMAGE = torch.rand(1, 1, 28, 28)


def by_hand(model, rows):
    """Multiply-adds from the shapes alone: each number of an output is one sum over what its window covers."""
    layers = dict(model.named_modules())
    costs = []
    for row in rows:
        layer = layers[row.name]
        covered = layer.weight[0].numel() if isinstance(layer, nn.Conv2d | nn.Linear) else 0
        costs.append(torch.Size(row.shape).numel() * covered)
    return costs


@pytest.mark.parametrize(
    "model", [ConvNet(), ResNet(ResNetConfig(widths=(3, 5, 7), blocks=2)), ResNet(ResNetConfig(normalise=False))]
)
def test_costs_by_hand_are_those_that_torch_counts(model):
    rows = layer_costs(model, IMAGE)
    assert [row.multiply_adds for row in rows] == by_hand(model, rows)
    with FlopCounterMode(display=False) as counter:
        model.eval()(IMAGE)  # ConvNet leaves out what pooling drops only while it trains
    assert sum(row.multiply_adds for row in rows) * 2 == counter.get_total_flops()
    assert sum(row.parameters for row in rows) == sum(p.numel() for p in model.parameters())


def test_costs_of_the_sources_network():
    rows = {row.name: row for row in layer_costs(ConvNet(), IMAGE)}
    assert rows["stages.0.conv"] == LayerCost("stages.0.conv", "Conv2d", (32, 26, 26), 320, 26 * 26 * 32 * 9)
    assert rows["stages.1.conv"] == LayerCost("stages.1.conv", "Conv2d", (64, 11, 11), 18_496, 11 * 11 * 64 * 32 * 9)
    assert rows["classifier"] == LayerCost("classifier", "Linear", (10,), 16_010, 16_000)
    assert next(iter(rows)) == "stages.0.conv"
    assert rows["stages.0.pool"].multiply_adds == 0


def test_the_model_is_left_as_it_was():
    model = ConvNet()
    layer_costs(model, IMAGE)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    with pytest.raises(ValueError, match="got 3 channels"):
        layer_costs(model, torch.rand(1, 3, 28, 28))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


@pytest.mark.parametrize("batch", [0, 2])
def test_costs_are_those_of_one_example(batch):
    with pytest.raises(ValueError, match=f"costs are those of one example; got a batch of {batch}"):
        layer_costs(ConvNet(), torch.rand(batch, 1, 28, 28))
