"""Byte-pair encoding learns the merges that the tokenizers library learns, and encodes as it does."""

import pickle
from itertools import pairwise

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from many_texts import STRANGE, code, prose
from tokenizers.decoders import ByteLevel as Decoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from largemodels.text import BytePairs, pre_tokeniser, train_bpe
from largemodels.text.bpe import ALPHABET
from largemodels.text.tokenizer_files import TO_BYTES

TEXTS = {
    "Python": lambda: code()[:20_000],
    "English": lambda: [line.strip() for line in code() if line.strip().startswith("#")],
    "many scripts": prose,
    "dashes and spaces": lambda: ["-" * n + " " * m + "=" * (n * m % 37) for n in range(40) for m in range(40)],
}


def spelled(token: str) -> bytes:
    return bytes(TO_BYTES[ord(character)] for character in token)


def their(texts, size):
    """Train the tokenizers library on the same; return it, and its merges as bytes."""
    tokenizer = tokenizers.Tokenizer(BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = ByteLevel(add_prefix_space=False), Decoder()
    alphabet = ByteLevel.alphabet()
    tokenizer.train_from_iterator(texts, BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False))
    return tokenizer


def merges_of(tokenizer):
    import json

    return [tuple(map(spelled, pair)) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]


@pytest.fixture(scope="module", params=TEXTS)
def both(request):
    texts = TEXTS[request.param]()
    return texts, train_bpe(texts, 3000), their(texts, 3000)


def test_the_same_texts_give_the_same_merges_in_the_same_order(both):
    _, ours, theirs = both
    assert len(ours.merges) > 100
    assert ours.merges == merges_of(theirs)


def test_tokens_have_the_same_numbers(both):
    _, ours, theirs = both
    vocabulary = theirs.get_vocab()
    assert {spelled(name): number for name, number in vocabulary.items()} == dict(
        zip(ours.tokens, range(len(ours)), strict=True)
    )


def test_the_same_texts_have_the_same_tokens_and_come_back(both):
    texts, ours, theirs = both
    for text, encoding in zip(texts, theirs.encode_batch(texts), strict=True):
        assert ours.encode(text) == encoding.ids
        assert ours.decode(encoding.ids) == text


@given(texts=st.lists(STRANGE, max_size=8), more=st.integers(0, 60))
def test_strange_texts_give_the_same_merges_in_the_same_order(texts, more):
    assert train_bpe(texts, 256 + more).merges == merges_of(their(texts, 256 + more))


@given(texts=st.lists(st.text("ab ", max_size=20), max_size=8), text=st.text("ab c", max_size=60))
def test_texts_of_two_letters_give_the_same_merges_and_tokens(texts, text):
    ours, theirs = train_bpe(texts, 300), their(texts, 300)
    assert ours.merges == merges_of(theirs)
    assert ours.encode(text) == theirs.encode(text).ids


def test_of_equally_common_pairs_the_one_with_the_smaller_numbers_is_merged_first():
    assert train_bpe("ba dc ba dc", 257).merges == [(b"b", b"a")]
    assert train_bpe("ba\n", 257).merges == [(b"b", b"a")]
    # in GPT-2's order of bytes the space comes after every letter
    assert train_bpe(" a b", 258).merges == [(b" ", b"a"), (b" ", b"b")]


def test_nothing_is_merged_across_words():
    assert train_bpe("ab cd " * 9, 300).tokens[256:] == [b"ab", b"cd", b" cd", b" ab"]
    assert train_bpe("ab cd", 300, split=lambda text: list(text)).merges == []


def test_a_vocabulary_ends_where_every_word_is_a_token():
    pairs = train_bpe(["low lower", "lowest"], 10_000)
    assert len(pairs) == 256 + len(pairs.merges) < 300
    assert [pairs.token(number) for number in pairs.encode("lowest lower")] == [b"lowest", b" lower"]
    assert [pairs.token(number) for number in pairs.encode("slower")] == [b"s", b"lowe", b"r"]


def test_the_first_tokens_are_the_bytes_in_the_order_of_gpt2():
    assert sorted(ALPHABET) == [bytes([i]) for i in range(256)]
    assert ALPHABET[0] == b"!"
    assert [TO_BYTES[ord(c)] for c in sorted(ByteLevel.alphabet())] == [byte for (byte,) in ALPHABET]
    assert train_bpe([], 256).tokens == ALPHABET


@given(text=STRANGE)
def test_no_text_is_unknown(text):
    pairs = train_bpe("a few words of English", 280)
    assert pairs.decode(pairs.encode(text)) == text


@given(word=st.binary(max_size=60), texts=st.lists(st.text("abc", max_size=30), max_size=5))
def test_merging_by_queue_is_merging_the_first_pair_of_the_list_again_and_again(word, texts):
    pairs = train_bpe(texts, 300)
    for text in (word, "".join(texts).encode()):
        assert pairs._merge(text) == plainly_merged(text, pairs.merges)


def plainly_merged(word, merges):
    parts = [bytes([byte]) for byte in word]
    while found := [(merges.index(pair), i) for i, pair in enumerate(pairwise(parts)) if pair in merges]:
        _, i = min(found)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    return parts


def test_a_word_that_is_a_token_can_be_taken_whole():
    tokens, merges = [*ALPHABET, b"ab", b"abc"], [(b"a", b"b")]
    split = pre_tokeniser("gpt-2")
    assert BytePairs(tokens, merges, split).encode("abc") == [256, ALPHABET.index(b"c")]
    assert BytePairs(tokens, merges, split, whole=True).encode("abc") == [257]


def test_a_very_long_word_is_encoded_in_a_moment():
    pairs = train_bpe(["ab" * 500, "ba" * 300], 300)
    text = "ab" * 500_000
    assert pairs.decode(pairs.encode(text)) == text


def test_words_are_remembered_and_forgotten_again(monkeypatch):
    monkeypatch.setattr("largemodels.text.bpe.MOST", 3)
    pairs = train_bpe("ab abc", 300)
    for _ in range(2):
        for word in ("ab", "abc", "c", "d", " abc"):
            assert pairs.decode(pairs.encode(word + "\n")) == word + "\n"
            assert len(pairs._known) <= 3


def test_a_vocabulary_can_be_sent_to_another_process():
    pairs = train_bpe("ab abc", 300)
    copy = pickle.loads(pickle.dumps(pairs))
    assert copy.encode("abc ab") == pairs.encode("abc ab")


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="at least the 256 bytes; got size = 255"):
        train_bpe("a", 255)
    with pytest.raises(ValueError, match="'klingon'"):
        train_bpe("a", 256, split="klingon")
    pairs = train_bpe("a", 256)
    for number in (256, -1):
        with pytest.raises(ValueError, match=f"ids go from 0 to 255; got {number}"):
            pairs.decode([0, number])
    with pytest.raises(ValueError, match="surrogates"):
        pairs.encode("\ud800")
    with pytest.raises(ValueError, match=r"b'a' and b'b' are merged, but the vocabulary has no b'ab'"):
        BytePairs(ALPHABET, [(b"a", b"b")], str.split)
    with pytest.raises(ValueError, match=r"'b' cannot be encoded: the vocabulary has no token for the byte b'b'"):
        BytePairs([b"a"], [], str.split).encode("b")
