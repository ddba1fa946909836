"""Erasing takes the ink that a map names first; figures are means over seeds with errors over examples."""

import json
import math

import explanations
import pytest
import torch
from torch import nn

from largemodels.models import Llama, LlamaConfig


class Sum(nn.Module):
    """Two classes: how much ink there is in the left half, and nothing."""

    def forward(self, x):
        return torch.stack([x[..., :5].sum((1, 2, 3)), torch.zeros(len(x))], 1)


def test_the_ink_that_is_named_first_goes_first_and_blank_paper_never_counts():
    images = torch.zeros(2, 1, 10, 10)
    images[:, :, 0, :] = 1.0  # ten inked pixels, five of them in the left half
    order = torch.zeros_like(images)
    order[..., :5] = 1.0
    order[:, :, 5:] = 9.0  # blank pixels, however high
    by_map = explanations.erased(Sum(), images, order)
    for share, left in zip(explanations.SHARES, by_map, strict=True):
        wanted = torch.sigmoid(torch.tensor(5.0 - math.ceil(10 * share)))
        torch.testing.assert_close(left, wanted.expand(2))
    other = explanations.erased(Sum(), images, -order)
    torch.testing.assert_close(other[0], torch.sigmoid(torch.tensor(5.0)).expand(2))


def test_figures_are_means_over_seeds_with_two_standard_errors_over_examples():
    found = explanations.figures([torch.tensor([1.0, 2.0, 3.0]), torch.tensor([3.0, 2.0, math.nan])])
    each = torch.tensor([2.0, 2.0, 3.0])
    assert found["mean"] == pytest.approx(each.mean().item(), abs=1e-4)
    assert found["error"] == pytest.approx(2 * each.std().item() / 3**0.5, abs=1e-4)
    assert found["seeds"] == [2.0, 2.5]
    assert found["nan"] == pytest.approx(1 / 6, abs=1e-4)


def test_weights_drawn_anew_keep_their_spread_and_nothing_else():
    torch.manual_seed(0)
    model = Llama(
        LlamaConfig(vocabulary=97, context=8, layers=1, heads=2, kv_heads=1, width=64, hidden=128, head_width=32)
    )
    with torch.no_grad():
        model.blocks[0].mlp.gate.weight.mul_(7)
    before = model.blocks[0].mlp.gate.weight.clone()
    after = explanations.drawn_anew(model).blocks[0].mlp.gate.weight
    assert after.std().item() == pytest.approx(before.std().item(), rel=0.05)
    assert torch.corrcoef(torch.stack([before.flatten(), after.flatten()]))[0, 1].abs() < 0.1


def test_what_is_written_is_read_back():
    value = {"a": [1, 2], "b": [{"c": [[1.5, None]], "d": "é"}], "e": {}}
    assert json.loads(explanations.lines(value)) == value
