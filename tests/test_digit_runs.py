"""The full-size runs on digits: networks that differ as named, and every run of every combination stored."""

import json
import sys

import depth
import pytest
import recipes
import torch
from torch import nn

from largemodels.data import ImageData, digits


def few(count=64):
    data = digits(8)
    train, test = (type(part)(part.images[:count], part.labels[:count]) for part in (data.train, data.test))
    return ImageData(train, test, data.names)


@pytest.mark.parametrize("way", depth.WAYS)
@pytest.mark.parametrize("layers", [4, 8, 20])
def test_a_network_has_as_many_layers_as_its_name_says(way, layers):
    model = depth.build(way, layers)
    convolutions = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3)]
    assert len(convolutions) + 1 == layers  # and the classifier


def test_ways_differ_in_what_they_are_named_for():
    torch.manual_seed(0)
    networks = {way: depth.build(way, 8) for way in depth.WAYS}
    normalised = {way for way, model in networks.items() if any(isinstance(m, nn.BatchNorm2d) for m in model.modules())}
    assert normalised == {"normalised", "both"}
    assert {way for way, model in networks.items() if model.config.residual} == {"residual", "both"}
    spread = {
        way: model.blocks[0].correction[0].conv.weight.std().item() for way, model in networks.items() if "plain" in way
    }
    assert spread["plain, scaled weights"] == pytest.approx((2 / (9 * 16)) ** 0.5, rel=0.05)  # He et al. 2015
    assert spread["plain"] < 0.7 * spread["plain, scaled weights"]


def test_a_run_is_measured_and_one_that_diverges_has_no_loss(monkeypatch):
    row = depth.measure("both", 4, 3e-3, seed=0, epochs=4, data=few())
    assert row["loss"] < 2.3
    assert 0 <= row["accuracy"] <= 1

    def diverge(*given, **options):
        raise FloatingPointError("the loss is not finite")

    monkeypatch.setattr(depth, "fit", diverge)
    assert depth.measure("plain", 4, 3e-3, seed=0, epochs=1, data=few())["loss"] is None


def test_every_depth_way_rate_and_seed_is_stored(monkeypatch, tmp_path):
    out = tmp_path / "depth.json"
    monkeypatch.setattr(depth, "digits", lambda size: few(16))
    monkeypatch.setattr(sys, "argv", f"tools/depth.py --epochs 1 --seeds 0 --depths 4 --out {out}".split())
    assert depth.main() == 0
    runs = json.loads(out.read_text(encoding="utf-8"))["runs"]
    assert [(run["way"], run["learning_rate"]) for run in runs] == [(w, r) for w in depth.WAYS for r in depth.RATES]


def test_every_model_recipe_and_seed_is_stored(monkeypatch, tmp_path):
    out = tmp_path / "recipes.json"
    monkeypatch.setattr(recipes, "FILE", out)
    monkeypatch.setattr(recipes, "EPOCHS", 2)
    monkeypatch.setattr(recipes, "SEEDS", (0, 1))
    assert recipes.main() == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    expected = [(m, r, s) for r in recipes.RECIPES for m in recipes.MODELS for s in (0, 1)]
    assert [(run["model"], run["recipe"], run["seed"]) for run in found["runs"]] == expected
    assert all(run["accuracy"] > 0.5 for run in found["runs"] if run["model"] == "ConvNet")
