"""What each part of a Transformer is worth is measured on networks that differ in that part alone."""

import json
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import encoder_ways
import numpy as np
import part_tasks
import parts
import pytest
import torch

from largemodels.data import LabelledWindows, WindowData
from largemodels.models import TransformerEncoderConfig
from largemodels.text import UNKNOWN, Vocabulary

ROOT = Path(__file__).resolve().parents[2]


SIZES = {"vocabulary": 23, "steps": 11, "classes": 5}


def config(name: str) -> dict:
    return asdict(TransformerEncoderConfig(**dict(encoder_ways.ways()[name].parts)))


def differing(one: str, other: str) -> set[str]:
    a, b = config(one), config(other)
    return {field for field in a if a[field] != b[field]}


def test_parts_are_added_one_at_a_time_until_nothing_is_missing():
    order = [*encoder_ways.ADDED, "everything, 1 layer"]
    changes = [differing(one, other) for one, other in pairwise(order)]
    assert changes == [
        {"heads"},
        {"positions"},
        {"residual"},
        {"normalise"},
        {"feed_forward"},
        {"readout"},
    ]
    assert config("everything, 1 layer") == asdict(TransformerEncoderConfig(layers=1))


@pytest.mark.parametrize("name", [*encoder_ways.LEFT_OUT, "no residual", "no normalisation"])
def test_one_part_is_left_out_at_a_time(name):
    assert len(differing("everything, 1 layer", encoder_ways.named(name, 1))) == 1


def test_depths_differ_in_depth_alone():
    for name in encoder_ways.DEEP:
        assert differing(encoder_ways.named(name, 1), encoder_ways.named(name, 6)) == {"layers"}


@pytest.fixture
def data() -> WindowData:
    """Return a few windows of 11 tokens in five classes."""
    tokens = torch.randint(23, (13, 11), generator=torch.Generator().manual_seed(0))
    part = LabelledWindows(tokens, torch.arange(13) % 5)
    return WindowData(part, part, tuple("abcde"), Vocabulary((UNKNOWN, *map(str, range(22)))))


@pytest.mark.parametrize("name", encoder_ways.ways())
def test_every_network_can_be_built_and_asked(name, data):
    torch.manual_seed(0)
    model = encoder_ways.ways()[name].network(**SIZES)
    logits = model(data.test.tokens)
    assert logits.shape == (13, 5)
    # an answer for each window, not one for all; four in a row without residuals make all windows nearly alike
    assert (logits[0] != logits[1]).any()


def test_without_attention_no_token_knows_of_another(data):
    torch.manual_seed(0)
    model = encoder_ways.ways()["no attention, 1 layer"].network(**SIZES)
    tokens = data.test.tokens
    other = tokens.clone()
    other[:, 3] = (other[:, 3] + 1) % 23
    states = [model.layers(model.places(model.embedding(x))) for x in (tokens, other)]
    changed = (states[0] != states[1]).any(2).any(0)
    assert changed.nonzero().flatten().tolist() == [3]


def test_a_run_says_what_was_measured_and_comes_out_the_same_again(data):
    first, again = (parts.measure("+ positions", 3, 2, "float32", data) for _ in range(2))
    assert first | {"cpu_seconds": 0} == again | {"cpu_seconds": 0}
    assert (first["way"], first["seed"]) == ("+ positions", 3)
    assert first["parameters"] == 23 * 64 + 4 * 64 * 65 + 11 * 64 + 11 * 64 * 5 + 5
    assert [len(first[part]) for part in ("train_loss", "test_loss", "test_accuracy")] == [2, 2, 2]
    assert unpacked(first["right"])[:13].mean() == pytest.approx(first["test_accuracy"][-1], abs=1e-5)
    assert json.loads(json.dumps(first)) == first


def unpacked(digits: str) -> np.ndarray:
    return np.unpackbits(np.frombuffer(bytes.fromhex(digits), np.uint8))


def test_right_answers_are_stored_in_their_order():
    right = torch.tensor([True, False, False, True, True, False, False, False, False, True, False])
    assert parts.packed(right) == "9840"
    assert unpacked("9840")[:11].tolist() == right.tolist()


def test_runs_that_are_there_are_kept_in_the_order_of_the_networks(tmp_path):
    path, names = tmp_path / "parts.json", list(encoder_ways.ways())
    runs = [{"way": name, "seed": seed} for name, seed in ((names[3], 1), (names[0], 2), (names[3], 0), ("gone", 0))]
    parts.write(path, {"training": "5 epochs"}, runs)
    kept = parts.in_order(parts.there(path, "5 epochs"))
    assert kept == [runs[1], runs[2], runs[0]]
    with pytest.raises(ValueError, match="holds runs with '5 epochs', not '6 epochs'"):
        parts.there(path, "6 epochs")
    assert parts.there(tmp_path / "other.json", "5 epochs") == {}
    assert list(parts.there(path, "5 epochs", by=("seed", "way"))) == [(run["seed"], run["way"]) for run in runs]


def test_a_bag_knows_which_tokens_are_there_and_nothing_else(data):
    bags = parts.bags(data.test, 23).toarray()
    for row, tokens in zip(bags, data.test.tokens, strict=True):
        assert set(row.nonzero()[0]) == set(tokens.tolist())
    assert set(bags.flatten()) == {0.0, 1.0}


