"""Famous texts and their controls: word for word where a copy is at hand, and the controls are no copies."""

import codecs
import contextlib
import io
import re
from importlib.metadata import distributions

import pytest

from largemodels.data import declaration, public_texts

TEXTS = {text.name: text for text in public_texts()}


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text)


def test_there_are_24_texts_of_about_the_length_of_their_controls():
    assert len(TEXTS) == 24
    for text in TEXTS.values():
        lengths = [len(words(part)) for part in (text.text, text.exchanged, text.anew)]
        assert max(lengths) < 1.4 * min(lengths), text.name
        assert min(len(part) for part in (text.text, text.exchanged, text.anew)) > 220, text.name


def test_exchanged_texts_differ_in_some_words_and_keep_the_rest():
    for text in TEXTS.values():
        one, other = words(text.text), words(text.exchanged)
        differ = sum(a != b for a, b in zip(one, other, strict=False))
        assert differ >= 5, text.name
        assert not set("{|}") & set(text.text + text.exchanged), text.name


@pytest.mark.parametrize(("control", "most"), [("exchanged", 12), ("anew", 5)])
def test_controls_share_few_words_in_a_row_with_the_texts(control, most):
    def runs(text):
        found = [word.lower() for word in words(text)]
        return {tuple(found[i : i + most + 1]) for i in range(len(found) - most)}

    for text in TEXTS.values():
        assert not runs(getattr(text, control)) & runs(text.text), text.name


def test_the_declaration_and_the_zen_are_as_they_stand_elsewhere():
    told = "\n".join(declaration(1)["English"][:2]).replace("\n", " ")
    assert TEXTS["Universal Declaration, articles 1 and 2"].text.replace("\n", " ") in told
    with contextlib.redirect_stdout(io.StringIO()):
        import this
    assert TEXTS["The Zen of Python"].text in codecs.decode(this.s, "rot13")


@pytest.mark.parametrize("name", ["MIT licence", "BSD licence"])
def test_licences_are_as_packages_have_them(name):
    wanted = " ".join(re.sub(r"\d\. ", "", TEXTS[name].text).split()).lower()
    for package in distributions():
        for file in package.files or ():
            if re.search(r"(?i)licen[cs]e", file.name) and file.locate().is_file():
                content = file.locate().read_text(encoding="utf-8", errors="replace").replace("*", "")
                if wanted in " ".join(re.sub(r"\d\. ", "", content).split()).lower():
                    return
    raise AssertionError(f"no installed package has the text of {name}")
