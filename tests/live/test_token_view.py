"""The view of tokens begins with what the tokenizer says, and hands the vocabulary over only when it is wanted."""

import pytest

from largemodels.live import TokenExplorer, page_vocabulary
from largemodels.text import Tokenizer, train_bpe

TEXTS = {"one": "the cat sat on the mat", "two": "größer als 人"}


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer(train_bpe("the cat sat on the mat and the rat sat on the hat", 270))


def test_it_begins_with_the_first_text_and_counts_all(tokenizer):
    view = TokenExplorer(tokenizer, TEXTS)
    assert view.outputs["text"] == TEXTS["one"]
    assert view.outputs["ids"] == tokenizer.encode(TEXTS["one"]).tolist()
    assert b"".join(map(bytes, view.outputs["pieces"])).decode() == TEXTS["one"]
    assert [row["tokens"] for row in view.settings["texts"]] == [len(tokenizer.encode(text)) for text in TEXTS.values()]


def test_the_vocabulary_is_handed_over_when_it_is_wanted_and_not_before(tokenizer):
    view = TokenExplorer(tokenizer, TEXTS)
    assert view.brought == b""
    view.wanted += 1
    assert view.brought == page_vocabulary(tokenizer)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({}, "no text to begin with"),
        ({"one": ""}, "the text 'one' must have 1 to 2,000 characters; it has 0"),
        ({"one": "a", "two": "b" * 2001}, "the text 'two' must have 1 to 2,000 characters; it has 2,001"),
    ],
)
def test_texts_that_cannot_be_shown_are_refused(tokenizer, texts, message):
    with pytest.raises(ValueError, match=message):
        TokenExplorer(tokenizer, texts)
