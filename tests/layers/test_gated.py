"""The gated MLP is that of transformers' Llama, forward and backward."""

import pytest
import torch
from torch.testing import assert_close
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaMLP

from largemodels.layers import GatedMLP


def test_the_gated_mlp_is_llamas_forward_and_backward():
    torch.manual_seed(0)
    ours = GatedMLP(6, 19).double()
    theirs = LlamaMLP(LlamaConfig(hidden_size=6, intermediate_size=19, num_attention_heads=1)).double()
    names = {"gate": "gate_proj", "expand": "up_proj", "contract": "down_proj"}
    theirs.load_state_dict({f"{names[k.split('.')[0]]}.weight": w for k, w in ours.state_dict().items()})
    x, upstream = torch.randn(2, 3, 5, 6, dtype=torch.float64), torch.randn(2, 3, 5, 6, dtype=torch.float64)
    outcomes = []
    for layer in (ours, theirs):
        leaf = x.clone().requires_grad_()
        y = layer(leaf)
        y.backward(upstream)
        weights = dict(layer.named_parameters())
        gradients = [weights[f"{a if layer is ours else b}.weight"].grad for a, b in names.items()]
        outcomes.append([y, leaf.grad, *gradients])
    for mine, other in zip(*outcomes, strict=True):
        assert_close(mine, other, atol=1e-12, rtol=1e-10)


def test_with_8_thirds_of_the_width_it_has_the_weights_of_an_mlp_that_is_four_times_as_wide():
    assert sum(p.numel() for p in GatedMLP(24, 64).parameters()) == 2 * 24 * 4 * 24


def test_wrong_sizes_are_named():
    with pytest.raises(ValueError, match="sizes must be at least 1; got 7 and 0"):
        GatedMLP(7, 0)
