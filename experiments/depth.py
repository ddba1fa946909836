"""Measure how deep networks can be trained, with and without batch normalisation and residual connections.

    python experiments/depth.py [--epochs 40] [--seeds 0 1 2] [--depths 4 32] [--out results/depth.json]

The digits are taken as they are, 8 × 8, split at random; the networks differ in depth and in nothing else. What suits
one way of building them does not suit another, so each finds its own learning rate. One seed trains on four fifths of
the training digits, and the best rate is the one that reads most of the last fifth, the validation digits (of equals,
that of the lower loss). Three rates are tried first. As long as the best stands at an end of those tried, so is the
next rate beyond. With the best, every seed then trains on all the training digits; the test digits have no say in it.

Runs of other depths in the file are kept, so that depths can be measured side by side. A run that diverges is over
there and then, and has no figures. About a quarter of an hour on one CPU core.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from results import write
from torch import nn

from largemodels.data import Batches, Labelled, digits
from largemodels.device import describe
from largemodels.models import ResNet, ResNetConfig
from largemodels.train import Recipe, evaluate, fit
from largemodels.train.files import speak_utf8

# residual, normalise, first weights as by He et al. 2015
WAYS = {
    "plain": (False, False, False),
    "plain, He initialisation": (False, False, True),
    "normalised": (False, True, False),
    "residual": (True, False, False),
    "both": (True, True, False),
}
LADDER = [float(f"{digit}e{power}") for power in range(-6, 1) for digit in (1, 3)]  # 1e-6, 3e-6, … 3
RATES = (1e-3, 3e-3, 1e-2)  # tried first
VALIDATION = 287  # a fifth of the 1,437 training digits, which come in random order


def build(way: str, depth: int) -> ResNet:
    """Return an untrained network of ``depth`` layers: a stem, blocks of two convolutions, and a classifier."""
    residual, normalise, scale = WAYS[way]
    blocks = (depth - 2) // 2
    model = ResNet(ResNetConfig(size=8, widths=(16,), blocks=blocks, residual=residual, normalise=normalise))
    if scale:
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
    return model


def measure(way: str, depth: int, rate: float, seed: int, epochs: int, train: Labelled, other: Labelled) -> dict:
    """Train one network; return its loss and accuracy on what it learned from, and on the others."""
    torch.manual_seed(seed)
    model = build(way, depth)
    batches = Batches(train.images, train.labels, 64, epochs, seed)
    row = {"way": way, "depth": depth, "learning_rate": rate, "seed": seed}
    try:
        for _ in fit(model, batches, Recipe(rate, schedule="cosine"), progress=False):
            pass
        learned, kept = (evaluate(model, part.images, part.labels) for part in (train, other))
    except FloatingPointError:
        return {**row, "train_loss": None, "train_accuracy": None, "loss": None, "accuracy": None}
    figures = (learned.loss, learned.accuracy, kept.loss, kept.accuracy)
    names = ("train_loss", "train_accuracy", "loss", "accuracy")
    return {**row, **{name: round(figure, 5) for name, figure in zip(names, figures, strict=True)}}


def merit(row: dict) -> tuple[float, float]:
    """Return what a rate is chosen by: accuracy first, and of equals the lower loss; a diverged run is last."""
    return (-1.0, 0.0) if row["loss"] is None else (row["accuracy"], -row["loss"])


def search(run: Callable[[float], dict]) -> list[dict]:
    """Return the rows of all rates tried: ``RATES``, and more beyond an end as long as the best one stands there."""
    tried = {rate: run(rate) for rate in RATES}
    while True:
        place = LADDER.index(max(tried.values(), key=merit)["learning_rate"])
        missing = [rate for rate in LADDER[max(0, place - 1) : place + 2] if rate not in tried]
        if not missing:
            return [tried[rate] for rate in sorted(tried)]
        tried[missing[0]] = run(missing[0])


def study(way: str, depth: int, seeds: list[int], epochs: int, data) -> list[dict]:
    """Choose the rate of one way and depth, then train every seed with it."""
    known = Labelled(data.train.images[:-VALIDATION], data.train.labels[:-VALIDATION])
    validation = Labelled(data.train.images[-VALIDATION:], data.train.labels[-VALIDATION:])
    tried = search(lambda rate: measure(way, depth, rate, 0, epochs, known, validation))
    rate = max(tried, key=merit)["learning_rate"]
    runs = [measure(way, depth, rate, seed, epochs, data.train, data.test) for seed in seeds]
    return [{"part": "search", **row} for row in tried] + [{"part": "final", **row} for row in runs]


def main() -> int:
    speak_utf8()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--depths", type=int, nargs="+", default=[4, 32])
    parser.add_argument("--out", type=Path, default=Path("results/depth.json"))
    options = parser.parse_args()

    torch.set_num_threads(1)
    data = digits(8)
    result = {
        "command": f"python experiments/depth.py --epochs {options.epochs} --seeds {' '.join(map(str, options.seeds))}",
        "data": "digits, 8 × 8, random split: the same hands on both sides",
        "images": {"train": len(data.train), "validation": VALIDATION, "test": len(data.test)},
        "epochs": options.epochs,
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    runs = []
    for depth in options.depths:
        for way in WAYS:
            rows = study(way, depth, options.seeds, options.epochs, data)
            for row in rows:
                print(json.dumps(row), flush=True)
            runs += rows
            put(options.out, result, runs, options.depths)
    return 0


def put(path: Path, result: dict, runs: list[dict], depths: list[int]) -> None:
    """Write the runs; those of depths that were not asked for stay, if they were measured in the same way."""
    others = []
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        others = before.pop("runs")
        same = before == result
        others = [row for row in others if same and row["depth"] not in depths]
    write(path, result, sorted(others + runs, key=lambda row: row["depth"]))


if __name__ == "__main__":
    sys.exit(main())
