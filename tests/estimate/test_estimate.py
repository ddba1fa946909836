"""The costs that the book works out by hand are those that PyTorch counts."""

import warnings

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from largemodels.estimate import LayerCost, layer_costs
from largemodels.models import (
    GPT,
    AttentionClassifier,
    CharRNN,
    ConvNet,
    GPTConfig,
    RecurrentClassifier,
    ResNet,
    ResNetConfig,
    Seq2Seq,
    TransformerEncoder,
    ViT,
)

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


def tokens(t):
    return torch.arange(t)[None] % 7


def test_rows_of_attention_hold_all_five_products():
    rows = {row.name: row for row in layer_costs(AttentionClassifier(), tokens(100))}
    # queries, keys and values, then scores and means, of 100 positions of width 64
    assert rows["attention"].multiply_adds == 3 * 100 * 64 * 64 + 2 * 100 * 100 * 64
    assert rows["attention"].parameters == 3 * 64 * 64 + 3 * 64
    assert rows["attention.out_proj"].multiply_adds == 100 * 64 * 64
    assert sum(row.multiply_adds for row in rows.values()) == 3_392_000


def test_rows_of_a_recurrent_network_hold_its_recurrence():
    rows = {row.name: row for row in layer_costs(CharRNN(), tokens(41))}
    assert list(rows) == ["embedding", "recurrent", "head"]
    assert rows["recurrent"] == LayerCost("recurrent", "LSTM", (41, 128), 82_944, 41 * 4 * 128 * (32 + 128))
    assert sum(row.parameters for row in rows.values()) == 98_561


def test_what_a_model_does_outside_its_layers_is_a_row_without_a_name():
    (row,) = (row for row in layer_costs(GPT(), tokens(11)) if not row.name)
    assert (row.kind, row.parameters, row.multiply_adds) == ("GPT", 0, 11 * 97 * 128)  # the head is the embedding
    (row,) = (row for row in layer_costs(ViT(), IMAGE) if not row.name)
    assert (row.kind, row.parameters, row.multiply_adds) == ("ViT", 48, 0)  # the class token


class Attending(nn.Module):
    """Torch's own attention, which computes with its last layer without calling it."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


X = torch.randn(1, 50, 32)
MODELS = {
    "classifier": (AttentionClassifier(), tokens(100)),
    "encoder": (TransformerEncoder(), tokens(100)),
    "recurrent": (RecurrentClassifier(), tokens(100)),
    "characters": (CharRNN(), tokens(41)),
    "GPT": (GPT(), tokens(41)),
    "GPT-2": (GPT(GPTConfig(positions="learned", norm_queries=False)), tokens(41)),
    "translator": (Seq2Seq(), tokens(29)),
    "ViT": (ViT(), IMAGE),
    "attention": (Attending(), X),
    "encoder layer": (nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), X),
    "LSTM": (nn.LSTM(32, 17, num_layers=2, bidirectional=True, batch_first=True), X),
    "GRU": (nn.GRU(32, 17, batch_first=True), X),
    "bag": (nn.Sequential(nn.Flatten(), nn.Linear(1600, 3), nn.Linear(3, 3)), X),
}


@pytest.mark.parametrize(("model", "example"), MODELS.values(), ids=MODELS)
def test_rows_add_up_to_the_model(model, example):
    rows = layer_costs(model, example)
    assert sum(row.parameters for row in rows) == sum(p.numel() for p in model.parameters())
    # torch's own counter, on kernels that it can count: attention written out, no oneDNN
    with (
        warnings.catch_warnings(),
        torch.no_grad(),
        sdpa_kernel(SDPBackend.MATH),
        FlopCounterMode(display=False) as counter,
    ):
        warnings.simplefilter("ignore")
        with torch.backends.mkldnn.flags(enabled=False):
            model.train()(example)  # torch's fast path, which is counted as nothing, is for evaluation
    assert sum(row.multiply_adds for row in rows) * 2 == counter.get_total_flops() > 0


def test_a_kernel_that_cannot_be_counted_is_named():
    class Spectrum(nn.Module):
        def forward(self, x):
            return torch.fft.rfft(x).abs()

    with pytest.raises(ValueError, match="computes with _fft_r2c, whose products cannot be counted"):
        layer_costs(Spectrum(), X)


def test_nothing_stays_on_when_a_layer_fails():
    class Fails(nn.Module):
        def forward(self, x):
            raise RuntimeError("mine")

    model = nn.Sequential(nn.Linear(32, 5), Fails())
    before = torch.utils._python_dispatch._get_current_dispatch_mode_stack()
    with pytest.raises(RuntimeError, match="mine"):
        layer_costs(model, X)
    assert torch.utils._python_dispatch._get_current_dispatch_mode_stack() == before == []
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert model.training


def test_an_example_teaches_batch_normalisation_nothing():
    model = ResNet(ResNetConfig(widths=(3, 5, 7)))
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    layer_costs(model, IMAGE)
    assert model.training
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())


def test_shared_layers_count_once_and_work_as_often_as_they_run():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = nn.Linear(32, 32)
            self.other = self.one

        def forward(self, x):
            return self.other(self.one(x))

    (row,) = (row for row in layer_costs(Twice(), X) if row.multiply_adds)
    assert (row.name, row.parameters, row.multiply_adds) == ("one", 32 * 32 + 32, 2 * 50 * 32 * 32)
