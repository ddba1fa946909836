"""Noise is as large as the attacks; a small run writes what the page reads."""

import json

import adversarial
import pytest
import torch
from torch import nn

from largemodels.data import ImageData, Labelled


def test_noise_moves_every_pixel_by_the_size_of_the_change_within_the_range():
    images = torch.rand(7, 1, 11, 11)
    moved = adversarial.noisy(images, 0.1, seed=3)
    inner = (images > 0.1) & (images < 0.9)
    torch.testing.assert_close((moved - images).abs()[inner], torch.full_like(images, 0.1)[inner])
    assert moved.min() >= 0
    assert moved.max() <= 1
    assert 0.3 < ((moved > images)[inner]).double().mean() < 0.7


def test_rows_hold_an_accuracy_for_each_size_and_each_pair_of_networks(monkeypatch):
    monkeypatch.setattr(adversarial, "STEPS", 2)
    monkeypatch.setattr(adversarial, "MORE_STEPS", 2)
    torch.manual_seed(0)
    models = {name: nn.Sequential(nn.Flatten(), nn.Linear(9, 10)) for name in ("one", "two")}
    test = Labelled(torch.rand(13, 1, 3, 3), torch.randint(10, (13,)))
    rows = adversarial.measured(models, {"one": 1.0, "two": 2.0}, test, seed=0)
    assert [row["network"] for row in rows if "network" in row] == ["one", "two"]
    assert {(row["made against"], row["read by"]) for row in rows if "read by" in row} == {
        ("one", "two"),
        ("two", "one"),
    }
    for row in rows[:2]:
        clean = adversarial.right(models[row["network"]], test.images, test.labels)
        assert row["noise"][0] == row["fgsm"][0] == row["pgd"][0] == clean
        assert len(row["pgd"]) == len(adversarial.SIZES)
        assert row["pgd"][-1] <= clean


def test_the_programme_writes_its_file(monkeypatch, tmp_path):
    monkeypatch.setattr(
        adversarial, "trained", lambda name, seed, data: (nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), 1.5)
    )
    monkeypatch.setattr(adversarial, "STEPS", 1)
    monkeypatch.setattr(adversarial, "MORE_STEPS", 1)
    few = Labelled(torch.rand(5, 1, 28, 28), torch.arange(5))
    monkeypatch.setattr(adversarial, "digits", lambda held_out: ImageData(few, few, ()))
    assert adversarial.main(["--seeds", "4", "--out", str(tmp_path)]) == 0
    kept = json.loads((tmp_path / "adversarial.json").read_text(encoding="utf-8"))
    assert kept["sizes"] == pytest.approx(adversarial.SIZES)
    assert {row["seed"] for row in kept["rows"]} == {4}
