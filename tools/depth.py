"""Measure how deep networks can be trained, with and without batch normalisation and short cuts: results/depth.json.

    python tools/depth.py [--epochs 10] [--seeds 0 1 2] [--depths 4 8 12 20 32] [--out results/depth.json]

The digits are taken as they are, 8 × 8; the networks differ in depth and in nothing else. Every way of building them
gets every learning rate, because what suits one does not suit another. About 40 minutes on one CPU core.
"""

import argparse
import shlex
import sys
from pathlib import Path
from statistics import fmean

import torch
from results import write
from torch import nn

from largemodels.data import Batches, digits
from largemodels.device import describe
from largemodels.models import ResNet, ResNetConfig
from largemodels.train import Recipe, evaluate, fit

# residual, normalise, first weights as by He et al. 2015
WAYS = {
    "plain": (False, False, False),
    "plain, scaled weights": (False, False, True),
    "normalised": (False, True, False),
    "residual": (True, False, False),
    "both": (True, True, False),
}
RATES = (1e-3, 3e-3, 1e-2)


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


def measure(way: str, depth: int, rate: float, seed: int, epochs: int, data) -> dict:
    """Train one network; a run that diverges has no loss."""
    torch.manual_seed(seed)
    model = build(way, depth)
    batches = Batches(data.train.images, data.train.labels, 64, epochs, seed)
    row = {"way": way, "depth": depth, "learning_rate": rate, "seed": seed}
    try:
        losses = [step.loss for step in fit(model, batches, Recipe(rate, schedule="cosine"), progress=False)]
        accuracy = evaluate(model, data.test.images, data.test.labels).accuracy
    except FloatingPointError:
        return {**row, "loss": None, "accuracy": None}
    return {**row, "loss": round(fmean(losses[-batches.per_epoch :]), 5), "accuracy": round(accuracy, 5)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--depths", type=int, nargs="+", default=[4, 8, 12, 20, 32])
    parser.add_argument("--out", type=Path, default=Path("results/depth.json"))
    options = parser.parse_args()

    torch.set_num_threads(1)
    data = digits(8)
    runs = []
    for depth in options.depths:
        for way in WAYS:
            for rate in RATES:
                runs += [measure(way, depth, rate, seed, options.epochs, data) for seed in options.seeds]
                print(runs[-1], flush=True)
    result = {
        "command": shlex.join(["python", *sys.argv]),
        "data": "digits, 8 × 8",
        "epochs": options.epochs,
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    write(options.out, result, runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
