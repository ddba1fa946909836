"""Llama writes what transformers' does; streams, stops, and is quick without other tokens."""

import pytest
import torch
from small_llama import small, theirs, tokens
from torch.testing import assert_close

from largemodels.layers import SinkCache
from largemodels.models import Llama
from largemodels.models.sampling import next_probabilities
from largemodels.models.writing import looked_up


def test_it_writes_the_tokens_of_transformers(tmp_path):
    other = theirs()
    other.save_pretrained(tmp_path)
    x = tokens(2, 5)
    expected = other.generate(
        x, attention_mask=torch.ones_like(x), max_new_tokens=17, do_sample=False, pad_token_id=0, eos_token_id=None
    )
    assert torch.equal(Llama.from_pretrained(tmp_path).generate(x, 17, temperature=0), expected)


def test_a_stream_yields_what_generate_returns_token_by_token():
    model, x = small(), tokens(2, 5)
    pieces = list(model.stream(x, 7, generator=torch.Generator().manual_seed(0)))
    assert [piece.shape for piece in pieces] == [(2, 1)] * 7
    whole = model.generate(x, 7, generator=torch.Generator().manual_seed(0))
    assert torch.equal(torch.cat([x, *pieces], 1), whole)


def test_the_cache_changes_no_token():
    model, x = small(), tokens(1, 5)
    text = x
    with torch.no_grad():
        for _ in range(17):
            text = torch.cat([text, model(text)[:, -1:].argmax(-1)], 1)
    assert torch.equal(model.generate(x, 17, temperature=0), text)


def test_a_watched_model_and_one_with_another_part_write_the_same():
    x = tokens(1, 5)
    expected = small().generate(x, 7, temperature=0)
    seen, model = [], small()
    model.blocks[1].mlp.register_forward_hook(lambda *args: seen.append(args))
    assert torch.equal(model.generate(x, 7, temperature=0), expected)
    assert len(seen) == 7


def test_a_changed_part_is_heard():
    x = tokens(1, 5)

    class Silent(torch.nn.Module):
        def forward(self, x):
            return torch.zeros_like(x)

    model = small()
    model.blocks[1].mlp = Silent()
    text = x
    with torch.no_grad():
        for _ in range(7):
            text = torch.cat([text, model(text)[:, -1:].argmax(-1)], 1)
    assert torch.equal(model.generate(x, 7, temperature=0), text)
    assert not torch.equal(small().generate(x, 7, temperature=0), text)


def test_each_text_stops_at_its_stop_token_and_the_stream_when_all_have():
    model, x = small(), tokens(3, 5)
    free = model.generate(x, 20, temperature=0)[:, 5:]
    stop = int(free[0, 4])
    first = [row.index(stop) if stop in row else 20 for row in free.tolist()]
    found = model.generate(x, 20, stop=(stop,), temperature=0)[:, 5:]
    assert found.shape[1] == min(20, max(first) + 1)
    for row, other, end in zip(found, free, first, strict=True):
        assert row[: end + 1].equal(other[: end + 1][: found.shape[1]])
        assert (row[end:] == stop).all()


@pytest.mark.parametrize("how", [{"temperature": 0}, {"temperature": 3.0}, {"top_k": 5}])
def test_it_draws_from_the_first_tokens_only_where_the_others_have_no_names(how):
    model, x = small(), tokens(2, 5)
    with torch.no_grad():
        model.head.weight[40:] *= 9
    assert (model.generate(x, 20, **how)[:, 5:] >= 40).any()
    assert (model.generate(x, 20, **how, vocabulary=40)[:, 5:] < 40).all()


def test_a_stream_can_be_left_early():
    stream = small().stream(tokens(1, 5), 20, temperature=0)
    next(stream)
    stream.close()
    assert not torch.is_inference_mode_enabled()


def test_between_two_tokens_of_a_stream_gradients_are_as_they_were():
    stream = small().stream(tokens(1, 5), 20, temperature=0)
    next(stream)
    assert not torch.is_inference_mode_enabled()
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    "how", [{"temperature": 0}, {"temperature": 1.5}, {"top_k": 7}, {"top_p": 0.9}, {"min_p": 0.1}]
)
@pytest.mark.parametrize("lookup", [1, 3, 11])
def test_looking_up_changes_no_token(how, lookup):
    model = small()
    for seed in range(5):
        x = tokens(1, 3, seed=seed).repeat(1, 3)  # a text that repeats itself
        plain, quick = (
            model.generate(x, 20, **how, generator=torch.Generator().manual_seed(seed), **more)
            for more in ({}, {"lookup": lookup})
        )
        assert torch.equal(plain, quick)


@pytest.mark.parametrize(("prompt", "room"), [(9, 20), (3, 4)])
def test_looking_up_takes_no_more_room_than_what_is_written(prompt, room):
    model, x = small(), torch.zeros(1, prompt, dtype=torch.long)
    how = {"length": room - prompt, "temperature": 0}
    expected = model.generate(x, **how)
    assert torch.equal(model.generate(x, **how, lookup=9, cache=model.start(1, room)), expected)


