"""Files of installed packages: labelled by their ending, no two alike; and what first bytes tell."""

import gzip
import io
import json

import numpy as np
import pytest

from largemodels.data import by_magic_number, common_types, package_files
from largemodels.data.package_files import TYPE_OF, _ends

PACKAGES = ["numpy", "matplotlib", "scikit-learn"]


@pytest.fixture(scope="module")
def files():
    return package_files(PACKAGES, most=3)


def test_they_come_from_the_packages_that_were_asked_for_and_end_as_their_types_say(files):
    assert {file.package for file in files} == set(PACKAGES)
    assert all(TYPE_OF[file.path.suffix.lower()] == file.types and file.types[0] == file.type for file in files)
    assert max(sum(f.types == g.types and f.package == g.package for g in files) for f in files) == 3


def test_no_two_begin_and_end_alike(files):
    ends = [_ends(file.path) for file in files]
    assert len(set(ends)) == len(ends)
    assert min(map(len, ends)) >= 8


def test_a_seed_is_a_draw(files):
    assert package_files(PACKAGES, most=3) == files
    assert {f.path for f in package_files(PACKAGES, most=3, seed=1)} != {f.path for f in files}
    assert {f.type for f in package_files(PACKAGES, only=["png", "csv"])} == {"png", "csv"}


def test_common_types_come_from_several_packages(files):
    common = common_types(files, 3)
    assert "python" in common
    assert "ttf" not in common  # fonts are matplotlib's alone
    assert all(len({f.package for f in files if f.type == name}) >= 3 for name in common)


def test_mistakes_are_refused():
    with pytest.raises(ValueError, match="at least one file of a type"):
        package_files(PACKAGES, most=0)
    with pytest.raises(ImportError, match="no such package"):
        package_files(["no such package"])


def saved():
    file = io.BytesIO()
    np.save(file, np.arange(5))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\x89PNG\r\n\x1a\n....", "png"),
        (gzip.compress(b"text", mtime=0), "gzip"),
        (saved(), "npy"),
        (b"RIFF....WAVEfmt ", "wav"),
        (b"\x00\x01\x02\x03\xff\xfe", "unknown"),
        (json.dumps([{"a": 1}]).encode(), "json"),
        (b"#!/usr/bin/env bash\necho", "shell"),
        (b"import numpy as np\n", "python"),
        (b"#include <stdio.h>\n", "c"),
        (b"<!DOCTYPE html>\n<p>", "html"),
        (b"Once upon a time", "txt"),
        ("größer als".encode(), "txt"),
        (b"", "txt"),
    ],
)
def test_first_bytes_tell_a_type(content, name):
    assert by_magic_number(content) == name
