"""What is taken for a sentence that people have translated, and what shared words count."""

from pathlib import Path

import pytest
import sphinx
import translations


def test_sentences_are_words_alone():
    assert translations.is_sentence("document isn't included in any toctree")
    for message in (
        "too few words here",
        "%s is not a valid file name here",
        "a setting like name=value is bad",
        "",
        None,
    ):
        assert not translations.is_sentence(message)


def test_the_same_sentences_are_there_in_every_language():
    found = translations.sentences(Path(sphinx.__file__).parent / "locale")
    assert len(found) == translations.SENTENCES
    for each in found:
        assert set(each) == {"en", *translations.LANGUAGES}
        assert len(set(each.values())) == len(each)


def test_overlap_counts_shared_words_once_each():
    assert translations.overlap("The file.", "the file") == 1
    assert translations.overlap("índice", "ndice") == translations.overlap("", "a b") == 0
    assert translations.overlap("the the the", "the file") == pytest.approx(2 * 1 / 5)