@pytest.mark.parametrize(("cached", "given"), [(2, 1), (1, 3), (3, 2)])
def test_a_cache_for_other_texts_is_named(cached, given):
    model, x = small(), tokens(given, 5)
    c = model.config
    sinks = SinkCache(c.layers, cached, c.kv_heads, c.head_width, model.norm.weight, 2, 7)
    for cache in (model.start(cached), sinks):
        with pytest.raises(ValueError, match=f"the cache is for {cached} texts; got {given}"):  # at the call
            model.stream(x, 3, cache=cache)
        for read in (model.advance, model.quickest(29)):
            for piece in (x, x[:, :1]):
                with pytest.raises(
                    ValueError, match=rf"the cache keeps \(2, {cached}, 2, t, 10\).*got \(2, {given}, 2, "
                ):
                    read(piece, cache)
        assert cache.length == 0


def test_looking_up_stops_where_it_should():
    model, x = small(), tokens(1, 3).repeat(1, 3)
    free = model.generate(x, 20, temperature=0)[0, 9:]
    for place in (0, 3, 7, 19):
        stop = (int(free[place]),)
        assert torch.equal(
            model.generate(x, 20, stop, temperature=0, lookup=5), model.generate(x, 20, stop, temperature=0)
        )


class Reciter(torch.nn.Module):
    """Writes the same few tokens again and again, and counts how often it reads."""

    def __init__(self):
        super().__init__()
        self.model, self.reads = small(), 0
        self.config = self.model.config

    def start(self, *size):
        return self.model.start(*size)

    def advance(self, x, cache, last=None):
        self.reads += 1
        self.model.advance(x, cache)
        return torch.nn.functional.one_hot((x[:, -last:] + 1) % 5, 47).float()


def test_looking_up_reads_several_tokens_at_once_where_the_text_repeats_itself():
    from largemodels.models.writing import stream

    x = torch.arange(10)[None] % 5
    for lookup, reads in ((0, 18), (1, 9), (5, 3), (8, 2)):
        model = Reciter()
        found = torch.cat(list(stream(model, x, 18, temperature=0, lookup=lookup)), 1)
        assert found.tolist() == [[i % 5 for i in range(18)]]
        assert model.reads == reads


def test_what_followed_the_last_tokens_before_is_looked_up():
    text = torch.tensor([[1, 2, 3, 4, 9, 2, 3, 7, 5, 1, 2, 3]])
    assert looked_up(text, 3).tolist() == [[4, 9, 2]]  # after 1, 2, 3; not after the later 2, 3
    assert looked_up(text[:, 1:], 3).tolist() == [[7, 5, 1]]  # 1, 2, 3 no more: 2, 3 stood last before 7
    assert looked_up(torch.tensor([[1, 2, 3]]), 3).shape == (1, 0)
    assert looked_up(torch.tensor([[4]]), 3).shape == (1, 0)


def test_min_p_leaves_those_that_are_likely_beside_the_likeliest():
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.05], [0.4, 0.3, 0.2, 0.1]]).log()
    assert_close(
        next_probabilities(logits, min_p=0.4),
        torch.tensor([[0.625, 0.375, 0, 0], [4 / 9, 3 / 9, 2 / 9, 0]], dtype=torch.float64),
        atol=1e-6,
        rtol=0,
    )
    assert_close(next_probabilities(logits, min_p=0.0), logits.double().softmax(1))
    assert next_probabilities(logits, min_p=1.0)[:, 0].tolist() == [1, 1]
    assert next_probabilities(logits, top_k=2, min_p=0.7)[0].count_nonzero() == 1


def test_what_cannot_be_written_is_named():
    model, x = small(), tokens(1, 5)
    for how, message in (
        ({"length": 0}, "length must be at least 1 token; got 0"),
        ({"length": 25}, "a prompt of 5 tokens and 25 to write are more than the context of 29"),
        ({"temperature": -1.0}, "temperature must be 0"),
        ({"top_k": 48}, "top_k must be from 1 to the 47"),
        ({"top_p": 0.0}, "top_p must be above 0"),
        ({"min_p": 1.5}, "min_p must be from 0 to 1, or None; got 1.5"),
        ({"vocabulary": 48}, "tokens are drawn from the first 1 to 47; got 48"),
        ({"vocabulary": 0}, "tokens are drawn from the first 1 to 47; got 0"),
        ({"lookup": -1}, "lookup takes 0 or more tokens"),
        ({"stop": (47,)}, "stop tokens are from 0 to 46; got 47"),
        ({"stop": 5}, r"stop holds tokens, whole numbers, as \(2,\) does; got 5"),
        ({"stop": "ab"}, "stop holds tokens, whole numbers, as .*; got 'ab'"),
        ({"stop": (1.5,)}, "stop holds tokens, whole numbers, as .*; got "),
    ):
        with pytest.raises(ValueError, match=message):  # at the call, not at the first token
            model.stream(x, **{"length": 3, **how})
    with pytest.raises(ValueError, match="a single text if there are any; got 3 for 2 texts"):
        model.stream(tokens(2, 5), 3, lookup=3)
    with pytest.raises(ValueError, match="tokens from 0 to 46; got 47"):
        model.stream(torch.tensor([[47]]), 3)
    with pytest.raises(ValueError, match="sequences of length 0"):
        model.stream(x[:, :0], 3)
    with torch.no_grad():
        model.norm.weight.fill_(torch.nan)
    with pytest.raises(FloatingPointError, match="the logits are not finite"):
        model.generate(x, 3)
