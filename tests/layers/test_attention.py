"""Attention written out in layers is torch's own, forward and backward, whatever the mask."""

import sys

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from masks import padding
from torch.testing import assert_close

from largemodels.layers import MultiHeadAttention, attention, attention_weights, causal_mask, fast_attention
from largemodels.layers.attention import narrow_attention


def outcome(attend, parts, upstream, **options):
    leaves = [part.clone().requires_grad_() for part in parts]
    y = attend(*leaves, **options)
    return y.detach(), *torch.autograd.grad(y, leaves, upstream)


def check_against_torch(q, k, v, mask=None):
    upstream = torch.randn(*q.shape[:-1], v.shape[-1])
    ours = outcome(attention, (q, k, v), upstream, mask=mask)
    theirs = outcome(F.scaled_dot_product_attention, (q, k, v), upstream, attn_mask=mask)
    for mine, reference in zip(ours, theirs, strict=True):
        assert_close(mine, reference, atol=1e-5, rtol=1e-5)


MASKS = {
    "none": lambda b, h, t, s: None,
    "causal": lambda b, h, t, s: causal_mask(t, s),
    "padded": lambda b, h, t, s: padding([s, *range(1, b)], s),
    "causal and padded": lambda b, h, t, s: causal_mask(t, s) & padding([s, *[s // 2 + 1] * (b - 1)], s),
    "one for each head": lambda b, h, t, s: torch.rand(h, t, s) > 0.3,
    "one for each example and head": lambda b, h, t, s: torch.rand(b, h, t, s) > 0.3,
}


def make(mask, b, h, t, s):
    made = MASKS[mask](b, h, t, s)
    if made is not None and mask.startswith("one"):
        made[..., 0] = True
    return made


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize(("t", "s"), [(7, 7), (5, 11), (1, 13), (67, 67), (131, 139)])
def test_attention_is_torchs_forward_and_backward(mask, t, s):
    torch.manual_seed(0)
    b, h, d = 3, 2, 5
    check_against_torch(
        torch.randn(b, h, t, d), torch.randn(b, h, s, d), torch.randn(b, h, s, d), make(mask, b, h, t, s)
    )


@settings(deadline=None, max_examples=40)
@given(
    batch=st.integers(1, 4),
    heads=st.integers(1, 3),
    t=st.integers(1, 70),
    more=st.integers(0, 7),
    d=st.integers(1, 11),
    e=st.integers(1, 11),
    mask=st.sampled_from(sorted(MASKS)),
    seed=st.integers(0, 2**31),
)
def test_attention_is_torchs_for_any_shape(batch, heads, t, more, d, e, mask, seed):
    torch.manual_seed(seed)
    s = t + more
    q, k, v = torch.randn(batch, heads, t, d), torch.randn(batch, heads, s, d), torch.randn(batch, heads, s, e)
    made = None if mask == "padded" and s < batch else make(mask, batch, heads, t, s)
    check_against_torch(q, k, v, made)


def test_attention_takes_a_single_sequence():
    torch.manual_seed(1)
    check_against_torch(torch.randn(5, 3), torch.randn(7, 3), torch.randn(7, 2))
    check_against_torch(torch.randn(5, 3), torch.randn(5, 3), torch.randn(5, 2), causal_mask(5))


def test_gradients_are_those_of_finite_differences():
    torch.manual_seed(2)
    q, k, v = (torch.randn(2, 1, n, 3, dtype=torch.float64, requires_grad=True) for n in (5, 7, 7))
    assert torch.autograd.gradcheck(lambda q, k, v: attention(q, k, v, causal_mask(5, 7)), (q, k, v))
    assert torch.autograd.gradcheck(attention, (q, k, v))


def test_each_query_shares_out_one_among_the_keys_it_may_see():
    q, k = torch.randn(2, 3, 5, 7), torch.randn(2, 3, 5, 7)
    weights = attention_weights(q, k, causal_mask(5))
    assert_close(weights.sum(-1), torch.ones(2, 3, 5))
    assert (weights.triu(1) == 0).all()
    assert (weights.tril() > 0).sum() == 2 * 3 * 15


def test_causal_attention_cannot_see_the_future():
    q, k, v = torch.randn(3, 1, 2, 67, 5).unbind()
    before = attention(q, k, v, causal_mask(67))
    k[..., 41:, :], v[..., 41:, :] = 1e3, -1e3
    after = attention(q, k, v, causal_mask(67))
    assert torch.equal(after[..., :41, :], before[..., :41, :])
    assert not torch.allclose(after[..., 41:, :], before[..., 41:, :])


def test_attention_without_positions_only_follows_the_order():
    x = torch.randn(1, 11, 6)
    layer, order = MultiHeadAttention(6, 3), torch.randperm(11)
    assert_close(layer(x[:, order]), layer(x)[:, order], atol=1e-6, rtol=0)


@pytest.mark.parametrize("shape", [(7, 5), (3, 2, 7, 5)])
def test_large_scores_do_not_overflow(shape):
    q = torch.full(shape, 1e4)
    assert attention(q, q, q).isfinite().all()


@pytest.mark.parametrize("d", [5, 13])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("t", [1, 7, 67])
def test_the_fastest_form_gives_the_same_answers(t, causal, d):
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 3, 2, t, d)
    mask = causal_mask(t) if causal else None
    upstream = torch.randn(3, 2, t, d)
    ours = outcome(fast_attention, (q, k, v), upstream, causal=causal)
    for mine, reference in zip(ours, outcome(attention, (q, k, v), upstream, mask=mask), strict=True):
        assert_close(mine, reference, atol=1e-5, rtol=1e-5)
    exact = attention(q, k, v, mask)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = fast_attention(q, k, v, causal=causal)
    assert (rounded - exact).abs().max() < 0.03  # bfloat16 keeps 8 bits
    assert rounded.dtype == torch.bfloat16


def test_the_formula_is_computed_where_it_is_faster_than_torchs_kernel(monkeypatch):
    kernel = []
    monkeypatch.setattr(F, "scaled_dot_product_attention", lambda *given, **options: kernel.append(given))
    wide, narrow = torch.randn(3, 1, 1, 7, 16), torch.randn(3, 1, 1, 7, 8)
    fast_attention(*wide)
    assert len(kernel) == 1
    fast_attention(*narrow)
    fast_attention(*wide.bfloat16())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        fast_attention(*wide)
    assert len(kernel) == 1


@pytest.mark.parametrize("piece", [1, 2 * 3 * 7 * 11, 10**6])  # one text at a time, two, all
def test_transposed_weights_mix_the_same_forward_and_backward(piece, monkeypatch):
    monkeypatch.setattr(sys.modules[narrow_attention.__module__], "PIECE", piece)
    q, k, v = torch.randn(5, 3, 7, 8), torch.randn(5, 3, 11, 8), torch.randn(5, 3, 11, 4)
    upstream = torch.randn(5, 3, 7, 4)
    ours, theirs = (
        outcome(attend, (q, k, v), upstream) for attend in (narrow_attention, F.scaled_dot_product_attention)
    )
    for mine, reference in zip(ours, theirs, strict=True):
        assert_close(mine, reference, atol=1e-5, rtol=1e-5)
    double = [part[:2].double().requires_grad_() for part in (q, k, v)]
    assert torch.autograd.gradcheck(narrow_attention, double)
    assert_close(torch.compile(narrow_attention, backend="eager")(q, k, v), ours[0], atol=1e-6, rtol=1e-6)


# ---- wrong input ----


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((2, 5, 3), (2, 7, 4), (2, 7, 3)), r"got \(2, 5, 3\), \(2, 7, 4\) and \(2, 7, 3\)"),
        (((2, 5, 3), (2, 7, 3), (2, 6, 3)), r"got \(2, 5, 3\), \(2, 7, 3\) and \(2, 6, 3\)"),
        (((3,), (2, 7, 3), (2, 7, 3)), r"queries \(…, t, d\) take keys"),
        (((2, 0, 3), (2, 7, 3), (2, 7, 3)), "nothing to attend to"),
    ],
)
def test_shapes_that_do_not_fit_are_named(shapes, message):
    with pytest.raises(ValueError, match=message):
        attention(*map(torch.zeros, shapes))


