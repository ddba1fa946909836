"""Measure how long recurrent networks can learn to remember, and what it takes to start them: results/lags.json.

    python experiments/lags.py [--out results/lags.json] [--fresh]

One of four symbols has to be named at the end, ``lag`` steps after it was shown. In the task "first" it is the first
of the sequence, and all others are of another kind. In the task "marked" all are of one kind, and a mark says which of
the first ten to keep. Networks differ in the layer and in its first weights, and in nothing else. Each gets every
learning rate, because what suits one does not suit another.

A run of hundreds of steps can hang on the last bit of a sum. So some of them are made three times: as the processor
computes by itself, with the instructions of an older processor (AVX2), and with an Adam that is not fused.

Runs that the file has already are kept, unless --fresh is given. Three quarters of an hour on one CPU core in all.
"""

import argparse
import json
import math
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import torch
import torch.nn.functional as F
from lag_tasks import BATCH, HIDDEN, SYMBOLS, WAYS, Remember, build, first, marked
from results import write
from torch import Tensor, nn

from largemodels.device import describe
from largemodels.train import evaluate

TESTED = 1000
STEPS = 600
LAGS, SEEDS = (10, 20, 50, 100), 3
RATES = (1e-3, 3e-3, 1e-2)
SOLVED = 0.01  # nats, in the mean of 20 steps: then a run ends
TASKS = {
    "first": tuple(way for way in WAYS if way != "RNN, identity, small inputs"),
    "marked": ("RNN", "RNN, orthogonal", "RNN, identity", "LSTM", "LSTM, set for the lag", "GRU, set for the lag"),
}

ARITHMETIC = {  # what is set before torch starts, and whether Adam is one kernel
    "native": ({}, True),
    "AVX2": (
        {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
        True,
    ),
    "Adam not fused": ({}, False),
}
AGAIN = (  # way, lag, learning rate, seeds, steps: made with every arithmetic
    ("RNN", 100, 1e-2, 12, 600),
    ("RNN, identity", 100, 1e-3, 6, 600),
    ("RNN, identity, small inputs", 100, 1e-3, 6, 600),
    ("LSTM, set for the lag", 100, 1e-2, 6, 600),
    ("LSTM", 20, 1e-2, 6, 2000),
)


class Run(NamedTuple):
    """One run; ``limit`` is the most steps it may take."""

    task: str
    way: str
    lag: int
    learning_rate: float
    seed: int
    limit: int
    arithmetic: str = "native"


def train(model: nn.Module, batches: Sequence[tuple[Tensor, Tensor]], rate: float, fused: bool) -> Iterator[float]:
    """Yield the loss of one step after the other, as ``fit`` does with a clip at 1, but for the choice of Adam."""
    optimizer = torch.optim.Adam(model.parameters(), rate, fused=fused)
    for i in range(len(batches)):
        x, y = batches[i]
        loss = F.cross_entropy(model(x), y)
        if not math.isfinite(loss.item()):
            raise FloatingPointError("the loss is not finite")
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        yield loss.item()


def measure(run: Run) -> dict:
    """Train one network until it has solved the task or the steps are used up; a run that diverges has no accuracy."""
    torch.set_num_threads(1)
    torch.manual_seed(run.seed)
    model, losses = build(run.way, run.lag), []
    batches, fused = Remember(run.task, run.lag, run.seed, run.limit), ARITHMETIC[run.arithmetic][1]
    try:
        for loss in train(model, batches, run.learning_rate, fused):
            losses.append(loss)
            if len(losses) >= 20 and fmean(losses[-20:]) < SOLVED:
                break
    except FloatingPointError:
        return {**run._asdict(), "steps": len(losses), "accuracy": None}
    draw = {"first": first, "marked": marked}[run.task]
    score = evaluate(model, *draw(run.lag, TESTED, torch.Generator().manual_seed(999)))
    return {**run._asdict(), "steps": len(losses), "accuracy": round(score.accuracy, 4)}


@contextmanager
def process(arithmetic: str) -> Iterator[ProcessPoolExecutor]:
    """Give a process of its own, whose torch starts with the settings of an arithmetic."""
    before = dict(os.environ)
    os.environ.update(ARITHMETIC[arithmetic][0])
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as worker:
            yield worker
    finally:
        os.environ.clear()
        os.environ.update(before)


def planned() -> list[Run]:
    """Return all runs that are to be made."""
    again = [
        Run("first", way, lag, rate, seed, limit, arithmetic)
        for way, lag, rate, most, limit in AGAIN
        for arithmetic in ARITHMETIC
        for seed in range(most)
    ]
    grid = [
        Run(task, way, lag, rate, seed, STEPS)
        for lag in LAGS
        for task, ways in TASKS.items()
        for way in ways
        for rate in RATES
        for seed in range(SEEDS)
    ]
    return list(dict.fromkeys([*again, *grid]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/lags.json"))
    parser.add_argument("--fresh", action="store_true", help="make runs again that the file has already")
    options = parser.parse_args()

    torch.set_num_threads(1)
    plan = planned()
    head = {
        "command": shlex.join(["python", *(word for word in sys.argv if word != "--fresh")]),
        "task": f"name one of {SYMBOLS} symbols, a lag after it was shown; chance is {1 / SYMBOLS}",
        "layer": f"{HIDDEN} units",
        "training": f"at most {STEPS} steps of {BATCH} sequences, Adam, clipped at 1; tested on {TESTED}",
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    done = {} if options.fresh else made(options.out, head)
    for arithmetic in reversed(ARITHMETIC):  # the few that are made again, then the many
        missing = [run for run in plan if run.arithmetic == arithmetic and run not in done]
        if missing:
            with process(arithmetic) as worker:
                for run, row in zip(missing, worker.map(measure, missing), strict=True):
                    done[run] = row
                    write(options.out, head, [done[run] for run in plan if run in done])
                    print(row, flush=True)
    return 0


def made(path: Path, head: dict) -> dict[Run, dict]:
    """Return the runs that a file has, if it is of this hardware and torch.

    Raises ``ValueError`` if it is not: runs of two machines do not belong into one file.
    """
    if not path.exists():
        return {}
    result = json.loads(path.read_text(encoding="utf-8"))
    for what in ("hardware", "torch"):
        if result[what] != head[what]:
            raise ValueError(f"{path} has runs made with {what} {result[what]}, this is {head[what]}; give --fresh")
    return {Run(*(row[field] for field in Run._fields)): row for row in result["runs"]}


if __name__ == "__main__":
    sys.exit(main())
