"""Weights in few bits are torchao's, number for number, and take as few bytes as said."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from torchao.quantization import Int8WeightOnlyConfig, IntxWeightOnlyConfig, PerGroup, quantize_

from largemodels.compress import Rounded, RoundedLinear, packed_size, round_in_blocks, round_weights
from largemodels.models import GPT, GPTConfig


def linear(out=48, into=96):
    torch.manual_seed(0)
    return nn.Linear(into, out)


@pytest.mark.parametrize("case", ["8 bits a row", "8 bits in blocks", "4 bits in blocks"])
def test_numbers_scales_and_products_are_torchaos(case):
    bits, block = int(case[0]), 32 if "blocks" in case else None
    kind = torch.int8 if bits == 8 else torch.int4
    config = Int8WeightOnlyConfig() if block is None else IntxWeightOnlyConfig(kind, PerGroup(block))
    mine, theirs, x = linear(), nn.Sequential(linear()), torch.randn(5, 96)
    numbers, scale = round_in_blocks(mine.weight, bits, block)
    quantize_(theirs, config)
    assert torch.equal(theirs[0].weight.qdata, numbers)
    assert_close(theirs[0].weight.scale.view_as(scale), scale, rtol=0, atol=0)
    assert_close(Rounded(mine.weight, bits, block).weight, theirs[0].weight.dequantize(), rtol=0, atol=0)
    ours = RoundedLinear(Rounded(mine.weight, bits, block), mine.bias)
    assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize(("shape", "block"), [((7, 13), 5), ((3, 8), None), ((5, 11), 1), ((2, 3), 64)])
def test_any_matrix_is_rounded_by_half_a_step_at_most(shape, bits, block):
    torch.manual_seed(0)
    w = torch.randn(shape)
    rounded = Rounded(w, bits, block)
    step = rounded.scale.repeat_interleave(rounded.block, 1)[:, : shape[1]]
    assert ((rounded.weight - w).abs() <= step * 0.5001).all()
    assert rounded.numbers.nbytes == (shape[0] * shape[1] if bits == 8 else shape[0] * -(-shape[1] // 2))


def test_zeros_stay_zeros():
    assert torch.equal(Rounded(torch.zeros(2, 5), 4, 3).weight, torch.zeros(2, 5))


@pytest.mark.parametrize(("bits", "most"), [(8, 0.02), (4, 0.3)])
def test_a_gpt_with_a_tied_head_is_rounded_and_answers_nearly_as_before(bits, most):
    torch.manual_seed(0)
    model, tokens = GPT(GPTConfig(layers=2, width=32, heads=2, quiet_start=False)).eval(), torch.arange(30).view(2, 15)
    whole, before = packed_size(model), model(tokens)
    round_weights(model, bits, 32)
    error = (model(tokens) - before).norm() / before.norm()
    assert 0 < error < most
    assert packed_size(model) < whole * (bits + 2) / 32
    model(tokens).sum().backward()
    assert model.norm.weight.grad is not None


def test_weights_that_two_layers_share_are_kept_once():
    model = nn.Sequential(nn.Embedding(8, 6), nn.Linear(6, 8, bias=False))
    model[1].weight = model[0].weight
    round_weights(model, 4)
    assert model[0].rounded is model[1].rounded
    assert packed_size(model) == 8 * 3 + 4 * 8
    assert torch.equal(model[0](torch.tensor([3, 5])), model[0].weight[[3, 5]])


def test_what_cannot_be_rounded_is_said():
    for bad in ((torch.ones(3), 8, None), (torch.ones(2, 2), 3, None), (torch.ones(2, 2), 4, 0)):
        with pytest.raises(ValueError, match="rounded to 8 or 4 bits, in blocks of 1 or more; got"):
            round_in_blocks(*bad)
    with pytest.raises(ValueError, match="not finite"):
        round_in_blocks(torch.full((2, 2), torch.inf), 8)