def test_masks_that_do_not_fit_are_named():
    q = torch.randn(2, 3, 5, 7)
    with pytest.raises(ValueError, match=r"so of booleans; got torch.float32"):
        attention(q, q, q, torch.zeros(5, 5))
    with pytest.raises(ValueError, match=r"must broadcast to \(2, 3, 5, 5\); got \(5, 4\)"):
        attention(q, q, q, torch.ones(5, 4, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"must broadcast to \(2, 3, 5, 5\); got \(11, 2, 3, 5, 5\)"):
        attention(q, q, q, torch.ones(11, 2, 3, 5, 5, dtype=torch.bool))
    mask = causal_mask(5)
    mask[3] = False
    with pytest.raises(ValueError, match=r"hides every key from query 3 .*; let it see at least one"):
        attention(q, q, q, mask)


@pytest.mark.parametrize(("width", "heads"), [(12, 5), (12, 0), (0, 1)])
def test_heads_that_do_not_divide_the_width_are_named(width, heads):
    with pytest.raises(ValueError, match=f"multiple of the heads, both at least 1; got {width} and {heads}"):
        MultiHeadAttention(width, heads)


@pytest.mark.parametrize("shape", [(7, 12), (2, 7, 11), (2, 0, 12)])
def test_sequences_that_do_not_fit_are_named(shape):
    with pytest.raises(ValueError, match=r"attention takes \(b, t, 12\), not empty"):
        MultiHeadAttention(12, 3)(torch.zeros(shape))
    with pytest.raises(ValueError, match=r"attention takes \(b, t, 12\), not empty"):
        MultiHeadAttention(12, 3)(torch.zeros(2, 7, 12), torch.zeros(shape))


@pytest.mark.parametrize(("t", "s"), [(0, 5), (7, 5)])
def test_causal_masks_that_make_no_sense_are_named(t, s):
    with pytest.raises(ValueError, match=f"got {t} and {s}"):
        causal_mask(t, s)


@pytest.mark.parametrize("width", [3, 8, 11, 64])
@pytest.mark.parametrize("function", [attention, fast_attention])
def test_a_query_that_may_see_nothing_is_refused_by_both_forms(function, width):
    mask = torch.ones(2, 1, 5, 7, dtype=torch.bool)
    mask[1, 0, 3] = False
    q, k, v = (torch.randn(2, 3, t, width) for t in (5, 7, 7))
    with pytest.raises(ValueError, match=r"hides every key from query 3 \(at \[1, 0, 3\]\)"):
        function(q, k, v, mask)
