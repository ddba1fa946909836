"""Documentation is prose, the same on every call, and no text is on both sides."""

from importlib import import_module

import pytest

from largemodels.data import DataError, documentation

module = import_module("largemodels.data.documentation")  # the function of this name hides it


def long_paragraphs(texts):
    return {paragraph for text in texts for paragraph in text.split("\n\n") if len(paragraph) >= 80}


def test_pythons_manual_is_there_and_a_tenth_of_it_is_held_out():
    learn, held = documentation()
    assert 300_000 < sum(map(len, learn + held)) < 2_000_000
    assert any(text.startswith('The "if" statement') for text in learn + held)
    assert 0.03 < len(held) / len(learn + held) < 0.25
    assert not long_paragraphs(learn) & long_paragraphs(held)
    assert min(map(len, learn + held)) >= 400
    assert documentation() == (learn, held)


def test_a_packages_docstrings_come_with_it():
    plain, more = documentation(), documentation(("jinja2",))
    added = set(more[0]) - set(plain[0])
    assert len(added) > 20
    assert any("template" in text for text in added)
    assert set(plain[1]) <= set(more[1])
    assert len(more[1]) > len(plain[1])
    assert not long_paragraphs(more[0]) & long_paragraphs(more[1])


def test_a_package_that_is_not_there_is_an_error():
    with pytest.raises(DataError, match="no_such_package is not installed"):
        documentation(("no_such_package",))


def test_a_python_without_its_manual_is_an_error(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="came without its manual"):
        documentation()
