"""Measure from below what a private training promises: results/audit.json.

    OMP_NUM_THREADS=1 python experiments/audit.py [--seeds 0 1 2] [--trials 8000]

A linear classifier learns from 40 digits by DP-SGD, 10 steps with sampling 0.4, with one more example or without, 8,000
times each. Half of the trials choose the threshold of the attack, the other half are counted. The example is an odd one
(a pixel that is dark everywhere else), or an ordinary digit, or nobody (the control); and with the odd one an error is
built in: the noise is divided by the size of a batch once too often. About two minutes.
"""

import sys
from pathlib import Path

import torch
from results import asking, machine, write
from torch import Tensor

from largemodels.data import digits
from largemodels.privacy import Privacy, epsilon, fit_linear, logit_of_truth, measured_epsilon
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/audit.json"
OTHERS, SAMPLING, STEPS, DELTA, PACE = 40, 0.4, 10, 1e-4, 0.3
NOISE = (1.0, 2.0, 4.0)
KINDS = ("odd", "ordinary", "nobody", "error")
CHUNK = 2000


def with_one(x: Tensor) -> Tensor:
    return torch.nn.functional.pad(x.flatten(1) - 0.3, (0, 1), value=1.0)


def trial(kind: str, noise: float, there: bool, trials: int, seed: int) -> Tensor:
    """Return how sure each of the classifiers is of the label of the example that was there, or was not."""
    data = digits(8).train
    x = torch.nn.functional.pad(with_one(data.images[: OTHERS + 1]), (0, 1))  # one more pixel, dark in all
    y = data.labels[: OTHERS + 1].clone()
    if kind != "ordinary":
        x[-1], y[-1] = 0, 0
        x[-1, -1] = 2.0
    inside = torch.ones(trials, OTHERS + 1, dtype=torch.bool)
    inside[:, -1] = there and kind != "nobody"
    scale = noise / (SAMPLING * (OTHERS + 1)) if kind == "error" else noise
    parts = [
        fit_linear(x, y, some, SAMPLING, STEPS, Privacy(1.0, scale), PACE, 1000 * seed + i)
        for i, some in enumerate(inside.split(CHUNK))
    ]
    return logit_of_truth(x[-1] @ torch.cat(parts), y[-1].expand(trials))


def attack(members: Tensor, strangers: Tensor, delta: float) -> dict:
    """Choose a threshold on the first half of the trials, and count on the second."""
    half = len(members) // 2
    best, at = -1.0, 0.0
    for threshold in torch.cat([members[:half], strangers[:half]]).quantile(
        torch.linspace(0.03, 0.97, 95, dtype=torch.float64)
    ):
        counts = int((members[:half] > threshold).sum()), half, int((strangers[:half] > threshold).sum()), half
        if (value := measured_epsilon(*counts, delta)) > best:
            best, at = value, threshold
    found, accused = int((members[half:] > at).sum()), int((strangers[half:] > at).sum())
    left = len(members) - half
    return {
        "found": found,
        "accused": accused,
        "of": left,
        "measured": round(measured_epsilon(found, left, accused, left, delta), 4),
    }


def audits(seeds: list[int], trials: int) -> list[dict]:
    rows = []
    for kind in KINDS:
        for noise in NOISE:
            for seed in seeds:
                sides = [trial(kind, noise, there, trials, 2 * seed + there) for there in (True, False)]
                rows.append(
                    {
                        "example": kind,
                        "noise": noise,
                        "epsilon": round(epsilon(SAMPLING, noise, STEPS, DELTA), 4),
                        "seed": seed,
                        **attack(*sides, DELTA),
                    }
                )
            print(rows[-1], flush=True)
    return rows


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    parser = asking(__doc__, range(3), FILE)
    parser.add_argument("--trials", type=int, default=8000)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    head = {
        "what": "lower bounds of epsilon that attacks on a linear classifier prove, with 95 % confidence",
        "command": "python experiments/audit.py",
        "others": OTHERS,
        "sampling": SAMPLING,
        "steps": STEPS,
        "delta": DELTA,
        "trials": options.trials,
    }
    write(options.out, head | machine() | {"seeds": options.seeds}, audits(options.seeds, options.trials))
    return 0


if __name__ == "__main__":
    sys.exit(main())
