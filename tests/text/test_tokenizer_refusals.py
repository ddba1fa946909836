"""Tokenizer files that cannot be read are refused with the reason."""

import pytest
from saved_tokenizers import small_folder, small_gguf

from largemodels.text import Tokenizer

MESSAGES = [{"role": "user", "content": "Hello"}]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model": "llama"}, "of kind 'llama'; only byte-pair encoding of bytes"),
        ({"model": None}, "of kind None"),
        ({"pre": "klingon"}, "the pre-tokeniser is 'klingon'; known are"),
        ({"pre": None}, "does not name its pre-tokeniser"),
        ({"tokens": None}, "does not say 'tokenizer.ggml.tokens'"),
        ({"merges": None}, "does not say 'tokenizer.ggml.merges'"),
        ({"merges": ["a b c"]}, "takes two tokens, not 3: 'a b c'"),
        ({"merges": ["q q"]}, "b'q' and b'q' are merged, but the vocabulary has no b'qq'"),
        ({"token_type": [1, 1]}, "401 tokens have 2 types"),
        ({"eos_token_id": 401}, "from 0 to 400; got 401"),
    ],
)
def test_a_gguf_file_that_cannot_be_read_says_why(tmp_path, changes, reason):
    path = small_gguf(tmp_path / "small.gguf", **changes)
    with pytest.raises(ValueError, match=reason) as error:
        Tokenizer.from_gguf(path)
    assert str(path) in str(error.value)


def changed(*keys, to):
    def change(whole):
        inner = whole
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = to

    return change


BYTES = {"type": "ByteLevel", "add_prefix_space": False}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (changed("model", "type", to="WordPiece"), "type of its model is 'WordPiece'; only 'BPE'"),
        (changed("model", "byte_fallback", to=True), "byte_fallback of its model is True"),
        (changed("model", "dropout", to=0.1), "dropout of its model is 0.1"),
        (changed("model", "end_of_word_suffix", to="</w>"), "end_of_word_suffix of its model is '</w>'"),
        (changed("added_tokens", 0, "lstrip", to=True), r"its token '<\|end\|>' asks for lstrip"),
        (changed("model", "vocab", to={"a": 2**40}), "its token 'a' has the id 1,099,511,627,776"),
        (changed("added_tokens", 0, "id", to=-1), r"its token '<\|end\|>' has the id -1"),
        (changed("normalizer", to={"type": "Lowercase"}), "its normalizer is Lowercase"),
        (changed("pre_tokenizer", to={"type": "Whitespace"}), "a part that is not supported: .*Whitespace"),
        (changed("pre_tokenizer", "add_prefix_space", to=True), "a part that is not supported: .*add_prefix_space"),
        (changed("pre_tokenizer", to={"type": "Digits"}), "does not write texts as bytes"),
        (changed("pre_tokenizer", to=None), "does not write texts as bytes"),
        (changed("model", to=3), "damaged or describes no tokenizer"),
        (changed("model", "merges", to=[["q", "q"]]), "has no b'qq'"),
        (lambda whole: whole.pop("model"), "damaged or describes no tokenizer"),
    ],
)
def test_a_folder_that_cannot_be_read_says_why(tmp_path, change, reason):
    small_folder(tmp_path, change)
    with pytest.raises(ValueError, match=reason) as error:
        Tokenizer.from_pretrained(tmp_path)
    assert str(tmp_path / "tokenizer.json") in str(error.value)


def test_files_that_are_missing_or_no_json_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"tokenizer\.json"):
        Tokenizer.from_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes(b"\xff{")
    with pytest.raises(ValueError, match="damaged or describes no tokenizer"):
        Tokenizer.from_pretrained(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"none\.gguf"):
        Tokenizer.from_gguf(tmp_path / "none.gguf")


def test_a_pattern_that_means_nothing_is_named(tmp_path):
    pattern = {"type": "Split", "behavior": "Isolated", "pattern": {"Regex": "(a"}}
    parts = {"type": "Sequence", "pretokenizers": [pattern, BYTES]}
    tokenizer = Tokenizer.from_pretrained(small_folder(tmp_path, changed("pre_tokenizer", to=parts)))
    with pytest.raises(ValueError, match=r"a pattern that means nothing: missing \)"):
        tokenizer.encode("a")


def test_without_a_template_there_is_no_conversation(tmp_path):
    tokenizer = Tokenizer.from_gguf(small_gguf(tmp_path / "small.gguf", chat_template=None))
    with pytest.raises(ValueError, match="has no chat template"):
        tokenizer.chat(MESSAGES)
    with pytest.raises(ValueError, match="has no chat template"):
        tokenizer.prompt(MESSAGES)
