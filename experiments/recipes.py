"""Measure what the network and what the recipe bring on the digits, each for itself: results/digits-recipes.json.

    python experiments/recipes.py

Two networks of about equal cost, two recipes, three seeds, ten epochs: twelve runs, about a minute on one CPU core.
"""

import json
import sys
from pathlib import Path

import torch

from largemodels.data import Batches, digits, random_shift
from largemodels.device import describe
from largemodels.models import ConvNet, ResNet, ResNetConfig
from largemodels.train import Recipe, evaluate, fit

FILE = Path(__file__).parent.parent / "results/digits-recipes.json"
EPOCHS, BATCH, SEEDS = 10, 64, (0, 1, 2)
MODELS = {"ConvNet": ConvNet, "ResNet": lambda: ResNet(ResNetConfig(widths=(8, 16, 32), blocks=1))}
RECIPES = {
    "source's recipe": (Recipe(), None),
    "new recipe": (Recipe(1e-2, weight_decay=0.05, schedule="cosine", warmup=20), random_shift(2)),
}


def main() -> int:
    torch.set_num_threads(1)
    data = digits()
    runs = []
    for recipe_name, (recipe, augment) in RECIPES.items():
        for model_name, build in MODELS.items():
            for seed in SEEDS:
                torch.manual_seed(seed)
                model = build()
                batches = Batches(data.train.images, data.train.labels, BATCH, EPOCHS, seed, augment)
                for _ in fit(model, batches, recipe):
                    pass
                accuracy = evaluate(model, data.test.images, data.test.labels).accuracy
                runs.append({"model": model_name, "recipe": recipe_name, "seed": seed, "accuracy": round(accuracy, 5)})
    result = {
        "command": "python experiments/recipes.py",
        "data": "digits, 28 × 28",
        "epochs": EPOCHS,
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "runs": runs,
    }
    FILE.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
