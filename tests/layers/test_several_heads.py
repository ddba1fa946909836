"""Several heads are torch's, and can be watched and switched off."""

import pytest
import torch
from masks import padding
from torch import nn
from torch.testing import assert_close

from largemodels.interpret import capture
from largemodels.layers import MultiHeadAttention, attention_weights, causal_mask

# ---- several heads ----


def pair(width=12, heads=3):
    ours, theirs = MultiHeadAttention(width, heads), nn.MultiheadAttention(width, heads, batch_first=True)
    nn.init.normal_(ours.in_proj_bias)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def check_heads(call, x, memory, mask, hidden=None, keys_hidden=None):
    ours, theirs = pair()
    upstream = torch.randn_like(x) / x[..., 0].numel() ** 0.5
    given = (x,) if memory is None else (x, memory)

    def reference(x, memory=None):
        other = x if memory is None else memory
        return theirs(x, other, other, attn_mask=hidden, key_padding_mask=keys_hidden, need_weights=False)[0]

    def results(model, forward):
        leaves = [part.clone().requires_grad_() for part in given]
        y = forward(*leaves)
        return y, *torch.autograd.grad(y, [*leaves, *model.parameters()], upstream)

    mine = results(ours, lambda x, memory=None: call(ours, x, memory, mask))
    for one, other in zip(mine, results(theirs, reference), strict=True):
        assert_close(one, other, atol=1e-5, rtol=1e-5)


def plainly(layer, x, memory, mask):
    return layer(x, memory, mask=mask)


def while_watched(layer, x, memory, mask):
    with capture(layer, "weights"):
        return layer(x, memory, mask=mask)


@pytest.mark.parametrize("call", [plainly, while_watched])
class TestHeadsAreTorchs:
    def test_on_itself(self, call):
        torch.manual_seed(3)
        check_heads(call, torch.randn(2, 7, 12), None, None)

    def test_causal(self, call):
        torch.manual_seed(4)
        check_heads(call, torch.randn(2, 7, 12), None, causal_mask(7), hidden=~causal_mask(7))

    def test_padded(self, call):
        torch.manual_seed(5)
        mask = padding([7, 5], 7)
        check_heads(call, torch.randn(2, 7, 12), None, mask, keys_hidden=~mask[:, 0, 0])

    def test_on_another_sequence(self, call):
        torch.manual_seed(6)
        mask = padding([11, 3], 11)
        check_heads(call, torch.randn(2, 7, 12), torch.randn(2, 11, 12), mask, keys_hidden=~mask[:, 0, 0])


def test_values_may_come_from_a_third_sequence():
    torch.manual_seed(7)
    ours, theirs = pair()
    query, key, value = torch.randn(2, 7, 12), torch.randn(2, 11, 12), torch.randn(2, 11, 12)
    assert_close(ours(query, key, value), theirs(query, key, value)[0], atol=1e-5, rtol=1e-5)


def test_padding_changes_nothing():
    layer, x = MultiHeadAttention(12, 3), torch.randn(2, 7, 12)
    mask, other = padding([7, 5], 7), x.clone()
    other[1, 5:] = 1e3
    assert_close(layer(other, mask=mask)[1, :5], layer(x, mask=mask)[1, :5], atol=1e-6, rtol=0)
    assert_close(layer(x, mask=mask)[1:, :5], layer(x[1:, :5]), atol=1e-6, rtol=0)


def test_taps_make_what_the_heads_answer():
    layer, x = MultiHeadAttention(12, 3), torch.randn(2, 7, 12)
    with capture(layer, "query", "key", "value", "weights", "mixed") as seen:
        y = layer(x, mask=causal_mask(7))
    assert {name: tuple(tap.shape) for name, tap in seen.items()} == {
        "query": (2, 3, 7, 4),
        "key": (2, 3, 7, 4),
        "value": (2, 3, 7, 4),
        "weights": (2, 3, 7, 7),
        "mixed": (2, 3, 7, 4),
    }
    assert_close(seen["weights"] @ seen["value"], seen["mixed"])
    assert_close(attention_weights(seen["query"], seen["key"], causal_mask(7)), seen["weights"])
    assert_close(layer.out_proj(seen["mixed"].transpose(1, 2).flatten(2)), y)


def test_a_head_can_be_switched_off_from_outside():
    layer, x = MultiHeadAttention(12, 3), torch.randn(2, 7, 12)
    on = torch.tensor([1.0, 0.0, 1.0])[:, None, None]
    with capture(layer, "mixed") as seen:
        whole = layer(x)
    hook = layer.mixed.register_forward_hook(lambda module, args, mixed: mixed * on)
    less = layer(x)
    hook.remove()
    share = seen["mixed"][:, 1] @ layer.out_proj.weight[:, 4:8].T
    assert_close(whole - less, share, atol=1e-6, rtol=1e-5)
