"""Measure learning curves: how much data, and which size, each of six methods needs: results/learning-curves.json.

    OMP_NUM_THREADS=1 python experiments/learning_curves.py digits [--steps 400] [--seeds 0 1 2 3 4 5]

Without a network: logistic regression, a random forest, a support vector machine. With one: ConvNets of three widths,
with the same recipe and as many steps whatever the number of digits. All see the same MNIST digits of a seed and are
tested on the same 10,000. As a control, a ConvNet learns from digits whose pixels stand in another order, always the
same: what it knew of neighbours is of no use to it then, and to the methods without a network the order is all one.
Nothing is chosen by the test digits: the settings are those of experiments/vit.py and scikit-learn's own. About a
quarter of an hour on one CPU core.
"""

import argparse
import json
import math
import platform
from collections.abc import Callable
from pathlib import Path
from time import process_time

import sklearn
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from torch import Tensor

from largemodels.data import Batches, ImageData, mnist
from largemodels.device import describe
from largemodels.models import ConvNet, ConvNetConfig
from largemodels.train import Recipe, evaluate, fit
from largemodels.train.files import write_whole

FILE = Path(__file__).parent.parent / "results/learning-curves.json"
AMOUNTS = (100, 300, 1000, 3000, 10_000)
BATCH = 64
RECIPE = Recipe(3e-3, schedule="cosine", warmup=50)
PLAIN: dict[str, Callable] = {
    "logistic regression": lambda seed: LogisticRegression(C=0.1, max_iter=300),
    "random forest": lambda seed: RandomForestClassifier(300, random_state=seed),
    "support vector machine": lambda seed: SVC(C=10),
}
WIDTHS = ((4, 8), (16, 32), (48, 96))
SHUFFLED = (16, 32)  # the width that also learns from pixels in another order


def train(widths: tuple[int, ...], images: Tensor, labels: Tensor, steps: int, seed: int) -> ConvNet:
    """Train a ConvNet for so many steps, as many times through the digits as that takes."""
    torch.manual_seed(seed)
    model = ConvNet(ConvNetConfig(widths=widths))
    size = min(BATCH, len(images))
    every = Batches(images, labels, size, math.ceil(steps * size / len(images)) + 1, seed)
    for _ in fit(model, [every[i] for i in range(steps)], RECIPE):
        pass
    return model


def curves(data: ImageData, seeds: list[int], steps: int, amounts=AMOUNTS) -> list[dict]:
    """Return a row for each method, amount and seed: accuracy on all test digits, and CPU seconds of learning."""
    rows = []
    test = data.test.images.flatten(1).numpy(), data.test.labels.numpy()
    for seed in seeds:
        picks = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(seed))
        for amount in amounts:
            images, labels = data.train.images[picks[:amount]], data.train.labels[picks[:amount]]
            for name, make in PLAIN.items():
                start = process_time()
                method = make(seed).fit(images.flatten(1).numpy(), labels.numpy())
                spent = process_time() - start
                rows.append(_row(name, amount, seed, method.score(*test), spent))
            for widths, order in [*((widths, "as they are") for widths in WIDTHS), (SHUFFLED, "pixels shuffled")]:
                start = process_time()
                model = train(widths, _arrange(images, order), labels, steps, seed)
                spent = process_time() - start
                right = evaluate(model, _arrange(data.test.images, order), data.test.labels).accuracy
                size = sum(p.numel() for p in model.parameters())
                more = {"parameters": size, "order": order}
                rows.append(_row(f"ConvNet, {size:,} parameters", amount, seed, right, spent, **more))
    return rows


def _arrange(images: Tensor, order: str) -> Tensor:
    """Leave the pixels of ``(b, 1, n, n)`` where they are, or move them, in all images alike."""
    if order == "as they are":
        return images
    places = torch.randperm(images[0].numel(), generator=torch.Generator().manual_seed(0))
    return images.flatten(1)[:, places].view_as(images)


def _row(method: str, amount: int, seed: int, accuracy: float, seconds: float, **more) -> dict:
    row = {"method": method, "digits": amount, "seed": seed}
    row |= {"accuracy": round(accuracy, 5), "cpu_seconds": round(seconds, 2), **more}
    print(row, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["digits"])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4, 5])
    parser.add_argument("--amounts", type=int, nargs="+", default=AMOUNTS)
    parser.add_argument("--out", type=Path, default=FILE)
    args = parser.parse_args()
    result = {
        "what": "MNIST: accuracy on the 10,000 test digits by how many digits were learned from",
        "command": f"python experiments/learning_curves.py digits --steps {args.steps}",
        "hardware": describe(torch.device("cpu")),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "scikit-learn": sklearn.__version__,
        },
        "recipe": str(RECIPE),
        "methods": {name: str(make(0)) for name, make in PLAIN.items()},
        "rows": curves(mnist(), args.seeds, args.steps, args.amounts),
    }
    write_whole(args.out, json.dumps(result, indent=1, ensure_ascii=False).encode() + b"\n")


if __name__ == "__main__":
    main()
