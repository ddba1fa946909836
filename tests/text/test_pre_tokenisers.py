"""Pre-tokenisers cut text where those of published models do."""

import sys
import unicodedata
from itertools import islice

import pytest
from hypothesis import given
from many_texts import STRANGE, code, prose
from tokenizers import Regex
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence, Split
from transformers.integrations.gguf.gguf_tokenizer_mapping import GGUF_PRE_TOKENIZER_SPLITS
from transformers.models.qwen2.tokenization_qwen2 import PRETOKENIZE_REGEX

from largemodels.text import PreTokeniser, pre_tokeniser

BYTES = ByteLevel(add_prefix_space=False, use_regex=False)
THEIRS = {
    "gpt-2": ByteLevel(add_prefix_space=False),
    "smollm": Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)]),
    **{
        name: Sequence([Split(Regex(GGUF_PRE_TOKENIZER_SPLITS[name]), "isolated"), BYTES])
        for name in ("llama-bpe", "tekken", "gpt-4o", "qwen2")
    },
}
every = pytest.mark.parametrize("name", THEIRS)


def batched(items, size):
    items = iter(items)
    return iter(lambda: [*islice(items, size)], [])


def words_of(name, text):
    """The words that the tokenizers library makes, as text."""
    normal = unicodedata.normalize("NFC", text) if name == "qwen2" else text
    return [normal[start:end] for _, (start, end) in THEIRS[name].pre_tokenize_str(normal)]


@every
def test_words_of_code_and_prose_are_those_of_the_tokenizers_library(name):
    lines = [*prose()[::5], "".join(code()[::5])]
    split = pre_tokeniser(name)
    assert [line for line in lines if split(line) != words_of(name, line)] == []


@every
@given(text=STRANGE)
def test_words_of_strange_texts_are_those_of_the_tokenizers_library(name, text):
    assert pre_tokeniser(name)(text) == words_of(name, text)


@every
def test_every_character_is_what_the_tokenizers_library_takes_it_for(name):
    """Letter, number, mark or space: all characters that this Python knows."""
    split = pre_tokeniser(name)
    known = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) not in ("Cn", "Co", "Cs")]
    assert len(known) > 140_000
    for some in batched(known, 500):
        text = "".join(f"a{c} 1{c}{c}\n'{c}b. {c}  {c}1" for c in some)
        if split(text) != words_of(name, text):
            wrong = [c for c in some if split(f"a{c} 1{c}{c}\n'{c}b.") != words_of(name, f"a{c} 1{c}{c}\n'{c}b.")]
            raise AssertionError(f"{len(wrong)} characters: {[f'{ord(c):x}' for c in wrong]}")


@every
@given(text=STRANGE)
def test_words_put_together_are_the_text(name, text):
    form = pre_tokeniser(name).normal_form
    assert "".join(pre_tokeniser(name)(text)) == (unicodedata.normalize(form, text) if form else text)


def test_smollm_takes_every_number_character_alone():
    assert pre_tokeniser("smollm")("x  12 ½") == ["x", "  ", "1", "2", " ", "½"]
    assert pre_tokeniser("gpt-2")("x  12 ½") == ["x", " ", " 12", " ½"]


def test_other_names_are_the_same_pre_tokenisers():
    assert pre_tokeniser("gpt2") is pre_tokeniser("gpt-2")
    for name in ("llama3", "llama-v3", "pixtral", "deepseek-r1-qwen", "llama4"):
        same = [ours for ours, theirs in GGUF_PRE_TOKENIZER_SPLITS.items() if theirs == GGUF_PRE_TOKENIZER_SPLITS[name]]
        assert any(pre_tokeniser(name) is pre_tokeniser(other) for other in same if other in THEIRS)
    assert GGUF_PRE_TOKENIZER_SPLITS["qwen2"] == PRETOKENIZE_REGEX


def test_what_a_pattern_does_not_match_is_a_word_too():
    assert PreTokeniser(("[0-9]+", "b"))("ab12cbd3") == ["a", "b", "12", "c", "b", "d", "3"]
    assert PreTokeniser(())("ab 12") == ["ab 12"]


def test_an_unknown_pre_tokeniser_is_named_with_those_that_are_known():
    with pytest.raises(ValueError, match=r"the pre-tokeniser is 'klingon'; known are .*gpt-2.*smollm"):
        pre_tokeniser("klingon")


def test_without_the_regex_package_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "regex", None)
    with pytest.raises(ImportError, match="pip install regex"):
        PreTokeniser(("a",))("abc")
