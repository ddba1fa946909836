"""Text becomes numbers and comes back; a language model's training run is a list of batches."""

import hashlib
import string

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from largemodels.data import DataError, TextBatches, passages, shakespeare, text
from largemodels.text import UNKNOWN, Vocabulary

LETTERS = Vocabulary((UNKNOWN, "\n", *string.ascii_lowercase))
TOKENS = Vocabulary((UNKNOWN, "def", "(", ")", "⏎"))
NUMBERS = torch.arange(97)


@given(st.text())
def test_any_text_can_be_encoded_and_only_what_is_unknown_is_lost(typed):
    ids = LETTERS.encode(typed)
    assert ids.dtype == torch.int64
    assert ids.shape == (len(typed),)
    known = set(LETTERS.symbols)
    assert LETTERS.decode(ids) == "".join(c if c in known else UNKNOWN for c in typed)
    assert LETTERS.unknown(typed) == list(dict.fromkeys(c for c in typed if c not in known))


def test_what_python_can_hold_can_be_encoded():
    typed = "a\ud800z\U0010ffff\x00\n"
    assert LETTERS.encode(typed).tolist() == [2, 0, 27, 0, 0, 1]
    assert LETTERS.encode(list(typed)).tolist() == [2, 0, 27, 0, 0, 1]


def test_unknown_symbols_are_named_once_each_in_the_order_in_which_they_appear():
    assert LETTERS.unknown("né à Zürich, né") == ["é", " ", "à", "Z", "ü", ","]
    assert LETTERS.unknown("plain\n") == []
    assert LETTERS.unknown(UNKNOWN) == []


def test_tokens_are_encoded_as_characters_are():
    ids = TOKENS.encode(["def", "main", "(", ")", "⏎"])
    assert ids.tolist() == [1, 0, 2, 3, 4]
    assert TOKENS.decode(ids) == f"def {UNKNOWN} ( ) ⏎"
    assert TOKENS.unknown(["def", "main", "x", "main"]) == ["main", "x"]
    assert len(TOKENS) == 5


def test_numbers_outside_the_vocabulary_are_named():
    for wrong in (-1, 5, 0.5):
        with pytest.raises(ValueError, match=rf"whole numbers from 0 to 4; got {wrong}"):
            TOKENS.decode([wrong])
    with pytest.raises(ValueError, match=r"one text has one axis, \(n,\); got \(2, 3\): decode its rows"):
        TOKENS.decode(torch.zeros(2, 3, dtype=torch.int64))


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        ((), "symbol 0 must be"),
        (("a", UNKNOWN), "symbol 0 must be"),
        ((UNKNOWN, "a", "b", "a"), r"more than once: \['a'\]"),
        ((UNKNOWN, "a", ""), r"empty, or there more than once: \[''\]"),
    ],
)
def test_a_vocabulary_that_is_none_is_refused(symbols, message):
    with pytest.raises(ValueError, match=message):
        Vocabulary(symbols)


@settings(deadline=None, max_examples=40)
@given(n=st.integers(2, 31), context=st.integers(1, 29), size=st.integers(1, 11), seed=st.integers(0, 2**31))
def test_targets_are_the_characters_that_follow(n, context, size, seed):
    context = min(context, n - 1)
    for x, y in TextBatches(torch.arange(n), context, size, steps=3, seed=seed):
        assert x.shape == y.shape == (size, context)
        assert torch.equal(y, x + 1)
        assert torch.equal(x, x[:, :1] + torch.arange(context))
        assert x.min() >= 0
        assert y.max() < n


def test_a_batch_is_the_same_whenever_it_is_asked_for_and_another_one_another():
    one, other = (TextBatches(NUMBERS, 7, 5, 11, seed=3) for _ in range(2))
    backwards = [other[i] for i in reversed(range(11))][::-1]
    for (x, _), (u, _) in zip(one, backwards, strict=True):
        assert torch.equal(x, u)
    assert not torch.equal(one[0][0], one[1][0])
    assert not torch.equal(one[0][0], TextBatches(NUMBERS, 7, 5, 11, seed=2)[0][0])


def test_every_place_of_the_text_is_learned_from():
    batches = TextBatches(NUMBERS[:13], 7, 101, 3)
    assert set(batches[0][0][:, 0].tolist()) == set(range(6))
    assert batches[0][1].max() == 12


def test_a_batch_does_not_touch_the_global_generator():
    before = torch.random.get_rng_state()
    TextBatches(NUMBERS)[1]
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_run_ends():
    batches = TextBatches(NUMBERS, 7, 5, 11)
    assert len(list(batches)) == len(batches) == 11
    for i in (11, -1):
        with pytest.raises(IndexError, match="of a run of 11"):
            batches[i]


def test_passages_cut_a_text_without_a_gap_and_leave_out_less_than_one():
    x, y = passages(NUMBERS, 7)
    assert x.shape == y.shape == (13, 7)
    assert torch.equal(x.flatten(), torch.arange(91))
    assert torch.equal(y, x + 1)
    assert passages(NUMBERS, 96)[0].shape == (1, 96)


@pytest.mark.parametrize(
    ("tokens", "options", "message"),
    [
        (NUMBERS[:64], {}, "need a text of at least 65; got 64: take a longer text or a shorter context"),
        (NUMBERS[:0], {}, "at least 65; got 0"),
        (NUMBERS, {"context": 0}, "context must be at least 1 character; got 0"),
        (NUMBERS, {"size": 0}, "size and steps must be at least 1; got 0 and 1000"),
        (NUMBERS, {"steps": 0}, "size and steps must be at least 1; got 32 and 0"),
        (NUMBERS.float(), {}, r"whole numbers \(n,\); got torch.float32 of shape \(97,\)"),
        (NUMBERS.view(1, 97), {}, r"got torch.int64 of shape \(1, 97\)"),
    ],
)
def test_wrong_input_is_named(tokens, options, message):
    with pytest.raises(ValueError, match=message):
        TextBatches(tokens, **options)


def test_shakespeare_is_read_from_the_data_folder_and_its_last_tenth_kept_for_validation(tmp_path, monkeypatch):
    content = b"To be, or not to be:\n" * 3
    (tmp_path / "tinyshakespeare").mkdir()
    (tmp_path / "tinyshakespeare" / "input.txt").write_bytes(content)
    monkeypatch.setenv("LARGEMODELS_DATA", str(tmp_path))
    monkeypatch.setattr(text, "SHAKESPEARE_SHA256", hashlib.sha256(content).hexdigest())
    data = shakespeare()
    assert (len(data.train), len(data.validation)) == (56, 7)
    assert data.vocabulary.symbols == (UNKNOWN, *sorted(set(content.decode())))
    assert data.vocabulary.decode(torch.cat([data.train, data.validation])) == content.decode()
    assert np.array_equal(data.vocabulary.encode("\n "), [1, 2])


def test_without_a_network_shakespeare_says_what_is_missing_and_what_to_use_instead(tmp_path, monkeypatch):
    monkeypatch.setenv("LARGEMODELS_DATA", str(tmp_path))
    monkeypatch.setattr(text, "SHAKESPEARE_MIRRORS", ("http://127.0.0.1:9/tinyshakespeare/",))
    with pytest.raises(DataError, match=r"(?s)input\.txt is not in .*127\.0\.0\.1.*use source_code\(\)"):
        shakespeare()
    assert list((tmp_path / "tinyshakespeare").iterdir()) == []
