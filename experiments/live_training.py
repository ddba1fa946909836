"""Measure how soon the networks learn that the reader trains in the page: results/live_training.json.

    python experiments/live_training.py [--out results/live_training.json] [--fresh]

The runs are those of the page, number for number but for the last bits: the same first weights from the same seed, the
same batches, the same step. A network has learned when the mean loss of 20 steps is below 0.1 nats for the first time;
the number of that step is kept, or null if the steps were not enough.

"remember": a plain RNN and an LSTM, on the same sequences. "copy": one attention head. Runs that the file has are kept,
unless --fresh is given. Ten minutes on one CPU core.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

import torch
from results import write

from largemodels.device import describe
from largemodels.live.learning_to_attend import learn_to_copy
from largemodels.live.learning_to_remember import STARTS, race

SEEDS, FIRST = 10, 1  # the page begins with seed 1
MOST, ENOUGH, MEAN = 800, 0.1, 20  # steps; nats, in the mean of so many steps
REMEMBER = [(lag, STARTS[2]) for lag in (4, 6, 8, 10, 12, 16, 20)] + [
    (lag, s) for lag in (4, 12, 20) for s in STARTS[:2]
]
RATES = 10**-2.5, 10**-1.5
COPY = [(distance, "added", True, RATES[0]) for distance in (1, 2, 4, 6, 8)] + [(3, "none", True, RATES[0])]
COPY += [(3, how, divided, rate) for how in ("added", "rotary") for divided in (True, False) for rate in RATES]


def learned(losses: Iterable[torch.Tensor]) -> list[int | None]:
    """Return for each of the losses ``(k,)`` the step at which it was small enough, and the mean of the last ones."""
    window, found = [], None
    for step, loss in enumerate(losses, 1):
        window = [*window[1 - MEAN :], loss.tolist()]
        means = [sum(column) / MEAN for column in zip(*window, strict=True)] if len(window) == MEAN else []
        found = found or [None] * len(window[0])
        for i, mean in enumerate(means):
            found[i] = found[i] or (step if mean < ENOUGH else None)
        if all(found):
            break
    return found


def planned() -> list[dict]:
    """Return what is to be run, without the answers."""
    seeds = range(FIRST, FIRST + SEEDS)
    plan = [{"task": "remember", "lag": lag, "start": start, "seed": n} for lag, start in REMEMBER for n in seeds]
    for distance, positions, divided, rate in COPY:
        what = {"distance": distance, "positions": positions, "divided": divided, "rate": round(rate, 4)}
        plan += [{"task": "copy", **what, "seed": seed} for seed in seeds]
    return plan


def measure(run: dict) -> dict:
    """Make one run, and return it with the step at which each network had learned."""
    if run["task"] == "remember":
        rnn, lstm = learned(race(run["seed"], run["lag"], MOST, run["start"]))
        return {**run, "rnn": rnn, "lstm": lstm}
    rate = min(RATES, key=lambda exact: abs(exact - run["rate"]))
    steps = learn_to_copy(run["seed"], run["distance"], MOST, run["positions"], run["divided"], rate)
    return {**run, "head": learned(loss for loss, *_ in steps)[0]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/live_training.json"))
    parser.add_argument("--fresh", action="store_true", help="make runs again that the file has already")
    options = parser.parse_args()

    torch.set_num_threads(1)
    head = {
        "command": shlex.join(["python", *(word for word in sys.argv if word != "--fresh")]),
        "task": f"steps until the mean loss of {MEAN} steps is below {ENOUGH} nats, of {MOST} at most",
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    rows, made = [], [] if options.fresh or not options.out.exists() else stored(options.out, head)
    for run in planned():
        rows.append(next((row for row in made if run.items() <= row.items()), None) or measure(run))
        write(options.out, head, rows)
        print(rows[-1], flush=True)
    return 0


def stored(path: Path, head: dict) -> list[dict]:
    """Return the runs that a file has. Raises ``ValueError`` if they are of another machine or torch."""
    result = json.loads(path.read_text(encoding="utf-8"))
    for what in ("hardware", "torch"):
        if result[what] != head[what]:
            raise ValueError(f"{path} has runs made with {what} {result[what]}, this is {head[what]}; give --fresh")
    return result["runs"]


if __name__ == "__main__":
    sys.exit(main())
