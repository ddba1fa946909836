"""Documentation is prose, the same on every call, and no text is on both sides."""

import pytest

from largemodels.data import DataError, documentation


def test_pythons_manual_is_there_and_a_tenth_of_it_is_held_out():
    learn, held = documentation()
    assert 300_000 < sum(map(len, learn + held)) < 2_000_000
    assert any(text.startswith('The "if" statement') for text in learn + held)
    assert 0.03 < len(held) / len(learn + held) < 0.25
    assert not set(learn) & set(held)
    assert min(map(len, learn + held)) >= 400
    assert documentation() == (learn, held)


def test_a_packages_docstrings_come_with_it():
    plain, more = documentation(), documentation(("jinja2",))
    added = set(more[0] + more[1]) - set(plain[0] + plain[1])
    assert len(added) > 20
    assert any("template" in text for text in added)
    assert set(plain[0]) <= set(more[0])
    assert set(plain[1]) <= set(more[1])


def test_a_package_that_is_not_there_is_an_error():
    with pytest.raises(DataError, match="no_such_package is not installed"):
        documentation(("no_such_package",))


def test_a_python_without_its_manual_is_an_error(monkeypatch):
    monkeypatch.setattr("largemodels.data.documentation.find_spec", lambda name: None)
    with pytest.raises(DataError, match="came without its manual"):
        documentation()
