"""Measure how long recurrent networks can learn to remember, and what it takes to start them: results/lags.json.

    python tools/lags.py [--steps 600] [--seeds 0 1 2] [--lags 10 20 50 100 200] [--out results/lags.json]

One of four symbols has to be named at the end, ``lag`` steps after it was shown. In the task "first" it is the first
of the sequence, and all others are of another kind. In the task "marked" all are of one kind, and a mark says which of
the first ten to keep. Networks differ in the layer and in its first weights, and in nothing else. Each gets every
learning rate, because what suits one does not suit another. About an hour on one CPU core.
"""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import torch
import torch.nn.functional as F
from results import write
from torch import Tensor, nn

from largemodels.device import describe
from largemodels.train import Recipe, evaluate, fit

SYMBOLS, PLACES, HIDDEN, BATCH, TESTED = 4, 10, 32, 32, 1000
RATES = (1e-3, 3e-3, 1e-2)
SOLVED = 0.01  # nats, in the mean of 20 steps: then a run ends
LAYERS = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}
WAYS = {  # layer, first weights
    "RNN": ("RNN", None),
    "RNN, orthogonal": ("RNN", "orthogonal"),
    "RNN, identity": ("RNN", "identity"),
    "LSTM": ("LSTM", None),
    "LSTM, forget bias 1": ("LSTM", "bias 1"),
    "LSTM, set for the lag": ("LSTM", "lag"),
    "GRU": ("GRU", None),
    "GRU, set for the lag": ("GRU", "lag"),
}
TASKS = {
    "first": tuple(WAYS),
    "marked": ("RNN", "RNN, orthogonal", "RNN, identity", "LSTM", "LSTM, set for the lag", "GRU, set for the lag"),
}


def first(lag: int, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return sequences ``(size, lag + 1, 8)`` and the symbols they begin with ``(size,)``."""
    symbols = torch.randint(SYMBOLS, 2 * SYMBOLS, (size, lag + 1), generator=generator)
    symbols[:, 0] -= SYMBOLS  # 0 to 3; all later ones are 4 to 7
    return F.one_hot(symbols, 2 * SYMBOLS).float(), symbols[:, 0]


def marked(lag: int, size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return sequences ``(size, lag + 10, 8)`` and the symbol that is marked in each ``(size,)``."""
    symbols = torch.randint(SYMBOLS, (size, lag + PLACES), generator=generator)
    place, each = torch.randint(PLACES, (size,), generator=generator), torch.arange(size)
    x = F.one_hot(symbols, 2 * SYMBOLS).float()
    x[each, place, SYMBOLS] = 1
    return x, symbols[each, place]


class Remember(Sequence):
    """The batches of one run: ``batches[i]`` depends on the seed and ``i`` alone."""

    def __init__(self, task: str, lag: int, seed: int, steps: int):
        self.draw, self.lag, self.seed, self.steps = {"first": first, "marked": marked}[task], lag, seed, steps

    def __len__(self):
        return self.steps

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        return self.draw(self.lag, BATCH, torch.Generator().manual_seed((self.seed * 1_000_003 + i) % 2**64))


class LastState(nn.Module):
    """A recurrent layer, of whose last state a linear map names the symbol."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer, self.head = layer, nn.Linear(HIDDEN, SYMBOLS)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layer(x)[0][:, -1])


def build(way: str, lag: int) -> LastState:
    """Return an untrained network."""
    kind, start = WAYS[way]
    options = {"nonlinearity": "relu"} if start == "identity" else {}
    layer = LAYERS[kind](2 * SYMBOLS, HIDDEN, batch_first=True, **options)
    with torch.no_grad():
        if start == "orthogonal":
            nn.init.orthogonal_(layer.weight_hh_l0)
        elif start == "identity":  # Le et al. 2015
            nn.init.eye_(layer.weight_hh_l0)
            nn.init.normal_(layer.weight_ih_l0, std=0.001**0.5)
            nn.init.zeros_(layer.bias_ih_l0)
            nn.init.zeros_(layer.bias_hh_l0)
        elif start is not None:
            # rows of the gates: an LSTM's input gate, then its forget gate; a GRU's update gate is its second
            opening, keeping = slice(0, HIDDEN), slice(HIDDEN, 2 * HIDDEN)
            layer.bias_hh_l0[: 2 * HIDDEN] = 0
            if start == "bias 1":
                layer.bias_ih_l0[keeping] = 1
            else:  # Tallec and Ollivier 2018
                layer.bias_ih_l0[keeping] = torch.empty(HIDDEN).uniform_(1, lag - 1).log()
                if kind == "LSTM":
                    layer.bias_ih_l0[opening] = -layer.bias_ih_l0[keeping]
    return LastState(layer)


def measure(task: str, way: str, lag: int, rate: float, seed: int, steps: int) -> dict:
    """Train one network until it has solved the task or the steps are used up; a run that diverges has no accuracy."""
    torch.manual_seed(seed)
    model, losses = build(way, lag), []
    row = {"task": task, "way": way, "lag": lag, "learning_rate": rate, "seed": seed}
    try:
        for step in fit(model, Remember(task, lag, seed, steps), Recipe(rate, clip=1.0), progress=False):
            losses.append(step.loss)
            if len(losses) >= 20 and fmean(losses[-20:]) < SOLVED:
                break
    except FloatingPointError:
        return {**row, "steps": len(losses), "accuracy": None}
    draw = {"first": first, "marked": marked}[task]
    score = evaluate(model, *draw(lag, TESTED, torch.Generator().manual_seed(999)))
    return {**row, "steps": len(losses), "accuracy": round(score.accuracy, 4)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--lags", type=int, nargs="+", default=[10, 20, 50, 100, 200])
    parser.add_argument("--out", type=Path, default=Path("results/lags.json"))
    options = parser.parse_args()

    torch.set_num_threads(1)
    runs = []
    for task, ways in TASKS.items():
        for way in ways:
            for lag in options.lags:
                for rate in RATES:
                    runs += [measure(task, way, lag, rate, seed, options.steps) for seed in options.seeds]
                    print(runs[-1], flush=True)
    result = {
        "command": shlex.join(["python", *sys.argv]),
        "task": f"name one of {SYMBOLS} symbols, a lag after it was shown; chance is {1 / SYMBOLS}",
        "layer": f"{HIDDEN} units",
        "training": f"at most {options.steps} steps of {BATCH} sequences, Adam, clipped at 1; tested on {TESTED}",
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    write(options.out, result, runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
