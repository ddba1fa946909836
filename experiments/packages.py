"""Measure which part of the source document's recurrent program does what: results/packages.json.

    python experiments/packages.py [--epochs 10] [--seeds 0 1 2] [--precision bfloat16] [--fresh]

Windows of 100 tokens have to be told apart by which of ten packages they are from. The networks differ in what is
done with the states, in the recurrent layer, in the first bias of its forget gates, or in how the tokens are shown to
them, and in nothing else. The recipe is the source document's. Where networks with and without an LSTM are compared,
each gets every learning rate, because what suits one does not suit another. Runs that the file has already are kept,
unless --fresh is given. A quarter of an hour on one CPU core in all.
"""

import argparse
import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch
from results import write
from torch import Tensor, nn

from largemodels.data import Batches, WindowData, package_windows
from largemodels.data.batches import Augment
from largemodels.device import PRECISIONS, describe
from largemodels.interpret import capture
from largemodels.layers import LSTM, RNN, watched
from largemodels.train import Recipe, evaluate, fit

FEATURES, UNITS = 100, 64
RATES = (1e-3, 3e-3, 1e-2)
DISTANCES = (1, 2, 3, 5, 10, 20, 50)  # steps
LAYERS = {"LSTM": LSTM, "RNN": RNN}
READ = {  # from the states (b, t, n), or the features where there is no layer, to what the linear layer gets
    "every state": lambda states: states.flatten(1),
    "last state": lambda states: states[:, -1],
    "mean of the states": lambda states: states.mean(1),
    "largest state": lambda states: states.amax(1),
}


@dataclass(frozen=True)
class Way:
    """How to build a network, and how to show it the tokens.

    Attributes:
        read: what the linear layer gets.
        layer: the recurrent layer, if there is one.
        forget_bias: first bias of an LSTM's forget gates; torch's if none is given.
        shuffled: every window, to learn from and to test on, has its tokens in an order of its own.
        augment: how each training window is changed every time it is seen. Test windows stay as they are.
    """

    read: str = "every state"
    layer: str | None = "LSTM"
    forget_bias: float | None = None
    shuffled: bool = False
    augment: Augment | None = None


def in_any_order(tokens: Tensor, generator: torch.Generator) -> Tensor:
    """Return every window ``(n, t)`` with its tokens in an order of its own."""
    return tokens.gather(1, torch.rand(tokens.shape, generator=generator).argsort(1))


def hide_some(tokens: Tensor, generator: torch.Generator) -> Tensor:
    """Return the windows with 3 in 10 of their tokens, drawn at random, replaced by the unknown one."""
    return tokens.masked_fill(torch.rand(tokens.shape, generator=generator) < 0.3, 0)


WAYS = {
    "the source's": Way(),
    "forget bias 1": Way(forget_bias=1.0),
    "shuffled tokens": Way(shuffled=True),
    "no LSTM": Way(layer=None),
    "no LSTM, mean": Way("mean of the states", layer=None),
    "no LSTM, largest": Way("largest state", layer=None),
    "last state": Way("last state"),
    "last state, forget bias 1": Way("last state", forget_bias=1.0),
    "last state, RNN": Way("last state", "RNN"),
    "mean of the states": Way("mean of the states"),
    "largest state": Way("largest state"),
    "largest state, shuffled tokens": Way("largest state", shuffled=True),
    "shuffled anew every time": Way(augment=in_any_order),
    "largest state, tokens hidden": Way("largest state", augment=hide_some),
}


READERS = (  # these get every learning rate
    "no LSTM",
    "no LSTM, mean",
    "no LSTM, largest",
    "largest state",
    "mean of the states",
    "the source's",
)


class Network(nn.Module):
    """A recurrent layer over the features of tokens, and a linear layer over what is read from its states.

    For the first of the ways these are the weights of a fresh ``RecurrentClassifier`` with the same seed.
    """

    def __init__(self, way: Way, vocabulary: int, steps: int, classes: int):
        super().__init__()
        self.read = READ[way.read]
        self.embedding = nn.Embedding(vocabulary, FEATURES)
        self.recurrent = LAYERS[way.layer](FEATURES, UNITS) if way.layer else None
        width = UNITS if way.layer else FEATURES
        self.classifier = nn.Linear(steps * width if way.read == "every state" else width, classes)
        if way.forget_bias is not None:
            with torch.no_grad():
                self.recurrent.bias_ih_l0[UNITS : 2 * UNITS] = way.forget_bias
                self.recurrent.bias_hh_l0[UNITS : 2 * UNITS] = 0.0

    def forward(self, tokens: Tensor) -> Tensor:
        states = self.embedding(tokens)
        if self.recurrent is not None:
            states, _ = (self.recurrent if watched(self.recurrent) else self.recurrent.fused)(states)
        return self.classifier(self.read(states))


