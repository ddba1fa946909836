"""Pruning is torch's, its masks survive training, and what is pruned is stored in fewer bytes."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn.utils import prune as torchs
from torch.testing import assert_close

from largemodels.compress import (
    narrow,
    pack_zeros,
    packed_size,
    prune,
    settle,
    smallest_rows,
    smallest_weights,
    unpack_zeros,
)
from largemodels.models import GPT, GPTConfig


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU(), nn.Flatten(), nn.Linear(63, 11), nn.ReLU(), nn.Linear(11, 5))


def trained(model, optimizer, steps=5):
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        x, y = torch.randn(13, 3, 5, 5, generator=generator), torch.randint(5, (13,), generator=generator)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


@pytest.mark.parametrize("share", [0, 0.13, 0.5, 0.9, 1])
def test_masks_are_torchs(share):
    for part in (network()[0], network()[3]):
        masks = smallest_weights(part.weight, share), *(smallest_rows(part.weight, share, axis) for axis in (0, 1))
        single = torchs.L1Unstructured(float(share)).compute_mask(part.weight, torch.ones_like(part.weight))
        rows = [
            torchs.LnStructured(float(share), 2, axis).compute_mask(part.weight, torch.ones_like(part.weight))
            for axis in (0, 1)
        ]
        for mine, theirs in zip(masks, (single, *rows), strict=True):
            assert torch.equal(mine, theirs.bool())


@pytest.mark.parametrize("axis", [None, 0])
def test_training_under_a_mask_is_torchs_and_what_was_masked_stays_0(axis):
    ours, theirs = network(), network()
    prune(ours, 0.6, axis=axis)
    for part in (theirs[0], theirs[3], theirs[5]):
        if axis is None:
            torchs.l1_unstructured(part, "weight", 0.6)
        else:
            torchs.ln_structured(part, "weight", 0.6, n=2, dim=axis)
    before = [ours[i].weight.clone() for i in (0, 3, 5)]
    for model in (ours, theirs):
        trained(model, torch.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.1))
    settle(ours)
    for i in (0, 3, 5):
        torchs.remove(theirs[i], "weight")  # until then, its `weight` is that of before the last step
    for i, old in zip((0, 3, 5), before, strict=True):
        assert_close(ours[i].weight, theirs[i].weight, rtol=0, atol=1e-6)
        assert ((ours[i].weight == 0) == (old == 0)).all()
        assert (ours[i].weight - old).abs().max() > 0.01
        assert type(ours[i]) in (nn.Conv2d, nn.Linear)
    assert ours.state_dict().keys() == network().state_dict().keys()


def test_what_is_pruned_is_larger_before_it_is_settled_and_stored_smaller_afterwards():
    model = nn.Linear(512, 512)
    whole = packed_size(model)
    assert whole == 4 * 512 * 513
    prune(nn.Sequential(model), 0.9)
    assert packed_size(model) > whole
    settle(model)
    left = 512 * 512 - round(0.9 * 512 * 512)
    assert packed_size(model) == 512 * 512 / 8 + 4 * left + 4 * 512


@pytest.mark.parametrize("shape", [(3, 5), (8,), (1, 1, 7, 3), (0, 4)])
def test_tensors_with_zeros_are_packed_and_come_back_as_they_were(shape):
    torch.manual_seed(0)
    x = torch.randn(shape) * (torch.rand(shape) < 0.5)
    bits, numbers = pack_zeros(x)
    assert bits.nbytes == -(-x.numel() // 8)
    assert len(numbers) == x.count_nonzero()
    assert torch.equal(unpack_zeros(bits, numbers, shape), x)


def test_a_narrow_pair_computes_what_the_pair_computes_with_its_shortest_units_at_0():
    torch.manual_seed(0)
    first, second, x = nn.Linear(5, 40), nn.Linear(40, 3), torch.randn(7, 5)
    small, after = narrow(first, second, 0.75)
    assert (small.weight.shape, after.weight.shape) == ((10, 5), (3, 10))
    masked = deepcopy(first)
    keep = smallest_rows(first.weight, 0.75)
    with torch.no_grad():
        masked.weight *= keep
        masked.bias *= keep[:, 0]
    assert_close(after(small(x).relu()), second(masked(x).relu()))


def test_a_gpt_is_pruned_and_its_tied_table_is_left_whole():
    model = GPT(GPTConfig(layers=1, width=16, heads=2))
    table = model.embedding.weight.clone()
    settle(prune(model, 0.5))
    assert (model.blocks[0].mlp.expand.weight == 0).float().mean() == 0.5
    assert torch.equal(model.embedding.weight, table)


def test_what_cannot_be_pruned_is_said():
    tied = nn.ModuleDict({"table": nn.Embedding(7, 3), "head": nn.Linear(3, 7, bias=False)})
    tied["head"].weight = tied["table"].weight
    with pytest.raises(ValueError, match="head shares its weights: table, head"):
        prune(tied, 0.5)
    with pytest.raises(ValueError, match=r"from 0 to 1; got 1\.5"):
        prune(network(), 1.5)
    with pytest.raises(ValueError, match="no weights to prune in the model"):
        prune(nn.ReLU(), 0.5)
    with pytest.raises(ValueError, match="11 units come out of the first, 5 go into"):
        narrow(nn.Linear(3, 11), nn.Linear(5, 3), 0.5)
    with pytest.raises(ValueError, match="leaves no unit"):
        narrow(nn.Linear(3, 11), nn.Linear(11, 3), 1)
