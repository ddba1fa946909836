"""The comparison of recipes: equal parameters, equal time, and each recipe as it is described."""

import json
from dataclasses import replace
from itertools import count
from math import exp, log

import d2l
import pytest
import torch

from largemodels.data import Text
from largemodels.text import UNKNOWN, Vocabulary


def walk(length, seed):
    """Return a text in which each symbol is followed by one of two."""
    return torch.randint(2, (length,), generator=torch.Generator().manual_seed(seed)).cumsum(0) % 5 + 1


@pytest.fixture
def text():
    return Text(walk(4001, 0), walk(601, 1), Vocabulary((UNKNOWN, *map(chr, range(33, 129)))))


def test_no_network_has_more_parameters_than_the_textbooks():
    sizes = {
        name: sum(p.numel() for p in make().parameters() if p.requires_grad) for name, make in d2l.NETWORKS.items()
    }
    theirs = sizes.pop("RNN, 32 units, one-hot")
    assert all(0.9 * theirs < size <= theirs for size in sizes.values())


def test_one_hot_characters_are_features_that_no_training_changes(text):
    model = d2l.NETWORKS["RNN, 32 units, one-hot"]()
    d2l.train(model, text, d2l.WAYS["ours"], seed=0, seconds=0.2)
    assert torch.equal(model.embedding.weight, torch.eye(97))


@pytest.fixture
def small_batches(monkeypatch):
    """Batches that learn as much from so short a text, in less time."""
    monkeypatch.setitem(d2l.WAYS, "theirs", replace(d2l.WAYS["theirs"], size=64))


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("way", d2l.WAYS)
def test_training_takes_the_time_that_it_is_given_and_learns(text, way, monkeypatch):
    monkeypatch.setattr(d2l, "process_time", count(0, 1 / 64).__next__)  # of a step, however busy the machine
    short, long = (d2l.run(text, "GRU, 30 units", way, seed=0, seconds=seconds) for seconds in (0.25, 1.0))
    assert (short["steps"], long["steps"]) == (15, 63)
    assert long["validation_loss"] < min(short["validation_loss"], log(97))
    assert long["characters"] == long["steps"] * d2l.WAYS[way].size * d2l.WAYS[way].context
    assert long["validation_perplexity"] == pytest.approx(exp(long["validation_loss"]), rel=1e-3)


def test_every_network_and_recipe_is_run_with_every_seed(text, monkeypatch, tmp_path):
    monkeypatch.setattr(d2l, "source_code", lambda: text)
    out = tmp_path / "recipes.json"
    assert d2l.main(["--seconds", "0.05", "--seeds", "3", "5", "--out", str(out)]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    runs = [(run["seed"], run["network"], run["recipe"]) for run in found["runs"]]
    assert runs == [(seed, *pair) for seed in (3, 5) for pair in d2l.RUNS]
    assert found["command"].startswith("python experiments/d2l.py --seconds 0.05")
    assert found["recipes"]["theirs"] == {"size": 1024, "context": 32, "optimizer": "SGD", "rate": 1.0}


def test_the_stored_comparison_is_the_one_that_is_made():
    stored = json.loads(d2l.FILE.read_text(encoding="utf-8"))
    assert stored["cpu_seconds"] == 60
    assert [(run["network"], run["recipe"]) for run in stored["runs"]] == d2l.RUNS * 3
