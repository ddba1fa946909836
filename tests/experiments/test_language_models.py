"""The table of language models: every model on the same characters, and errors that are those of drawing files."""

import json

import language_models
import numpy as np
import pytest
import torch

from largemodels.data import Text
from largemodels.data.source_code import held_out_files
from largemodels.models import GPT, CharRNN, CharRNNConfig, GPTConfig, NGram
from largemodels.text import UNKNOWN, Vocabulary
from largemodels.train import evaluate_text

FILES = {"a.py": 500, "b/c.py": 900, "d.py": 1, "e.py": 1599}


def walk(n, seed):
    return torch.randint(2, (n,), generator=torch.Generator().manual_seed(seed)).cumsum(0) % 5 + 1


TEXT = Text(walk(4_000, 0), walk(3_000, 1), Vocabulary((UNKNOWN, *"abcde")))


def checkpoint(name, kind, config):
    torch.manual_seed(0)
    small = CharRNNConfig(6, 3, 5) if kind is CharRNN else GPTConfig(6, 8, 1, 1, 8)
    return kind(small), {"parameters": 7, "cpu_seconds": [3.5]}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("results") / "table.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language_models, "source_code", lambda: TEXT)
        patch.setattr(language_models, "held_out_files", lambda: dict(FILES))
        patch.setattr(language_models, "checkpoint", checkpoint)
        assert language_models.main(["--orders", "2", "4", "--out", str(out)]) == 0
    return json.loads(out.read_text(encoding="utf-8"))


def test_all_models_are_scored_on_the_same_characters(made):
    assert [row["model"] for row in made["models"]] == [
        "2-gram",
        "4-gram",
        "LSTM",
        "GPT",
        "LSTM + 4-gram",
        "GPT + 4-gram",
    ]
    assert (made["text"]["characters"], made["text"]["read_and_not_scored"]) == (3_000 - 1_024, 1_024)
    by_name = {row["model"]: row for row in made["models"]}
    models = {"4-gram": NGram(4).fit(TEXT.train, 6), "GPT": checkpoint("gpt", GPT, None)[0]}
    for name, model in models.items():
        score = evaluate_text(model, TEXT.validation, TEXT.vocabulary)
        assert by_name[name]["nats"] == pytest.approx(score.nats, abs=1e-5)
        assert by_name[name]["bits_per_byte"] == pytest.approx(score.nats / np.log(2), abs=1e-5)
    p = [evaluate_text(model, TEXT.validation, TEXT.vocabulary).losses.neg().exp() for model in models.values()]
    assert by_name["GPT + 4-gram"]["nats"] == pytest.approx(-((p[0] + p[1]) / 2).log().mean().item(), abs=1e-5)


def test_what_is_scored_of_each_file_is_what_comes_after_the_beginning(made):
    assert made["files"]["characters"] == {"b/c.py": 376, "d.py": 1, "e.py": 1599}
    for row in made["models"]:
        mean = np.average(made["files"]["nats"][row["model"]], weights=[376, 1, 1599])
        assert mean == pytest.approx(row["nats"], abs=1e-4)


def test_differences_are_those_of_the_same_characters(made):
    nats = {row["model"]: row["nats"] for row in made["models"]}
    pairs = [(row["model"], row["minus"]) for row in made["differences"]]
    assert ("GPT", "LSTM") in pairs
    assert ("LSTM", "4-gram") in pairs
    assert ("GPT", "GPT") not in pairs
    for row in made["differences"]:
        assert row["nats"] == pytest.approx(nats[row["model"]] - nats[row["minus"]], abs=2e-5)
        assert 0 <= row["files_ahead"] <= 3


def test_the_held_out_files_are_the_held_out_text():
    stored = json.loads(language_models.FILE.read_text(encoding="utf-8"))
    files = held_out_files()
    total = stored["text"]["characters"] + stored["text"]["read_and_not_scored"]
    assert abs(sum(files.values()) / total - 1) < 0.1  # Python versions differ a little
    assert len(stored["files"]["characters"]) > 30


# ---- what the book says ----


def stored_difference(one, other):
    stored = json.loads(language_models.FILE.read_text(encoding="utf-8"))
    (row,) = [row for row in stored["differences"] if (row["model"], row["minus"]) == (one, other)]
    return row["nats"], row["standard_error"]


@pytest.mark.parametrize("other", ["3-gram", "5-gram", "LSTM"])
def test_the_gpt_is_ahead_of_the_lstm_and_of_small_tables(other):
    nats, error = stored_difference("GPT", other)
    assert nats + 3 * error < 0


@pytest.mark.parametrize("other", ["8-gram", "12-gram", "15-gram"])
def test_between_the_gpt_and_long_tables_the_files_do_not_decide(other):
    nats, error = stored_difference("GPT", other)
    assert abs(nats) < 2 * error


def test_network_and_table_know_different_things():
    stored = json.loads(language_models.FILE.read_text(encoding="utf-8"))
    nats = {row["model"]: row["nats"] for row in stored["models"]}
    assert nats["GPT + 15-gram"] < min(nats["GPT"], nats["15-gram"]) - 0.05
    assert nats["LSTM + 15-gram"] < min(nats["LSTM"], nats["15-gram"])
