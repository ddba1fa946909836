"""Measure on MNIST what takes no network: the methods that the chapter on the network compares with.

    python experiments/mnist_baselines.py

It writes results/mnist-baselines.json. Nothing in it is random, so there are no seeds. It takes minutes.
"""

import json
import platform
from pathlib import Path

import sklearn
import torch
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from largemodels.data import mnist
from largemodels.device import describe

FILE = Path(__file__).parent.parent / "results/mnist-baselines.json"
METHODS = {
    "nearest neighbour": KNeighborsClassifier(1),
    "SVM with RBF kernel": SVC(C=10),  # the width of the kernel is scikit-learn's own choice, as in the chapter
}


def main() -> None:
    data = mnist()
    train, test = ((part.images.flatten(1).numpy(), part.labels.numpy()) for part in (data.train, data.test))
    rows = []
    for name, method in METHODS.items():
        rows.append({"name": name, "method": str(method), "accuracy": method.fit(*train).score(*test)})
        print(rows[-1], flush=True)
    result = {
        "what": "MNIST, 60,000 digits to learn from, 10,000 to test on; pixels in [0, 1]",
        "command": "python experiments/mnist_baselines.py",
        "hardware": describe(torch.device("cpu")),
        "versions": {"python": platform.python_version(), "scikit-learn": sklearn.__version__},
        "results": rows,
    }
    FILE.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
