"""A cache of sinks and a window gives what a mask gives, with the sinks met at the distance they have in the cache."""

import math

import pytest
import torch
from tests.models.small_llama import small as lively
from tests.models.small_llama import tokens
from torch.testing import assert_close

from largemodels.layers import Cache, GroupedQueryAttention, RotaryScaling, SinkCache, rotation, turn
from largemodels.models import Llama, LlamaConfig

WIDTH, HEADS, KV_HEADS, D, B, T = 18, 6, 2, 10, 3, 29
BASE = 1000.0


def layer():
    torch.manual_seed(0)
    return GroupedQueryAttention(WIDTH, HEADS, KV_HEADS, D).double()


def turns(places, scaling=None):
    return tuple(part.double() for part in rotation(places, D, BASE, scaling))


def masked(attention, x, sinks, window, scaling=None, pieces=None):
    """Write the mask out. Query i sees the sinks, and the tokens from ``first[i]`` on; earlier ones have moved up."""
    t = x.shape[1]
    q, k, v = (part(x).view(B, t, -1, D).transpose(1, 2) for part in (attention.to_q, attention.to_k, attention.to_v))
    k, v = (part.repeat_interleave(HEADS // KV_HEADS, 1) for part in (k, v))
    ends = torch.tensor(pieces or [1] * t).cumsum(0)  # of the piece with which each token is read
    ends = ends[torch.searchsorted(ends, torch.arange(t), right=True)]
    dropped = (ends - sinks - window).clamp(min=0)
    places = torch.arange(t)
    near = turn(q, *turns(places, scaling)) @ turn(k, *turns(places, scaling)).mT
    far = turn(q, *turns(places - dropped, scaling)) @ turn(k, *turns(places, scaling)).mT
    is_sink = places < sinks
    seen = (is_sink | (places >= sinks + dropped[:, None])) & (places <= places[:, None])
    scores = torch.where(is_sink, far, near).masked_fill(~seen, -math.inf) / D**0.5
    return attention.out((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))


def streamed(attention, x, cache, pieces, scaling=None):
    parts = []
    for piece in x.split(pieces, 1):
        before, t = cache.length, piece.shape[1]
        parts.append(attention(piece, turns(torch.arange(before, before + t), scaling), cache))
        cache.length += t
    return torch.cat(parts, 1)


@pytest.mark.parametrize("scaling", [None, RotaryScaling("yarn", 3.0, 11)])
@pytest.mark.parametrize("pieces", [[1] * T, [7, 5, 1, 6, 3, 7], [2, 7, 7, 7, 6]])
@pytest.mark.parametrize("sinks", [0, 1, 4])
def test_streaming_gives_what_the_mask_gives(sinks, pieces, scaling):
    attention = layer()
    torch.manual_seed(1)
    x = torch.randn(B, T, WIDTH, dtype=torch.float64)
    cache = SinkCache(1, B, KV_HEADS, D, x, sinks, 7, BASE, scaling)
    with torch.no_grad():
        found = streamed(attention, x, cache, pieces, scaling)
        # the cache turns its sinks by cosines that are computed in float32
        assert_close(found, masked(attention, x, sinks, 7, scaling, pieces), atol=1e-6, rtol=1e-5)
    assert cache.kept[0].shape == (2, B, KV_HEADS, sinks + 7, D)
    assert cache.length == T
    assert cache.dropped() == T - sinks - 7


def test_it_matters_where_the_sinks_are_met():
    attention = layer()
    torch.manual_seed(1)
    x = torch.randn(B, T, WIDTH, dtype=torch.float64)
    with torch.no_grad():
        cache = SinkCache(1, B, KV_HEADS, D, x, 4, 7, BASE)
        found = streamed(attention, x, cache, [1] * T)
        cache = SinkCache(1, B, KV_HEADS, D, x, 4, 7, BASE)
        cache.dropped = lambda new=0: 0 if new == 0 else SinkCache.dropped(cache, new)  # an error: all is dropped twice
        with pytest.raises(AssertionError):
            assert_close(streamed(attention, x, cache, [1] * T), found, atol=1e-3, rtol=1e-3)


def small():
    torch.manual_seed(2)
    sizes = {"layers": 2, "heads": 4, "kv_heads": 2, "width": 20, "hidden": 13, "head_width": 6}
    return Llama(LlamaConfig(vocabulary=11, context=64, base=BASE, **sizes)).double().eval()


def cache_for(model, sinks, window, batch=2):
    c = model.config
    return SinkCache(c.layers, batch, c.kv_heads, c.head_width, model.norm.weight, sinks, window, c.base, c.scaling)


def test_a_model_reads_on_past_its_context_and_the_cache_stays_as_large():
    model, tokens = small(), torch.randint(11, (2, 150), generator=torch.Generator().manual_seed(0))
    cache = cache_for(model, 2, 9)
    with torch.no_grad():
        for i in range(150):
            assert model.advance(tokens[:, i : i + 1], cache).isfinite().all()
    assert [kept.shape[3] for kept in cache.kept] == [11, 11]
    assert cache.dropped() == 139


def test_until_something_is_dropped_it_is_the_usual_cache():
    model, tokens = small(), torch.randint(11, (2, 11), generator=torch.Generator().manual_seed(0))
    cache = cache_for(model, 2, 9)
    with torch.no_grad():
        parts = [model.advance(piece, cache) for piece in tokens.split([4, 1, 6], 1)]
        assert_close(torch.cat(parts, 1), model(tokens), atol=1e-10, rtol=1e-9)


def test_what_was_read_last_can_be_forgotten_as_long_as_nothing_was_dropped():
    model, tokens = small(), torch.randint(11, (2, 10), generator=torch.Generator().manual_seed(0))
    cache = cache_for(model, 2, 9)
    with torch.no_grad():
        for piece in tokens.split(5, 1):
            model.advance(piece, cache)
        cache.forget(4)
        assert cache.length == cache.kept[0].shape[3] == 6
        assert_close(model.advance(tokens[:, 6:], cache), model(tokens)[:, 6:], atol=1e-10, rtol=1e-9)
        model.advance(tokens[:, :3], cache)
    with pytest.raises(ValueError, match="2 tokens were dropped to make room"):
        cache.forget(1)
    cache.forget(0)
    with pytest.raises(ValueError, match="the cache holds 0 tokens; 1 of them cannot be dropped"):
        cache_for(model, 2, 9).forget(1)


def test_a_cache_that_drops_nothing_changes_nothing_of_what_is_written():
    model, x = lively(), tokens(2, 5)
    expected = model.generate(x, 17, temperature=0)
    assert torch.equal(model.generate(x, 17, temperature=0, cache=cache_for(model, 2, 20)), expected)
    x = x[:1, :3].repeat(1, 3)
    how = {"length": 17, "temperature": 0}
    cache = cache_for(model, 6, 20, batch=1)
    assert torch.equal(model.generate(x, **how, lookup=5, cache=cache), model.generate(x, **how))


def test_a_model_writes_with_it_what_it_would_token_by_token():
    model, x = lively(), tokens(2, 5)
    cache, text, new = cache_for(model, 2, 7), x, x
    with torch.no_grad():
        for _ in range(17):
            new = model.advance(new, cache)[:, -1:].argmax(-1)
            text = torch.cat([text, new], 1)
    assert cache.dropped() > 0
    assert torch.equal(model.generate(x, 17, temperature=0, cache=cache_for(model, 2, 7)), text)
    assert not torch.equal(model.generate(x, 17, temperature=0), text)


def test_it_cannot_take_back_what_a_model_guesses_once_it_drops_tokens():
    model = small()
    with pytest.raises(ValueError, match=r"the cache drops tokens .* lookup=0, or a larger window"):
        model.stream(torch.zeros(1, 5, dtype=torch.long), 20, lookup=3, cache=cache_for(model, 2, 7, batch=1))


def test_wrong_sizes_are_named():
    like = torch.zeros(1)
    for sinks, window in ((-1, 5), (4, 0)):
        with pytest.raises(ValueError, match=f"0 or more sinks and a window of at least 1; got {sinks} and {window}"):
            SinkCache(1, 1, 1, 4, like, sinks, window)
    with pytest.raises(ValueError, match="the window holds 5 tokens; got 6 at once: read them in pieces"):
        SinkCache(1, 1, 1, 4, like, 2, 5).extend(0, torch.zeros(2, 1, 1, 6, 4))
    assert isinstance(SinkCache(1, 1, 1, 4, like), Cache)