# ---- tasks on which parts are needed ----


WORDS = Vocabulary((UNKNOWN, *"abc()[]{}"))


def test_every_piece_is_there_once_as_written_and_once_backwards():
    windows = torch.arange(3 * 20).view(3, 20)
    cut, turned = part_tasks.order(windows, WORDS)
    assert cut.shape == (12, 10)
    assert torch.equal(cut[:6].flatten(), torch.arange(60))
    assert torch.equal(cut[turned == 1].flip(1), cut[turned == 0])


def test_brackets_are_counted_whatever_their_kind():
    texts = ["a" * 20, "(a]" + 17 * "b", "(((" + 17 * "c", "}{" * 9 + "ac", ")" + 19 * "a"]
    cut, balanced = part_tasks.brackets(torch.stack([WORDS.encode(text) for text in texts]), WORDS)
    assert cut.shape == (5, 20)
    assert balanced.tolist() == [1, 1, 0, 1, 0]


def test_rare_tokens_are_unknown():
    assert part_tasks.pieces(torch.tensor([[5, 999, 1000, 7]]), 2).tolist() == [[5, 999], [0, 7]]


def test_pairs_are_counted_in_their_order():
    counted = part_tasks.counts(torch.tensor([[2, 3, 2, 3]]), pairs=True)
    assert {(i // 1000, i % 1000): n for i, n in zip(counted.indices, counted.data, strict=True)} == {
        (2, 3): 2,
        (3, 2): 1,
    }


@pytest.mark.parametrize("name", [*part_tasks.LEFT_OUT, "no attention"])
def test_an_encoder_learns_a_task_with_a_part_left_out(name, monkeypatch):
    monkeypatch.setattr(part_tasks, "EVERY", 2)
    windows = torch.randint(1200, (5, 20), generator=torch.Generator().manual_seed(0))
    examples = part_tasks.brackets(windows, WORDS)
    run = part_tasks.measure("brackets", name, 3, 5, examples, examples)
    assert (run["task"], run["way"], run["seed"]) == ("brackets", name, 3)
    assert len(run["test_accuracy"]) == len(run["test_loss"]) == 2


# ---- the results of the book ----


@pytest.fixture(scope="module")
def result() -> dict:
    return json.loads((ROOT / "results" / "transformer-parts.json").read_text(encoding="utf-8"))


def test_every_network_was_trained_with_three_seeds(result):
    seeds = {}
    for run in result["runs"]:
        seeds.setdefault(run["way"], []).append(run["seed"])
    assert list(seeds) == list(encoder_ways.ways())
    assert all(len(found) >= 3 and len(set(found)) == len(found) for found in seeds.values())


def test_right_answers_are_those_that_the_accuracy_counts(result):
    runs = [run for run in [*result["baselines"], *result["runs"]] if "right" in run]
    assert len(runs) >= 4 + 3 * 14
    for run in runs:
        accuracy = run["test_accuracy"] if isinstance(run["test_accuracy"], float) else run["test_accuracy"][-1]
        assert len(unpacked(run["right"])) == 800
        assert unpacked(run["right"]).mean() == pytest.approx(accuracy, abs=1e-5)


def final(result: dict, name: str) -> list[float]:
    return [run["test_accuracy"][-1] for run in result["runs"] if run["way"] == name]


def test_the_full_encoder_beats_the_sources_program(result):
    for rival in ("the source's", "the source's, large start", "the source's, 10 epochs"):
        assert fmean(final(result, "everything, 1 layer")) > fmean(final(result, rival)) + 0.01
    assert min(final(result, "everything, 1 layer")) > max(final(result, "the source's"))


def test_a_bag_of_tokens_beats_both(result):
    best = max(rival["test_accuracy"] for rival in result["baselines"])
    assert best > max(final(result, "everything, 1 layer") + final(result, "the source's"))


def test_what_has_no_order_cannot_mind_shuffling(result):
    found = [run for run in result["runs"] if run["way"] in ("no positions, 1 layer", "mean of embeddings")]
    assert len(found) == 6
    for run in found:
        assert run["shuffled_accuracy"] == pytest.approx(run["test_accuracy"][-1], abs=0.003)


@pytest.fixture(scope="module")
def tasks() -> dict:
    return json.loads((ROOT / "results" / "transformer-tasks.json").read_text(encoding="utf-8"))


def shares(tasks: dict, task: str, name: str) -> list[float]:
    found = [run["test_accuracy"][-1] for run in tasks["runs"] if (run["task"], run["way"]) == (task, name)]
    assert len(found) == 6
    return found


def test_no_order_is_read_without_positions(tasks):
    assert set(shares(tasks, "order", "no positions")) == {0.5}
    assert min(shares(tasks, "order", "everything")) > 0.9


def test_brackets_are_compared_by_the_feed_forward_part_and_counted_by_attention(tasks):
    whole = min(shares(tasks, "brackets", "everything"))
    assert whole > 0.95
    for part in ("attention", "feed-forward"):
        assert max(shares(tasks, "brackets", f"no {part}")) < whole - 0.05
    assert all(rival["test_accuracy"] < 0.7 for rival in tasks["baselines"] if rival["task"] == "brackets")
