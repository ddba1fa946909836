"""The command line learns to write dates in another form, and images with a Transformer."""

import json
from dataclasses import asdict

import pytest
import torch

from largemodels.data import Dates, dates
from largemodels.data.dates import SOURCE, TARGET, Pairs
from largemodels.models import Seq2Seq, Seq2SeqConfig, ViT, ViTConfig
from largemodels.train import evaluate, load_weights
from largemodels.train.__main__ import main
from largemodels.train.registry import DATA

SMALL = ["--width", "12", "--heads", "3", "--layers", "1", "--batch", "11"]


def few_dates(device="cpu"):
    whole = dates()
    train, test = (Pairs(part.tokens[:n], part.targets[:n]) for part, n in ((whole.train, 37), (whole.test, 13)))
    return Dates(train, test, whole.vocabulary)


@pytest.fixture(autouse=True)
def small_data(monkeypatch):
    monkeypatch.setitem(DATA, "dates", few_dates)


def test_dates_are_learned_in_epochs_and_scored_as_a_whole(tmp_path, capsys):
    flags = ["seq2seq", *SMALL, "--epochs", "2", "--device", "cpu", "--out", str(tmp_path)]
    assert main(flags) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in printed[:2]] == ["epoch 1", "epoch 2"]
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    data = few_dates()
    config = Seq2SeqConfig(len(data.vocabulary), SOURCE, TARGET, 12, 3, 1)
    model = Seq2Seq(config)
    load_weights(tmp_path / "weights.safetensors", model)
    parameters = sum(p.numel() for p in model.parameters())
    assert metrics["model"] == {"name": "seq2seq", "parameters": parameters, **asdict(config)}
    assert metrics["loss"] == pytest.approx(evaluate(model, data.test.tokens, data.test.targets).loss, rel=1e-5)
    assert "test 0.00% without a mistake" in printed[2]


def test_a_target_counts_as_right_if_the_model_writes_it_by_itself(monkeypatch):
    from largemodels.train.registry import MODELS

    torch.manual_seed(0)
    data = few_dates()
    model = Seq2Seq(Seq2SeqConfig(len(data.vocabulary), SOURCE, TARGET, 12, 3, 1)).eval()
    written = model.translate(data.test.tokens[:, :SOURCE])
    targets = torch.cat([written[:5], data.test.targets[5:]])
    given = torch.cat([targets.new_ones(13, 1), targets[:, :-1]], 1)
    asked = Pairs(torch.cat([data.test.tokens[:, :SOURCE], given], 1), targets)
    score = MODELS["seq2seq"].task.score(model, Dates(data.train, asked, data.vocabulary))
    assert score["exact"] == pytest.approx(5 / 13)
    assert 5 / 13 <= score["accuracy"] < 1


def test_a_vit_learns_digits(tmp_path):
    flags = [
        "vit",
        "--width",
        "12",
        "--heads",
        "3",
        "--layers",
        "1",
        "--patch",
        "7",
        "--epochs",
        "1",
        "--device",
        "cpu",
    ]
    assert main([*flags, "--epochs", "3", "--learning-rate", "1e-2", "--out", str(tmp_path)]) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    config = ViTConfig(patch=7, width=12, heads=3, layers=1)
    load_weights(tmp_path / "weights.safetensors", ViT(config))
    parameters = sum(p.numel() for p in ViT(config).parameters())
    assert metrics["model"] == {"name": "vit", "parameters": parameters, **asdict(config)}
    assert metrics["accuracy"] > 0.3


def test_heads_that_do_not_divide_the_width_are_named(tmp_path, capsys):
    for model in ("seq2seq", "vit"):
        assert main([model, "--width", "12", "--heads", "5", "--device", "cpu", "--out", str(tmp_path / model)]) == 2
        assert "the width must be a multiple of the heads, both at least 1; got 12 and 5" in capsys.readouterr().err
