"""Measure which part of a Transformer does what on the ten-package task: results/transformer-parts.json.

    python experiments/parts.py [--epochs 5] [--seeds 0 1 2] [--precision bfloat16] [--out FILE]

The source document's program of attention; then attention alone, and parts added to it one at a time until it is a
Transformer's encoder; the encoder with each of its parts left out; and encoders of several depths without residual
connections, without normalisation, and without both. All get the source document's recipe, and embeddings that begin
equally small. Beside them: what needs no attention, and a few with another beginning or learning rate. Each run says
which test windows it got right, so that two networks can be compared window by window. Runs that the file holds
already are not made again. About 25 minutes on one CPU core.
"""

import argparse
import json
import shlex
import sys
from pathlib import Path
from statistics import fmean
from time import process_time

import numpy as np
import torch
from encoder_ways import ways
from packages import beginnings, in_any_order
from results import write
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from torch import Tensor

from largemodels.data import Batches, LabelledWindows, WindowData, package_windows
from largemodels.device import PRECISIONS, describe
from largemodels.train import Recipe, evaluate, fit, predict

SHUFFLE = 5  # the seed of the order in which test windows are shuffled


def measure(name: str, seed: int, epochs: int, precision: str, data: WindowData) -> dict:
    """Train one network, and test it after every epoch; after the last also on windows whose tokens are shuffled."""
    how, known, asked = ways()[name], data.train, data.test
    torch.manual_seed(seed)
    model = how.network(vocabulary=len(data.vocabulary), steps=known.tokens.shape[1], classes=len(data.names))
    batches = Batches(known.tokens, known.labels, 64, how.epochs or epochs, seed)
    losses, scores, start = [], [], process_time()
    for step in fit(model, batches, Recipe(how.rate, precision=precision), progress=False):
        losses.append(step.loss)
        if (step.index + 1) % batches.per_epoch == 0:
            scores.append(evaluate(model, asked.tokens, asked.labels))
    seconds = process_time() - start
    right = predict(model, asked.tokens).argmax(1) == asked.labels
    shuffled = in_any_order(asked.tokens, torch.Generator().manual_seed(SHUFFLE))
    return {
        "way": name,
        "seed": seed,
        "parameters": sum(p.numel() for p in model.parameters()),
        "train_loss": [round(fmean(losses[i : i + batches.per_epoch]), 5) for i in beginnings(batches)],
        "test_loss": [round(score.loss, 5) for score in scores],
        "test_accuracy": [round(score.accuracy, 5) for score in scores],
        "shuffled_accuracy": round(evaluate(model, shuffled, asked.labels).accuracy, 5),
        "right": packed(right),
        "cpu_seconds": round(seconds, 1),
    }


def packed(right: Tensor) -> str:
    """Return truth values ``(n,)`` as hexadecimal digits, four in each: the first value is the highest bit."""
    return np.packbits(right.numpy()).tobytes().hex()


def bags(part: LabelledWindows, vocabulary: int, pairs: bool = False) -> csr_matrix:
    """Return for each window and each token whether it is there, ``(n, vocabulary)``.

    With ``pairs`` the same for each pair of a token and the next: as many columns as there may be pairs.
    """
    tokens = part.tokens.numpy()
    if pairs:
        tokens, vocabulary = tokens[:, :-1] * vocabulary + tokens[:, 1:], vocabulary**2
    n, t = tokens.shape
    places = np.arange(n).repeat(t), tokens.flatten()
    return (csr_matrix((np.ones(n * t), places), shape=(n, vocabulary)) > 0).astype(float)


def baselines(data: WindowData) -> list[dict]:
    """Test two methods that are given bags of tokens, or of tokens and pairs of neighbours."""
    vocabulary, found = len(data.vocabulary), []
    for what in ("bags", "bags and pairs"):
        known, asked = (bags(part, vocabulary) for part in (data.train, data.test))
        if what == "bags and pairs":
            more, less = (bags(part, vocabulary, pairs=True) for part in (data.train, data.test))
            seen = np.unique(more.indices)
            known, asked = hstack([known, more[:, seen]]).tocsr(), hstack([asked, less[:, seen]]).tocsr()
        for name, rival in (
            ("logistic regression", LogisticRegression(max_iter=500)),
            ("naive Bayes", MultinomialNB()),
        ):
            rival.fit(known, data.train.labels.numpy())
            right = torch.from_numpy(rival.predict(asked) == data.test.labels.numpy())
            score = right.float().mean().item()
            found.append({"name": f"{name} on {what}", "test_accuracy": round(score, 5), "right": packed(right)})
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--precision", choices=PRECISIONS, default="bfloat16")
    parser.add_argument("--out", type=Path, default=Path("results/transformer-parts.json"))
    options = parser.parse_args()

    torch.set_num_threads(1)
    data = package_windows()
    head = {
        "command": shlex.join(["python", *sys.argv]),
        "task": f"which of {len(data.names)} packages {data.train.tokens.shape[1]} tokens of Python are from",
        "windows": {"train": len(data.train), "test": len(data.test)},
        "training": f"{options.epochs} epochs, batches of 64, Adam at 0.001, products in {options.precision}",
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "baselines": baselines(data),
    }
    runs = there(options.out, head["training"])
    for name in ways():
        for seed in options.seeds:
            if (name, seed) not in runs:
                run = runs[name, seed] = measure(name, seed, options.epochs, options.precision, data)
                print(name, seed, run["test_accuracy"][-1], run["cpu_seconds"], flush=True)
                write(options.out, head, in_order(runs))
    return 0


def there(path: Path, training: str, by: tuple[str, ...] = ("way", "seed")) -> dict[tuple, dict]:
    """Return the runs that a file holds already, by network and seed. Raises ``ValueError`` for other training."""
    if not path.exists():
        return {}
    result = json.loads(path.read_text(encoding="utf-8"))
    if result["training"] != training:
        raise ValueError(f"{path} holds runs with {result['training']!r}, not {training!r}; move it away first")
    return {tuple(run[key] for key in by): run for run in result["runs"]}


def in_order(runs: dict[tuple[str, int], dict]) -> list[dict]:
    """Return the runs of the networks that there are, as these follow each other."""
    return [runs[key] for name in ways() for key in sorted(runs) if key[0] == name]


if __name__ == "__main__":
    sys.exit(main())
