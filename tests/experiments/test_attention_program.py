"""What the page on the source document says of its program of attention is in the stored results."""

import json
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import torch

from largemodels.layers import attention
from largemodels.models import AttentionClassifier
from largemodels.train.compare import compare

RESULTS = Path(__file__).resolve().parents[2] / "results" / "transformer-parts.json"
PROGRAM = "the source's"
ENCODER = "everything, 1 layer"


@pytest.fixture(scope="module")
def stored():
    return json.loads(RESULTS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def runs(stored):
    found = {bag["name"]: [bag] for bag in stored["baselines"]}
    for run in stored["runs"]:
        found.setdefault(run["way"], []).append(run)
    return found


@pytest.fixture(scope="module")
def lead(runs):
    """Return by how many points the first is ahead of the second, and two standard errors."""

    def answers(way):
        rows = [np.frombuffer(bytes.fromhex(run["right"]), np.uint8) for run in runs[way]]
        return torch.from_numpy(np.unpackbits(np.stack(rows), axis=1))

    def ahead(one, other):
        found = compare(answers(one), answers(other))
        return 100 * found.mean, 200 * found.error

    return ahead


def right(runs, way):
    return [100 * run["test_accuracy"][-1] for run in runs[way]]


def test_less_than_one_parameter_in_a_hundred_is_in_the_attention(runs):
    parts = {name: sum(p.numel() for p in part.parameters()) for name, part in AttentionClassifier().named_children()}
    assert parts["query"] + parts["key"] + parts["value"] == 1_920_000
    assert (parts["attention"], parts["classifier"]) == (16_640, 64_010)
    assert sum(parts.values()) == 2_004_810 == runs[PROGRAM][0]["parameters"]
    assert parts["attention"] < 0.01 * 2_004_810


def test_to_exchange_keys_and_values_only_exchanges_the_names_of_two_tables():
    q, k, v = torch.randn(3, 2, 5, 7)
    one, other = {"keys": k, "values": v}, {"keys": v, "values": k}
    meant = attention(q, one["keys"], one["values"])
    assert torch.equal(attention(q, other["values"], other["keys"]), meant)  # as Keras reads the list
    assert not torch.equal(attention(q, other["keys"], other["values"]), meant)


def test_it_learns_its_training_windows_by_heart(runs):
    ten = runs[f"{PROGRAM}, 10 epochs"]
    train, test = (torch.tensor([run[f"{part}_loss"] for run in ten]) for part in ("train", "test"))
    assert train.shape[1] == 10
    assert (train[:, 4:] < 0.05).all()
    assert (test.argmin(1) == 1).all()
    assert (test[:, -1] > 2 * test.min(1).values).all()


def test_it_is_level_with_the_lstm_and_behind_a_bag(runs, lead):
    gap, error = lead("naive Bayes on bags", PROGRAM)
    assert gap > error
    assert 100 * runs["naive Bayes on bags"][0]["test_accuracy"] > max(right(runs, "LSTM")) + 4
    assert abs(fmean(right(runs, PROGRAM)) - fmean(right(runs, "LSTM"))) < 4


def test_it_does_not_mind_shuffled_tokens(runs):
    shuffled = 100 * fmean(run["shuffled_accuracy"] for run in runs[PROGRAM])
    assert abs(shuffled - fmean(right(runs, PROGRAM))) < 1


def test_an_encoder_beats_it_and_attention_alone_is_not_behind_it(runs, lead):
    gap, error = lead(ENCODER, PROGRAM)
    assert gap > error
    gap, error = lead("attention alone", PROGRAM)
    assert abs(gap) < error
    assert 0.3 < runs[ENCODER][0]["parameters"] / runs[PROGRAM][0]["parameters"] < 0.37


def test_it_does_not_mind_how_large_its_embeddings_begin(lead):
    gap, error = lead(PROGRAM, f"{PROGRAM}, large start")
    assert abs(gap) < error
