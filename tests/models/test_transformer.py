"""The encoders of the book: torch's layers, the source document's sizes, and no difference when watched."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from largemodels.interpret import capture
from largemodels.layers import causal_mask
from largemodels.models import (
    AttentionClassifier,
    AttentionClassifierConfig,
    Seq2SeqConfig,
    TransformerEncoder,
    TransformerEncoderConfig,
    ViT,
    ViTConfig,
)
from largemodels.models.seq2seq import DecoderLayer
from largemodels.models.transformer import EncoderLayer

SMALL = {"vocabulary": 23, "steps": 11, "width": 12, "heads": 3, "classes": 5}


def tokens(*shape, high=23):
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(1))


def compare(ours, theirs, call, reference, *given):
    """Copy the weights across; outputs and the gradients of inputs and weights must be equal."""
    theirs.load_state_dict(ours.state_dict())
    results = []
    for model, run in ((ours, call), (theirs, reference)):
        leaves = [part.clone().requires_grad_() for part in given]
        weights = [parameter for _, parameter in sorted(model.named_parameters())]
        y = run(model, *leaves)
        torch.manual_seed(7)
        upstream = torch.randn_like(y) / y[..., 0].numel() ** 0.5
        results.append([y, *torch.autograd.grad(y, [*leaves, *weights], upstream)])
    for mine, other in zip(*results, strict=True):
        assert_close(mine, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_encoder_layer_is_torchs_forward_and_backward(norm_first, masked):
    torch.manual_seed(0)
    hidden = ~causal_mask(7) if masked else None
    compare(
        EncoderLayer(12, 3, 20, norm_first),
        nn.TransformerEncoderLayer(12, 3, 20, 0.0, batch_first=True, norm_first=norm_first),
        lambda layer, x: layer(x, causal_mask(7) if masked else None),
        lambda layer, x: layer(x, src_mask=hidden),
        torch.randn(2, 7, 12),
    )


def test_decoder_layer_is_torchs_forward_and_backward():
    torch.manual_seed(0)
    seen = torch.tensor([[True] * 11, [True] * 5 + [False] * 6])
    compare(
        DecoderLayer(12, 3, 20),
        nn.TransformerDecoderLayer(12, 3, 20, 0.0, batch_first=True, norm_first=True),
        lambda layer, x, memory: layer(x, memory, causal_mask(7), seen[:, None, None]),
        lambda layer, x, memory: layer(x, memory, tgt_mask=~causal_mask(7), memory_key_padding_mask=~seen),
        torch.randn(2, 7, 12),
        torch.randn(2, 11, 12),
    )


def test_the_sources_program_has_so_many_parameters():
    model = AttentionClassifier()
    counts = {name: sum(p.numel() for p in part.parameters()) for name, part in model.named_children()}
    assert sum(counts[name] for name in ("query", "key", "value")) == 3 * 10_000 * 64
    assert counts["attention"] == 4 * (64 * 64 + 64)
    assert counts["hidden"] == 64 * 64 + 64
    assert counts["classifier"] == 100 * 64 * 10 + 10
    assert sum(counts.values()) == 2_004_810


@pytest.mark.parametrize("start", [0.02, 1.0])
def test_embeddings_begin_as_small_as_the_configuration_says(start):
    source = AttentionClassifier(AttentionClassifierConfig(start=start))
    encoder = TransformerEncoder(TransformerEncoderConfig(start=start, positions="none"))
    for embedding in (source.query, source.key, source.value, encoder.embedding):
        assert embedding.weight.std().item() == pytest.approx(start, rel=0.01)
    for positions in ("learned", "sinusoidal"):
        vectors = TransformerEncoder(TransformerEncoderConfig(start=start, positions=positions)).places.vectors
        assert vectors.square().mean().sqrt().item() == pytest.approx(start, rel=0.03), "as large as the tokens"


def test_attention_without_positions_is_the_sources_only_up_to_its_flattening():
    model, x = AttentionClassifier(AttentionClassifierConfig(**SMALL)), tokens(2, 11)
    order = torch.randperm(11, generator=torch.Generator().manual_seed(2))
    with capture(model, "relu") as seen:
        model(x)
    here = seen["relu"]
    with capture(model, "relu") as seen:
        model(x[:, order])
    assert_close(seen["relu"], here[:, order], atol=1e-6, rtol=0)


@pytest.mark.parametrize("positions", ["none", "sinusoidal", "learned"])
def test_an_encoder_knows_the_order_by_its_positions_alone(positions):
    torch.manual_seed(0)
    model = TransformerEncoder(TransformerEncoderConfig(**SMALL, positions=positions)).eval()
    x = tokens(2, 11)
    same = torch.allclose(model(x.flip(1)), model(x), atol=1e-6)
    assert same == (positions == "none")


PARTS = [
    {},
    {"positions": "none"},
    {"residual": False},
    {"normalise": False},
    {"feed_forward": False},
    {"readout": "flatten"},
    {"positions": "none", "residual": False, "normalise": False, "feed_forward": False, "readout": "flatten"},
]


@pytest.mark.parametrize("parts", PARTS, ids=str)
def test_watching_an_encoder_changes_nothing(parts):
    torch.manual_seed(0)
    model, x = TransformerEncoder(TransformerEncoderConfig(**SMALL, **parts)), tokens(2, 11)
    plain = model(x)
    assert plain.shape == (2, 5)
    with capture(model, "layers.*.self_attn.weights") as seen:
        assert_close(model(x), plain, atol=1e-5, rtol=1e-5)
    assert [weights.shape for weights in seen.values()] == [(2, 3, 11, 11)] * 2


def test_each_part_left_out_leaves_out_its_parameters():
    def count(**parts):
        return sum(p.numel() for p in TransformerEncoder(TransformerEncoderConfig(**SMALL, **parts)).parameters())

    assert count() - count(positions="none") == count() - count(positions="sinusoidal") == 11 * 12
    assert count() == count(residual=False)
    assert count() - count(normalise=False) == 5 * 2 * 12
    assert count() - count(feed_forward=False) == 2 * (2 * 12 * 48 + 48 + 12)
    assert count(readout="flatten") - count() == 10 * 12 * 5


# ---- images ----


def test_patches_are_read_one_by_one():
    torch.manual_seed(0)
    model = ViT(ViTConfig(size=12, patch=4, width=8, heads=2, layers=1))
    x = torch.rand(2, 1, 12, 12)
    with capture(model, "patches", "layers.0.self_attn.weights") as seen:
        logits = model(x)
    assert logits.shape == (2, 10)
    assert seen["layers.0.self_attn.weights"].shape == (2, 2, 10, 10)
    other = x.clone()
    other[:, :, 4:8, 8:] += 1.0
    with capture(model, "patches") as after:
        model(other)
    changed = (after["patches"] != seen["patches"]).any(1)
    assert changed.nonzero().tolist() == [[0, 1, 2], [1, 1, 2]]


def test_parameters_of_the_images_transformer_are_counted():
    layer = 4 * 48 * 48 + 4 * 48 + 2 * 4 * 48 * 48 + 5 * 48 + 4 * 48
    expected = 17 * 48 + 48 + 50 * 48 + 3 * layer + 2 * 48 + 49 * 10
    assert sum(p.numel() for p in ViT().parameters()) == expected


# ---- wrong input ----


@pytest.mark.parametrize(
    ("config", "change", "message"),
    [
        (AttentionClassifierConfig, {"heads": 5}, "multiple of the heads, both at least 1; got 64 and 5"),
        (TransformerEncoderConfig, {"positions": "rotary"}, "choose one of none, sinusoidal, learned"),
        (TransformerEncoderConfig, {"readout": "last"}, "choose one of flatten, mean"),
        (TransformerEncoderConfig, {"layers": 0}, "every size must be at least 1"),
        (TransformerEncoderConfig, {"start": 0.0}, "start must be a number above 0; got 0.0"),
        (AttentionClassifierConfig, {"start": float("nan")}, "start must be a number above 0; got nan"),
        (ViTConfig, {"patch": 5}, "patches must tile the image; 5 does not divide 28"),
        (Seq2SeqConfig, {"target": 0}, "every size must be at least 1"),
        (Seq2SeqConfig, {"vocabulary": 2}, "token 0, which fills up, token 1, which begins, and at least one more"),
        (Seq2SeqConfig, {"start": -1.0}, "start must be a number above 0; got -1.0"),
    ],
)
def test_wrong_configurations_are_named(config, change, message):
    with pytest.raises(ValueError, match=message):
        config(**change)


def test_wrong_inputs_are_named():
    with pytest.raises(ValueError, match=r"takes tokens of shape \(b, 11\); got 7 steps"):
        TransformerEncoder(TransformerEncoderConfig(**SMALL))(tokens(2, 7))
    with pytest.raises(ValueError, match="tokens from 0 to 22; got 23"):
        AttentionClassifier(AttentionClassifierConfig(**SMALL))(torch.full((2, 11), 23))
