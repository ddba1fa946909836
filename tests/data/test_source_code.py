"""Source code is real, as described, and no file teaches what it is tested on."""

import sysconfig
from importlib import import_module

import pytest
import torch

from largemodels.data import DataError, package_windows, source_code
from largemodels.text import UNKNOWN, Vocabulary

module = import_module("largemodels.data.source_code")  # the function of this name hides it


def write(folder, **files):
    for name, content in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Stand an empty folder in for the standard library."""
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    return tmp_path


def test_the_standard_library_is_millions_of_characters_of_which_almost_all_are_known():
    data = source_code()
    characters = len(data.train) + len(data.validation)
    assert characters > 5_000_000
    assert 0.02 < len(data.validation) / characters < 0.1
    assert len(data.vocabulary) == 97
    assert data.vocabulary.symbols[:3] == (UNKNOWN, "\n", " ")
    for part in (data.train, data.validation):
        assert part.dtype == torch.int64
        assert part.ndim == 1
        assert part.min() >= 0
        assert part.max() <= 96
        assert (part == 0).float().mean() < 1e-3
        assert "    def __init__(self" in data.vocabulary.decode(part[:200_000])


def test_files_stay_whole_and_in_the_order_of_their_names(library):
    write(library, **{f"m{i:03}": f"# {i:03}\n" for i in range(101)})
    data = source_code()
    sides = [data.vocabulary.decode(part).split("\n")[:-1] for part in (data.train, data.validation)]
    assert sorted(sides[0] + sides[1]) == [f"# {i:03}" for i in range(101)]
    for side in sides:
        assert side == sorted(side)
    assert 1 <= len(sides[1]) <= 15
    again = source_code()
    assert torch.equal(again.validation, data.validation)


def test_a_file_is_on_the_same_side_whatever_else_is_there(library):
    write(library, **{f"m{i:03}": f"# {i:03}\n" for i in range(101)})
    before = source_code()
    before = before.vocabulary.decode(before.validation)
    write(library, other="# other\n", sub__m001="# sub\n")
    after = source_code()
    after = after.vocabulary.decode(after.validation)
    assert [line for line in after.split("\n") if line not in ("# other", "# sub")] == before.split("\n")


def test_tests_tables_and_what_was_installed_are_left_out(library):
    write(library, **{f"m{i:03}": "#\n" for i in range(101)}, test="# a module may be called so\n")
    write(library, test__a="no", a__tests__b="no", idlelib__idle_test__c="no", encodings__cp437="no")
    write(library, **{"site-packages__d": "no", "pydoc_data__topics": "no"})
    (library / "_sysconfigdata_linux.py").write_text("no", encoding="utf-8")
    data = source_code()
    found = data.vocabulary.decode(torch.cat([data.train, data.validation]))
    assert "no" not in found
    assert "# a module may be called so\n" in found


def test_tabs_are_expanded_and_files_read_as_they_declare(library):
    write(library, **{f"m{i:03}": "#\n" for i in range(101)})
    write(library, a="if x:\r\n\tpass\n", b="# -*- coding: latin-1 -*-\nname = 'Löwis'\n".encode("latin-1"))
    data = source_code()
    found = data.vocabulary.decode(torch.cat([data.train, data.validation]))
    assert "if x:\n        pass\n" in found
    assert f"name = 'L{UNKNOWN}wis'" in found


def test_a_python_without_its_library_is_named_with_what_to_use_instead(library):
    with pytest.raises(DataError, match=r"holds no source code of Python's standard library\. Use shakespeare\(\)"):
        source_code()


@pytest.fixture(scope="module")
def windows():
    return package_windows()


def test_windows_have_the_shapes_of_the_source_and_every_package_has_as_many(windows):
    assert len(windows.names) == len(set(windows.names)) == 10
    assert len(windows.vocabulary) == 10_000
    for part, each in ((windows.train, 400), (windows.test, 80)):
        assert part.tokens.shape == (10 * each, 100)
        assert part.tokens.dtype == part.labels.dtype == torch.int64
        assert part.labels.bincount().tolist() == [each] * 10
        assert part.tokens.max() < 10_000
        assert part.tokens.min() == 0
        assert len(part) == 10 * each
    assert (windows.train.tokens == 0).float().mean() < 0.1
    assert (windows.test.tokens == 0).float().mean() < 0.2


def test_windows_are_code_without_comments_and_docstrings(windows):
    symbols = windows.vocabulary.symbols
    assert {"⏎", "⇥", "⇤", "(", "def", "self", "import"} < set(symbols)
    assert not [symbol for symbol in symbols if symbol.startswith("#") or not symbol.strip()]
    assert not [symbol for symbol in symbols if symbol.startswith('"""') and "\n\n" in symbol]


