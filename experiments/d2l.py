"""Compare the character model of a well-known textbook with ours, on equal terms: results/char-recipes.json.

    OMP_NUM_THREADS=1 python experiments/d2l.py [--seconds 60] [--seeds 0 1 2] [--out results/char-recipes.json]

The recipe of *Dive into Deep Learning* (Zhang et al. 2023, 9.6): characters one-hot, a plain recurrence with 32 units,
batches of 1,024 passages of 32 characters, stochastic gradient descent with learning rate 1, gradients clipped to
norm 1. Ours: an embedding, a layer with as many parameters at most, batches of 32 passages of 64 characters, AdamW,
a learning rate that falls along half a cosine. Both learn from the same text for the same CPU time. Networks and
recipes are also swapped, to see which of them matters. About twenty minutes on one CPU core.
"""

import argparse
import json
import platform
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from math import cos, pi
from pathlib import Path
from time import process_time

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from largemodels.data import Text, TextBatches, source_code
from largemodels.device import describe
from largemodels.models import CharRNN, CharRNNConfig
from largemodels.train import evaluate_text
from largemodels.train.language import unscored

FILE = Path(__file__).resolve().parent.parent / "results/char-recipes.json"
CLIP = 1.0  # both clip gradients to this norm


@dataclass(frozen=True)
class Way:
    """How to train: what a batch is, and which optimiser takes the step at which learning rate.

    Attributes:
        size: passages per batch.
        context: characters per passage.
        optimizer: of the parameters.
        rate: learning rate at the beginning.
        falls: whether it falls to 0, along half a cosine, in the time that there is.
    """

    size: int
    context: int
    optimizer: Callable[..., Optimizer]
    rate: float
    falls: bool


def one_hot(config: CharRNNConfig) -> CharRNN:
    """Return a model whose embedding gives every symbol a feature of its own, and is not trained."""
    model = CharRNN(config)
    nn.init.eye_(model.embedding.weight).requires_grad_(False)
    return model


NETWORKS = {
    "RNN, 32 units, one-hot": lambda: one_hot(CharRNNConfig(features=97, hidden=32, cell="RNN")),
    "RNN, 43 units": lambda: CharRNN(CharRNNConfig(features=8, hidden=43, cell="RNN")),
    "GRU, 30 units": lambda: CharRNN(CharRNNConfig(features=8, hidden=30, cell="GRU")),
    "LSTM, 26 units": lambda: CharRNN(CharRNNConfig(features=8, hidden=26, cell="LSTM")),
}
WAYS = {
    "theirs": Way(1024, 32, SGD, 1.0, falls=False),
    "ours": Way(32, 64, AdamW, 1e-2, falls=True),
}
RUNS = [
    ("RNN, 32 units, one-hot", "theirs"),
    ("LSTM, 26 units", "ours"),
    ("RNN, 32 units, one-hot", "ours"),
    ("LSTM, 26 units", "theirs"),
    ("RNN, 43 units", "ours"),
    ("GRU, 30 units", "ours"),
]


def train(model: CharRNN, text: Text, way: Way, seed: int, seconds: float) -> int:
    """Train for so many CPU seconds; return how many steps were taken."""
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = way.optimizer(weights, lr=way.rate)
    batches = TextBatches(text.train, way.context, way.size, steps=10**9, seed=seed)
    start = process_time()
    for step in count():
        share = (process_time() - start) / seconds
        if share >= 1:
            return step
        if way.falls:
            optimizer.param_groups[0]["lr"] = way.rate * (1 + cos(pi * share)) / 2
        x, y = batches[step]
        loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(weights, CLIP)
        optimizer.step()


def run(text: Text, network: str, way: str, seed: int, seconds: float) -> dict:
    """Train one network in one way; return what came of it, measured on the whole validation text."""
    torch.manual_seed(seed)
    model = NETWORKS[network]()
    steps = train(model, text, WAYS[way], seed, seconds)
    score = evaluate_text(model, text.validation, text.vocabulary)
    return {
        "network": network,
        "recipe": way,
        "seed": seed,
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "steps": steps,
        "characters": steps * WAYS[way].size * WAYS[way].context,
        "validation_loss": round(score.nats, 5),
        "standard_error": round(score.standard_error, 5),
        "bits_per_byte": round(score.bits_per_byte, 5),
        "validation_perplexity": round(score.perplexity, 4),
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="CPU time of one run's training")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=FILE)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    text = source_code()
    runs = []
    for seed in options.seeds:
        for network, way in RUNS:
            runs.append(run(text, network, way, seed, options.seconds))
            print(runs[-1], flush=True)
    result = {
        "what": "small character models at equal parameters and equal time: theirs and our recipe",
        "command": shlex.join(["python", "experiments/d2l.py", *(sys.argv[1:] if argv is None else argv)]),
        "text": f"source_code() of Python {platform.python_version()}: {len(text.train):,} characters to learn from",
        "measured": f"all held-out characters but the first {unscored(len(text.validation)):,}, each with at least "
        "as many before it (train.evaluate_text)",
        "cpu_seconds": options.seconds,
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "seeds": options.seeds,
        "recipes": {
            name: {"size": way.size, "context": way.context, "optimizer": way.optimizer.__name__, "rate": way.rate}
            for name, way in WAYS.items()
        },
        "runs": runs,
    }
    options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
