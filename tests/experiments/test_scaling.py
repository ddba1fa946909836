"""The program that trains GPTs of several sizes, with models and texts that take a second."""

import json

import gpts
import pytest
import scaling

from largemodels.data import source_code


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(scaling, "SIZES", {"tiny": (1, 1, 8), "small": (1, 2, 16)})
    monkeypatch.setattr(scaling, "LARGER", {"larger": (1, 2, 32)})
    monkeypatch.setattr(scaling, "RATES", {8: 0.01, 16: 0.01, 32: 0.01})
    monkeypatch.setattr(scaling, "LENGTHS", (4096, 8192))
    monkeypatch.setattr(scaling, "LARGER_LENGTH", 8192)
    monkeypatch.setattr(scaling, "TRIED_LENGTH", 4096)
    text = source_code()
    short = gpts.Text(text.train[:20_000], text.validation[:4_000], text.vocabulary)
    monkeypatch.setattr(scaling, "source_code", lambda: short)


def test_every_size_learns_from_every_amount_and_the_larger_one_from_one():
    runs = scaling.planned([0, 1], [*scaling.SIZES, *scaling.LARGER])
    assert len(runs) == len(set(runs)) == 2 * (20 + 1)
    assert [length for name, length, _ in runs if name in scaling.LARGER] == [scaling.LARGER_LENGTH] * 2
    assert scaling.LARGER_LENGTH in scaling.LENGTHS
    lengths = [length for _, length, seed in runs if seed == 0]
    assert lengths == sorted(lengths)


def test_runs_that_the_file_holds_are_not_made_again(small, tmp_path, capsys):
    assert scaling.main(["--seeds", "0", "--only", "tiny", "larger", "--out", str(tmp_path)]) == 0
    first = json.loads((tmp_path / "scaling.json").read_text(encoding="utf-8"))
    assert [(run["size"], run["characters"]) for run in first["runs"]] == [
        ("tiny", 4096),
        ("tiny", 8192),
        ("larger", 8192),
    ]
    assert all(2 < run["loss"] < 5 and run["standard_error"] > 0 for run in first["runs"])
    capsys.readouterr()
    assert scaling.main(["--seeds", "0", "--only", "tiny", "small", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("\n") == 2  # those of the small one
    second = json.loads((tmp_path / "scaling.json").read_text(encoding="utf-8"))
    assert [run for run in second["runs"] if run["size"] != "small"] == first["runs"]


def test_rates_are_tried_without_the_validation_text(small, tmp_path):
    assert scaling.main(["--rates", "--seeds", "0", "--only", "tiny", "--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "scaling-rates.json").read_text(encoding="utf-8"))
    assert [run["rate"] for run in found["runs"]] == [0.005, 0.01, 0.02]
    assert found["text"] == "source_code(): 18,000 characters to learn from"