def test_the_tokens_of_a_file_are_its_code(tmp_path):
    code = '"""Purpose."""\n\nimport os  # why\n\n\ndef f(a,\n      b):\n    """Say."""\n\n    return """kept"""\n'
    write(tmp_path, a=code, b="def broken(:\n  '''", c=b"\xff\xfe")
    assert module.read_tokens(tmp_path / "a.py") == [
        *["import", "os", "⏎", "def", "f", "(", "a", ",", "b", ")", ":", "⏎"],
        *["⇥", "return", '"""kept"""', "⏎", "⇤"],
    ]
    assert module.read_tokens(tmp_path / "b.py") == []
    assert module.read_tokens(tmp_path / "c.py") == []


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Two packages of 17 files, in which every name says its file, but for tests and copies of other packages."""
    for package in ("one", "two"):
        for i in range(17):
            write(tmp_path, **{f"{package}pack__m{i}": f"{package}{i}\n" * (11 + i)})
        write(tmp_path, **{f"{package}pack__tests__a": "no\n" * 99, f"{package}pack__externals__b": "no\n" * 99})
        write(tmp_path, **{f"{package}pack__x": "", f"{package}pack____init__": ""})
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(module, "PACKAGES", ("onepack", "twopack"))


def test_no_file_is_on_both_sides_and_windows_do_not_cross_files(packages):
    data = package_windows(train=13, test=7, vocabulary=101, length=6)
    seen = []
    for part in (data.train, data.test):
        names = [set(data.vocabulary.decode(row).split()) - {"⏎", "⇥", "⇤"} for row in part.tokens]
        seen.append(names)
    assert all(len(names) == 1 for names in seen[0])
    learned = set.union(*seen[0])
    assert all(names == {UNKNOWN} for names in seen[1]), "names of test files are never learned"
    assert not any("no" in names for names in seen[0])
    for name, label in zip(seen[0], data.train.labels.tolist(), strict=True):
        assert name.pop().startswith(("one", "two")[label])
    assert len(learned) >= 8


def test_training_windows_overlap_by_half_and_test_windows_do_not(tmp_path, monkeypatch):
    write(tmp_path, apack__a="".join(f"a{i}\n" for i in range(20)), apack__b="".join(f"b{i}\n" for i in range(19)))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(module, "PACKAGES", ("apack",))
    data = package_windows(train=9, test=4, vocabulary=99, length=8)
    first = [data.vocabulary.decode(row).split()[0] for row in data.train.tokens]
    assert first == [f"a{i}" for i in range(0, 18, 2)]
    assert data.test.tokens.shape == (4, 8)
    assert isinstance(data.vocabulary, Vocabulary)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": 100_000}, r"windows of onepack to learn from; got 100000: ask for fewer, or shorter ones"),
        ({"test": 100_000}, r"windows of onepack to test on; got 100000"),
        ({"length": 0}, "all numbers must be at least 1"),
        ({"train": 0}, "all numbers must be at least 1"),
    ],
)
def test_windows_that_cannot_be_are_refused(packages, options, message):
    with pytest.raises(ValueError, match=message):
        package_windows(**{"train": 3, "test": 2, "length": 6, **options})


def test_a_package_that_is_missing_is_named(packages, monkeypatch):
    monkeypatch.setattr(module, "PACKAGES", ("onepack", "threepack"))
    with pytest.raises(DataError, match="the package threepack is not installed"):
        package_windows(train=3, test=2, length=6)


def test_the_held_out_files_make_up_the_held_out_text(library):
    write(library, **{f"m{i:03}": f"\tx = {i}\n" for i in range(101)}, empty="")
    files, text = module.held_out_files(), source_code()
    assert len(files) > 1
    assert sum(files.values()) == len(text.validation)
    name, length = next(iter(files.items()))
    assert text.vocabulary.decode(text.validation[:length]) == (library / name).read_text(encoding="utf-8").expandtabs()
