"""Compare features made by hand with learned ones as the data grow: results/features.json.

    OMP_NUM_THREADS=1 python experiments/features.py

Histograms of oriented gradients against raw pixels, each before a linear classifier and before a support vector
machine, and against the book's ConvNet, three seeds. Two data sets: scikit-learn's digits, whole forms held out in five
folds (new hands), and MNIST with its 10,000 test images. About four minutes on one CPU core.
"""

import sys
from pathlib import Path
from time import process_time

import numpy as np
import torch
from results import write
from skimage.feature import hog
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from torch import Tensor

from largemodels.data import Batches, Labelled, digits, mnist
from largemodels.models import ConvNet
from largemodels.train import Recipe, fit, predict
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/features.json"
SEEDS, FOLDS, BATCH, STEPS = range(3), range(5), 64, 400
FEW = (50, 200, 800)  # digits of scikit-learn; then all
MNIST = (100, 1000, 10_000)
# chosen by the training digits of fold 0 alone, whole forms held out in turn
LINEAR = {"pixels": 0.3, "gradients": 3.0}
CLASSIFIERS = {
    "linear": lambda kind: LogisticRegression(C=LINEAR[kind], max_iter=500),
    "support vector machine": lambda kind: SVC(C=9.0),
}


def gradients(images: Tensor) -> np.ndarray:
    """Return histograms of oriented gradients (Dalal and Triggs 2005): nine directions in cells of 7 × 7 pixels."""
    return np.stack([hog(image[0].numpy(), 9, (7, 7), (2, 2)) for image in images])


def pixels(images: Tensor) -> np.ndarray:
    return images.flatten(1).numpy()


FEATURES = {"pixels": pixels, "gradients": gradients}


def drawn(labels: Tensor, count: int, seed: int) -> Tensor:
    """Draw rows at random, the classes in proportion to chance alone, but each at least once."""
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    first = torch.stack([order[labels[order] == label][0] for label in labels.unique()])
    rest = order[~torch.isin(order, first)]
    return torch.cat([first, rest])[:count]


def learned(train: Labelled, test: Tensor, seed: int) -> Tensor:
    """Train the ConvNet for ten epochs or, where there are few images, for as many as make 400 steps."""
    torch.manual_seed(seed)
    model = ConvNet()
    epochs = max(10, -(-STEPS * BATCH // len(train)))
    for _ in fit(model, Batches(train.images, train.labels, BATCH, epochs, seed), Recipe()):
        pass
    return predict(model, test).argmax(1)


def compared(name: str, fold: int, train: Labelled, test: Labelled, sizes: tuple[int, ...]) -> list[dict]:
    """Train every method on ever more images; return how many test images each got right."""
    ready = {kind: (make(train.images), make(test.images)) for kind, make in FEATURES.items()}
    runs = []
    for size in sizes:
        for seed in SEEDS:
            rows = drawn(train.labels, size, 10 * seed + fold)
            run = {"data": name, "fold": fold, "seed": seed, "size": len(rows), "tested": len(test), "right": {}}
            for kind, (known, new) in ready.items():
                for classifier, make in CLASSIFIERS.items():
                    found = make(kind).fit(known[rows], train.labels[rows].numpy()).predict(new)
                    run["right"][f"{kind}, {classifier}"] = int((found == test.labels.numpy()).sum())
            answers = learned(Labelled(train.images[rows], train.labels[rows]), test.images, seed)
            run["right"]["ConvNet"] = int((answers == test.labels).sum())
            runs.append(run)
            print(run, flush=True)
    return runs


def main() -> int:
    speak_utf8()
    torch.set_num_threads(1)
    start, runs = process_time(), []
    for fold in FOLDS:
        data = digits(held_out="forms", fold=fold)
        runs += compared("digits, new hands", fold, data.train, data.test, (*FEW, len(data.train)))
    written = mnist()
    known = drawn(written.train.labels, MNIST[-1], 0)
    few = Labelled(written.train.images[known], written.train.labels[known])
    runs += compared("MNIST", 0, few, written.test, MNIST)
    head = {
        "what": "features made by hand and learned, as the data grow: how many test images were right",
        "command": "python experiments/features.py",
        "gradients": "skimage.feature.hog: 9 directions, cells of 7 × 7 pixels, blocks of 2 × 2 cells: 324 numbers",
        "settings": {"linear": LINEAR, "support vector machine": 9.0},
        "training": f"ConvNet: Adam, rate 0.001, batches of {BATCH}, ten epochs or at least {STEPS} steps",
    }
    write(FILE, head, runs, SEEDS, start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
