"""The full-size runs on digits: networks that differ as named, and every run of every combination stored."""

import json
import math
import sys

import depth
import pytest
import recipes
import torch
from torch import nn

from largemodels.data import ImageData, digits


def few(count=64, size=8):
    data = digits(size)
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
    assert spread["plain, He initialisation"] == pytest.approx((2 / (9 * 16)) ** 0.5, rel=0.05)  # He et al. 2015
    assert spread["plain"] < 0.7 * spread["plain, He initialisation"]


def test_a_run_is_measured_on_what_it_learned_from_and_on_the_others():
    data = few()
    row = depth.measure("both", 4, 1e-2, 0, 60, data.train, data.test)
    assert row["train_loss"] < 1  # nats; a guess has 2.3
    assert row["train_loss"] < row["loss"]  # it has seen these, and not those
    assert 0 <= row["accuracy"] < row["train_accuracy"] <= 1


def test_a_run_that_diverges_has_no_figures_and_the_least_merit(monkeypatch):
    def diverge(*given, **options):
        raise FloatingPointError("the loss is not finite")

    monkeypatch.setattr(depth, "fit", diverge)
    row = depth.measure("plain", 4, 3e-3, 0, 1, few().train, few().test)
    assert row["loss"] is row["accuracy"] is row["train_loss"] is row["train_accuracy"] is None
    assert depth.merit(row) < depth.merit({"accuracy": 0.0, "loss": 1e6})


@pytest.mark.parametrize("best", [1e-5, 3e-4, 3e-3, 3e-2, 0.1])
def test_the_chosen_rate_stands_at_no_end_of_those_tried(best):
    def run(rate):  # worse, the further from the best
        return {"learning_rate": rate, "accuracy": -abs(math.log(rate / best)), "loss": 1.0}

    rates = [row["learning_rate"] for row in depth.search(run)]
    assert rates == sorted(rates)
    assert set(depth.RATES) <= set(rates)
    assert rates[0] < best < rates[-1]
    assert best in rates


def test_of_equal_rates_the_lower_loss_decides():
    losses = {1e-3: 0.3, 3e-3: 0.2, 1e-2: 0.4}
    tried = depth.search(lambda rate: {"learning_rate": rate, "accuracy": 0.9, "loss": losses[rate]})
    assert max(tried, key=depth.merit)["learning_rate"] == 3e-3


def test_the_rate_is_chosen_without_the_test_digits_and_every_seed_is_stored(monkeypatch, tmp_path):
    seen = []

    def measure(way, layers, rate, seed, epochs, train, other):
        seen.append((seed, len(train), len(other)))
        row = {"way": way, "depth": layers, "learning_rate": rate, "seed": seed}
        return {**row, "train_loss": 0.1, "train_accuracy": 0.9, "loss": 0.2, "accuracy": 1 - abs(rate - 3e-3)}

    monkeypatch.setattr(depth, "measure", measure)
    out = tmp_path / "depth.json"
    for layers in ("12", "4"):  # in two runs of the program
        monkeypatch.setattr(
            sys, "argv", ["experiments/depth.py", "--seeds", "0", "1", "--depths", layers, "--out", str(out)]
        )
        assert depth.main() == 0
    assert set(seen) == {(0, 1437 - 287, 287), (0, 1437, 360), (1, 1437, 360)}
    runs = json.loads(out.read_text(encoding="utf-8"))["runs"]
    final = [(run["depth"], run["way"], run["seed"]) for run in runs if run["part"] == "final"]
    assert final == [(layers, way, seed) for layers in (4, 12) for way in depth.WAYS for seed in (0, 1)]
    assert {run["learning_rate"] for run in runs if run["part"] == "final"} == {3e-3}


def test_every_model_recipe_and_seed_is_stored(monkeypatch, tmp_path):
    out = tmp_path / "recipes.json"
    monkeypatch.setattr(recipes, "FILE", out)
    monkeypatch.setattr(recipes, "digits", lambda: few(480, 28))
    monkeypatch.setattr(recipes, "BATCH", 16)
    monkeypatch.setattr(recipes, "EPOCHS", 2)
    monkeypatch.setattr(recipes, "SEEDS", (0, 1))
    assert recipes.main() == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    expected = [(m, r, s) for r in recipes.RECIPES for m in recipes.MODELS for s in (0, 1)]
    assert [(run["model"], run["recipe"], run["seed"]) for run in found["runs"]] == expected
    assert all(run["accuracy"] > 0.5 for run in found["runs"] if run["model"] == "ConvNet")
