"""Measure on two tasks of which one asks for order and one for counting what parts of a Transformer are good for.

    python experiments/part_tasks.py [--steps 800] [--seeds 0 1 2 3 4 5] [--out results/transformer-tasks.json]

Both take the windows of the ten-package task, cut into pieces. In the task "order" it has to be said whether a piece
is written forwards or backwards; in the task "brackets" whether it opens as many brackets as it closes. An encoder of
one layer learns each, whole and with one part left out. Beside it are methods that are given counts of tokens, or of
pairs of neighbours. Runs that the file holds already are not made again. About 7 minutes on one CPU core.
"""

import argparse
import math
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import process_time

import numpy as np
import torch
from encoder_ways import named, unattended, way
from parts import there
from results import write
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from torch import Tensor

from largemodels.data import Batches, package_windows
from largemodels.device import describe
from largemodels.models import TransformerEncoder
from largemodels.text import Vocabulary
from largemodels.train import Recipe, evaluate, fit

VOCABULARY = 1000  # the commonest tokens
RATE, BATCH, EVERY = 3e-3, 64, 100
SIZES = {"vocabulary": VOCABULARY, "width": 32, "heads": 4, "layers": 1, "classes": 2, "start": 0.2}
LEFT_OUT = {
    "everything": {},
    "no positions": {"positions": "none"},
    "sinusoidal positions": {"positions": "sinusoidal"},
    "one head": {"heads": 1},
    "no residual": {"residual": False},
    "no normalisation": {"normalise": False},
    "neither": {"residual": False, "normalise": False},
    "no feed-forward": {"feed_forward": False},
    "flattened": {"readout": "flatten"},
    "small start": {"start": 0.02},
}
Examples = tuple[Tensor, Tensor]


def pieces(windows: Tensor, length: int) -> Tensor:
    """Cut windows ``(n, t)`` into pieces ``(n · t / length, length)``; tokens that are not common are unknown, 0."""
    cut = windows.reshape(-1, length)
    return cut.where(cut < VOCABULARY, 0)


def order(windows: Tensor, vocabulary: Vocabulary) -> Examples:
    """Return pieces of 10 tokens, and whether each is turned round: each is there once as written, once backwards."""
    cut = pieces(windows, 10)
    return torch.cat([cut, cut.flip(1)]), torch.arange(2).repeat_interleave(len(cut))


def brackets(windows: Tensor, vocabulary: Vocabulary) -> Examples:
    """Return pieces of 20 tokens, and whether each opens as many brackets as it closes, of whatever kind."""
    cut = pieces(windows, 20)
    opened, closed = (torch.isin(cut, vocabulary.encode(list(kinds))).sum(1) for kinds in ("([{", ")]}"))
    return cut, (opened == closed).long()


@dataclass(frozen=True)
class Question:
    """A task: how to make examples of windows, and how long they are."""

    examples: Callable[[Tensor, Vocabulary], Examples]
    length: int


TASKS = {"order": Question(order, 10), "brackets": Question(brackets, 20)}


def counts(tokens: Tensor, pairs: bool) -> csr_matrix:
    """Return how often each token stands in each piece, or each pair of a token and the next."""
    numbers = tokens.numpy()
    if pairs:
        numbers = numbers[:, :-1] * VOCABULARY + numbers[:, 1:]
    n, t = numbers.shape
    shape = n, VOCABULARY ** (1 + pairs)
    return csr_matrix((np.ones(n * t), (np.arange(n).repeat(t), numbers.ravel())), shape=shape)


def baselines(task: str, known: Examples, asked: Examples) -> list[dict]:
    """Test methods that know which tokens there are, or which pairs, and how many."""
    found = []
    for what, pairs in (("tokens", False), ("pairs", True)):
        x, y = (counts(part[0], pairs) for part in (known, asked))
        seen = np.unique(x.indices)
        for name, rival in (
            ("logistic regression", LogisticRegression(max_iter=1000)),
            ("naive Bayes", MultinomialNB()),
        ):
            score = rival.fit(x[:, seen], known[1].numpy()).score(y[:, seen], asked[1].numpy())
            found.append({"task": task, "name": f"{name} on {what}", "test_accuracy": round(score, 5)})
    return found


def measure(task: str, name: str, seed: int, steps: int, known: Examples, asked: Examples) -> dict:
    """Train one encoder, and test it from time to time."""
    left_out = LEFT_OUT.get(name, {})
    how = way(unattended if name == "no attention" else TransformerEncoder, **{**SIZES, **left_out})
    torch.manual_seed(seed)
    model = how.network(steps=TASKS[task].length)
    batches = Batches(*known, BATCH, math.ceil(steps * BATCH / len(known[0])), seed)
    scores, start = [], process_time()
    for step in islice(fit(model, batches, Recipe(RATE), progress=False), steps):
        if (step.index + 1) % EVERY == 0:
            scores.append(evaluate(model, *asked))
    return {
        "task": task,
        "way": name,
        "seed": seed,
        "parameters": sum(p.numel() for p in model.parameters()),
        "test_loss": [round(score.loss, 5) for score in scores],
        "test_accuracy": [round(score.accuracy, 5) for score in scores],
        "cpu_seconds": round(process_time() - start, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4, 5])
    parser.add_argument("--out", type=Path, default=Path("results/transformer-tasks.json"))
    options = parser.parse_args()

    torch.set_num_threads(1)
    data = package_windows()
    examples = {
        task: [question.examples(part.tokens, data.vocabulary) for part in (data.train, data.test)]
        for task, question in TASKS.items()
    }
    head = {
        "command": shlex.join(["python", *sys.argv]),
        "tasks": {
            "order": "whether 10 tokens of Python are written forwards or backwards",
            "brackets": "whether 20 tokens of Python open as many brackets as they close",
        },
        "pieces": {task: {"train": len(a[0]), "test": len(b[0])} for task, (a, b) in examples.items()},
        "encoder": f"{named('width 32', 1)}, 4 heads, the {VOCABULARY} commonest tokens",
        "training": f"{options.steps} steps of {BATCH} pieces, Adam at {RATE}, tested every {EVERY} steps",
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "baselines": [line for task, parts in examples.items() for line in baselines(task, *parts)],
    }
    runs = there(options.out, head["training"], by=("task", "way", "seed"))
    for task, parts in examples.items():
        for name in (*LEFT_OUT, "no attention"):
            for seed in options.seeds:
                if (task, name, seed) not in runs:
                    run = runs[task, name, seed] = measure(task, name, seed, options.steps, *parts)
                    print(task, name, seed, run["test_accuracy"][-1], run["cpu_seconds"], flush=True)
                    write(options.out, head, list(runs.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