def kept(model: nn.Module, tokens: Tensor) -> list[float]:
    """Return what share of an LSTM's cell is left after each of the distances: the mean product of its forget gates."""
    with capture(model, "recurrent.gates") as seen, torch.no_grad():
        model(tokens)
    total = seen["recurrent.gates"][:, :, 1].double().log().cumsum(1)  # (b, t, n)
    left = ((total[:, far:] - total[:, :-far]).exp().mean().item() for far in DISTANCES)
    return [float(f"{share:.4g}") for share in left]


def measure(name: str, rate: float, seed: int, epochs: int, precision: str, data: WindowData) -> dict:
    """Train one network, and test it after every epoch."""
    way = WAYS[name]
    known, asked = data.train.tokens, data.test.tokens
    if way.shuffled:
        known, asked = (in_any_order(part, torch.Generator().manual_seed(i)) for i, part in enumerate((known, asked)))
    torch.manual_seed(seed)
    model = Network(way, len(data.vocabulary), known.shape[1], len(data.names))
    remembers = isinstance(model.recurrent, LSTM)
    fresh = kept(model, asked) if remembers else None
    batches = Batches(known, data.train.labels, 64, epochs, seed, way.augment)
    losses, scores = [], []
    for step in fit(model, batches, Recipe(rate, precision=precision), progress=False):
        losses.append(step.loss)
        if (step.index + 1) % batches.per_epoch == 0:
            scores.append(evaluate(model, asked, data.test.labels))
    return {
        "way": name,
        "learning_rate": rate,
        "seed": seed,
        "parameters": sum(p.numel() for p in model.parameters()),
        "train_loss": [round(fmean(losses[i : i + batches.per_epoch]), 5) for i in beginnings(batches)],
        "test_loss": [round(score.loss, 5) for score in scores],
        "test_accuracy": [round(score.accuracy, 5) for score in scores],
        **({"kept_untrained": fresh, "kept": kept(model, asked)} if remembers else {}),
    }


def beginnings(batches: Batches) -> range:
    """Return the numbers of the steps with which the epochs begin."""
    return range(0, len(batches), batches.per_epoch)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--precision", choices=PRECISIONS, default="bfloat16")
    parser.add_argument("--out", type=Path, default=Path("results/packages.json"))
    parser.add_argument("--fresh", action="store_true", help="make runs again that the file has already")
    options = parser.parse_args()

    torch.set_num_threads(1)
    data = package_windows()
    head = {
        "command": shlex.join(["python", *(word for word in sys.argv if word != "--fresh")]),
        "task": f"which of {len(data.names)} packages {data.train.tokens.shape[1]} tokens of Python are from",
        "windows": {"train": len(data.train), "test": len(data.test)},
        "layer": f"{FEATURES} features, {UNITS} units",
        "kept": f"share of the cell that is left after {', '.join(map(str, DISTANCES))} steps",
        "distances": DISTANCES,
        "training": f"{options.epochs} epochs, batches of 64, Adam, products in {options.precision}",
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    done = {} if options.fresh else made(options.out, head)
    plan = [(name, rate, seed) for name in READERS for seed in options.seeds for rate in RATES]
    plan += [(name, RATES[0], seed) for seed in options.seeds for name in WAYS if name not in READERS]
    for run in plan:
        if run not in done:
            done[run] = measure(*run, options.epochs, options.precision, data)
            write(options.out, head, [done[one] for one in sorted(done, key=in_order)])
            print(*run, done[run]["test_accuracy"][-1], flush=True)
    return 0


def in_order(run: tuple[str, float, int]) -> tuple:
    """Return by what a run is sorted: the way, the rate, the seed."""
    name, *rest = run
    return [*WAYS].index(name), *rest


def made(path: Path, head: dict) -> dict[tuple[str, float, int], dict]:
    """Return the runs that a file has, if it is of this hardware, torch and training.

    Raises ``ValueError`` if it is not: runs that differ in more than these do not belong into one file.
    """
    if not path.exists():
        return {}
    result = json.loads(path.read_text(encoding="utf-8"))
    for what in ("hardware", "torch", "training"):
        if result[what] != head[what]:
            raise ValueError(f"{path} has runs with {what} {result[what]!r}, this is {head[what]!r}; give --fresh")
    return {(row["way"], row["learning_rate"], row["seed"]): row for row in result["runs"] if row["way"] in WAYS}


if __name__ == "__main__":
    sys.exit(main())
