"""Grouped-query attention is torch's and transformers' Llama's, forward and backward, with and without a cache."""

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaAttention, LlamaRotaryEmbedding

from largemodels.interpret import capture
from largemodels.layers import Cache, GroupedQueryAttention, rotation, turn

WIDTH, HEADS, KV_HEADS, HEAD_WIDTH, B, T = 18, 6, 2, 10, 3, 7
NAMES = {"to_q": "q_proj", "to_k": "k_proj", "to_v": "v_proj", "out": "o_proj"}


def layer(kv_heads=KV_HEADS):
    torch.manual_seed(0)
    return GroupedQueryAttention(WIDTH, HEADS, kv_heads, HEAD_WIDTH).double()


def inputs(t=T):
    torch.manual_seed(1)
    return torch.randn(B, t, WIDTH, dtype=torch.float64)


def turns(first, end):
    return tuple(part.double() for part in rotation(torch.arange(first, end), HEAD_WIDTH))


def outcome(function, attention, x, upstream):
    attention.zero_grad()
    leaf = x.clone().requires_grad_()
    y = function(leaf)
    y.backward(upstream)
    return [y.detach(), leaf.grad, *(p.grad.clone() for p in attention.parameters())]


@pytest.mark.parametrize("kv_heads", [1, 2, 3, 6])
def test_it_is_torchs_attention_with_grouped_queries_forward_and_backward(kv_heads):
    attention, x = layer(kv_heads), inputs()
    upstream = torch.randn_like(x)

    def torchs(x):
        q, k, v = (
            part(x).view(B, T, -1, HEAD_WIDTH).transpose(1, 2)
            for part in (attention.to_q, attention.to_k, attention.to_v)
        )
        q, k = (turn(part, *turns(0, T)) for part in (q, k))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return attention.out(mixed.transpose(1, 2).flatten(2))

    ours = outcome(lambda x: attention(x, turns(0, T)), attention, x, upstream)
    for mine, other in zip(ours, outcome(torchs, attention, x, upstream), strict=True):
        assert_close(mine, other, atol=1e-12, rtol=1e-10)


def test_it_is_llamas_attention_forward_and_backward():
    config = LlamaConfig(
        hidden_size=WIDTH, num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, head_dim=HEAD_WIDTH, vocab_size=3
    )
    config._attn_implementation = "eager"
    ours, theirs, x = layer(), LlamaAttention(config, 0).double(), inputs()
    theirs.load_state_dict({f"{NAMES[k.split('.')[0]]}.weight": w for k, w in ours.state_dict().items()})
    places = torch.arange(T)[None]
    angles = tuple(part.double() for part in LlamaRotaryEmbedding(config)(x.float(), places))
    hidden = torch.full((T, T), -torch.inf, dtype=torch.float64).triu(1)[None, None]
    upstream = torch.randn_like(x)
    expected = outcome(lambda x: theirs(x, angles, hidden)[0], theirs, x, upstream)
    for mine, other in zip(outcome(lambda x: ours(x, turns(0, T)), ours, x, upstream), expected, strict=True):
        assert_close(mine, other, atol=1e-6, rtol=1e-5)  # their angles are computed in float32, by another way


def test_watched_it_computes_the_same():
    attention, x = layer(), inputs()
    with capture(attention, "*") as seen:
        watched = attention(x, turns(0, T))
    assert_close(watched, attention(x, turns(0, T)))
    assert seen["weights"].shape == (B, HEADS, T, T)
    assert (
        seen["query"].shape
        == seen["key"].shape
        == seen["value"].shape
        == seen["mixed"].shape
        == (B, HEADS, T, HEAD_WIDTH)
    )
    assert (seen["weights"].triu(1) == 0).all()
    assert_close(seen["weights"].sum(-1), torch.ones(B, HEADS, T, dtype=torch.float64))
    assert seen["key"][:, 0].equal(seen["key"][:, 2])  # one group
    assert not seen["key"][:, 2].equal(seen["key"][:, 3])


@pytest.mark.parametrize("pieces", [(7,), (1, 1, 1, 1, 1, 1, 1), (3, 4), (4, 1, 2)])
@pytest.mark.parametrize("kv_heads", [1, 2, 6])
def test_with_a_cache_it_computes_the_same_in_any_pieces(pieces, kv_heads):
    attention, x = layer(kv_heads), inputs()
    cache = Cache(1, B, kv_heads, 11, HEAD_WIDTH, x)
    with torch.no_grad():
        parts = []
        for piece in x.split(pieces, 1):
            before, t = cache.length, piece.shape[1]
            parts.append(attention(piece, turns(before, before + t), cache))
            cache.length += t
        assert_close(torch.cat(parts, 1), attention(x, turns(0, T)), atol=1e-12, rtol=1e-10)


def test_a_cache_forgets_what_was_read_last():
    attention, x = layer(), inputs()
    cache = Cache(1, B, KV_HEADS, 11, HEAD_WIDTH, x)
    with torch.no_grad():
        attention(x[:, :5], turns(0, 5), cache)
        cache.length = 5
        cache.forget(2)
        assert cache.length == 3
        rest = attention(x[:, 3:], turns(3, T), cache)
        assert_close(rest, attention(x, turns(0, T))[:, 3:])
    with pytest.raises(ValueError, match="the cache holds 3 tokens; 4 of them cannot be dropped"):
        cache.forget(4)
    with pytest.raises(ValueError, match="-1 of them cannot be dropped"):
        cache.forget(-1)


def test_the_cache_shrinks_by_the_size_of_a_group():
    numbers = [sum(kept.numel() for kept in Cache(2, 1, heads, 5, 7, torch.zeros(1)).kept) for heads in (6, 3, 1)]
    assert numbers == [840, 420, 140]


def test_wrong_sizes_are_named():
    with pytest.raises(
        ValueError, match=r"6 query heads take a number of key-value heads that divides 6.*got 4 and 18"
    ):
        GroupedQueryAttention(WIDTH, HEADS, 4, HEAD_WIDTH)
    with pytest.raises(ValueError, match="multiple of it unless head_width is given; got 2 and 13"):
        GroupedQueryAttention(13, HEADS, 2)
    for head_width in (0, -2, 3):
        with pytest.raises(ValueError, match=f"a head's width must be even; got {head_width}"):
            GroupedQueryAttention(WIDTH, HEADS, 2, head_width)
    assert GroupedQueryAttention(12, 6, 2).head_width == 2


@pytest.mark.parametrize(("start", "t", "width"), [(0, 1, HEAD_WIDTH), (0, T + 2, HEAD_WIDTH), (0, T, 2)])
def test_a_rotation_of_other_positions_is_named(start, t, width):
    x = torch.randn(2, T, WIDTH, dtype=torch.float64)
    with pytest.raises(ValueError, match=rf"{T} positions take a rotation .*; got \({t}, {width // 2}\) and"):
        layer()(x, rotation(torch.arange(start, t), width))
