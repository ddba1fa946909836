"""The runs behind the page on a model in use: what is held out, what is drawn, how damage is done, what is stored."""

import json
import random
from pathlib import Path

import file_types
import file_types_bytes
import file_types_damage as damage
import numpy as np
import pytest
import torch

from largemodels.compress import round_in_blocks
from largemodels.data import PackageFile, package_files
from largemodels.models import FileTypeConfig, FileTypeNet

RESULTS = Path(__file__).resolve().parents[2] / "results"


def stored(name):
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def files():
    return package_files(["numpy", "matplotlib", "scikit-learn", "torch", "pandas", "jupyterlab"], most=3)


def test_no_file_is_answered_by_a_classifier_that_saw_its_package(files, monkeypatch):
    monkeypatch.setattr(file_types, "FOLDS", 3)
    seen = []

    class Noted:
        def __init__(self, **settings):
            pass

        def fit(self, x, y):
            seen.append(set(y))
            return self

        def predict(self, x):
            return np.array([sorted(seen[-1])] * x.shape[0], object)[:, :1].ravel()

    monkeypatch.setattr(file_types, "LogisticRegression", Noted)
    monkeypatch.setattr(file_types, "make_pipeline", lambda *steps: Noted())
    packages = [file.package for file in files]
    answers = file_types.learned([file.read() for file in files], packages, packages, 0)  # told the package as the type
    for given in answers.values():
        assert all(answer != package for answer, package in zip(given, packages, strict=True))


def test_intervals_are_over_packages():
    right, packages = np.array([1.0] * 90 + [0.0] * 10), ["a"] * 90 + ["b"] * 10
    mean, low, high = file_types.interval(right, packages)
    assert (mean, low, high) == (0.9, 0.0, 1.0)  # two packages: either may be drawn twice
    assert file_types.interval(right, [str(i) for i in range(100)])[1] > 0.8
    mean, low, high = file_types.by_type(right, ["x"] * 90 + ["y"] * 10, [str(i) for i in range(100)])
    assert mean == low == high == 0.5


def test_a_draw_has_one_python_file_a_package_and_no_other_is_the_same():
    drawn = file_types.collect(0)
    for kind in ("python", "txt"):
        packages = [file.package for file in drawn if file.type == kind]
        assert len(set(packages)) == len(packages) > 50
    assert len({file.path for file in drawn}) == len(drawn)


def test_the_books_own_files_are_of_this_repository():
    ours = file_types.book_files(5, 0)
    assert {file.package for file in ours} == {"this book"}
    assert {"python", "ipynb", "css"} <= {file.type for file in ours}
    assert all(file.path.is_relative_to(file_types.ROOT) for file in ours)


def test_snippets_are_consecutive_lines():
    content, chance = b"\n".join(b"line %d" % i for i in range(40)), random.Random(0)
    for count in (1, 5, 40, 100):
        rows = damage.snippet(content, count, chance).splitlines()
        assert len(rows) == min(count, 40)
        first = int(rows[0].split()[1])
        assert rows == [b"line %d" % (first + i) for i in range(len(rows))]


@pytest.mark.parametrize("size", [50, 5_000, 20_000])
def test_bytes_are_changed_where_they_are_read(size):
    content = bytes(size)
    other = damage.changed(content, 0.05, np.random.default_rng(0))
    places = [i for i in range(size) if other[i]]
    read = min(size, 8192)
    assert 0.9 * 0.05 * read <= len(places) + 0.02 * read
    assert all(i < 4096 or i >= size - 4096 for i in places)


def test_rounding_leaves_the_network_as_it_was(files, monkeypatch):
    torch.manual_seed(0)
    model = FileTypeNet(FileTypeConfig(features=4, filters=9, types=214)).eval()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    found = file_types_bytes.rounded(model, files[:12])
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
    assert found["half precision"]["largest difference"] <= found["8 bits"]["largest difference"]
    assert found["8 bits"]["largest difference"] < found["4 bits"]["largest difference"]
    numbers, scale = round_in_blocks(torch.ones(2, 3), 8)
    assert numbers.shape == (2, 3)
    assert scale.shape == (2, 1)


def test_what_is_damaged_was_right_when_whole(files, monkeypatch):
    torch.manual_seed(0)
    model = FileTypeNet(FileTypeConfig(features=4, filters=9, types=214)).eval()
    monkeypatch.setattr(damage, "collect", lambda seed: files)
    kept = damage.chosen(model, ("python", "png"), 0)
    best = damage.ask(model, [file.read() for file in kept]).argmax(1) if kept else []
    assert all(file_types.file_types().names[i] in file.types for i, file in zip(best, kept, strict=True))


def test_results_are_of_this_program():
    found = stored("file-types")
    assert found["magika"] == "1.0.3"
    for run in found["runs"]:
        for group in ("right", "right by type", "generic", "wrong"):
            assert all(low <= mean <= high for mean, low, high in run[group].values())
        parts = [run[key]["high-confidence"][0] for key in ("right", "generic", "wrong")]
        assert sum(parts) == pytest.approx(1)
    assert isinstance(file_types.book_files(1, 0)[0], PackageFile)
