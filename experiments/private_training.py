"""Accuracy against privacy: results/private-training.json.

    OMP_NUM_THREADS=1 python experiments/private_training.py [--seeds 0 1 2 3 4]

A linear classifier (650 weights) and a network with 32 hidden units (2,410) learn the digits by DP-SGD, 60 steps with
sampling 0.1, under several amounts of noise. Learning rate and clip of each are chosen on a validation part, one fifth
of the data to learn from, which costs privacy that is not accounted; the accuracy is that on the test part. About a
minute.
"""

import sys
from math import inf
from pathlib import Path

import torch
from results import asking, machine, write
from torch import Tensor, nn

from largemodels.data import digits
from largemodels.privacy import PoissonBatches, Privacy, epsilon, fit_linear, fit_privately
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/private-training.json"
NOISE, SAMPLING, STEPS, DELTA = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0), 0.1, 60, 1e-4
WAYS = {
    "linear": [(clip, rate) for clip in (0.3, 1.0) for rate in (1.0, 3.0, 10.0, 30.0)],
    "network": [(clip, rate) for clip in (0.3, 1.0) for rate in (0.3, 1.0, 3.0, 10.0)],
}


def with_one(x: Tensor) -> Tensor:
    return nn.functional.pad(x.flatten(1) - 0.3, (0, 1), value=1.0)


def accuracy(kind: str, train, test, noise: float, way: tuple[float, float], seed: int) -> float:
    (clip, rate), x = way, with_one(train[0])
    if kind == "linear":
        inside = torch.ones(1, len(x), dtype=torch.bool)
        said = with_one(test[0]) @ fit_linear(x, train[1], inside, SAMPLING, STEPS, Privacy(clip, noise), rate, seed)[0]
    else:
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
        batches = PoissonBatches(x[:, :-1], train[1], SAMPLING, STEPS, seed)
        for _ in fit_privately(
            model, batches, torch.optim.SGD(model.parameters(), rate), Privacy(clip, noise, 512), seed
        ):
            pass
        said = model(with_one(test[0])[:, :-1])
    return (said.argmax(1) == test[1]).double().mean().item()


def accuracies(seeds: list[int], kinds=tuple(WAYS), noises=NOISE) -> list[dict]:
    data = digits(8)
    part = len(data.train.labels) * 4 // 5
    order = torch.randperm(len(data.train.labels), generator=torch.Generator().manual_seed(0))
    learn, check = ((data.train.images[o], data.train.labels[o]) for o in (order[:part], order[part:]))
    test, rows = (data.test.images, data.test.labels), []
    for kind in kinds:
        for noise in noises:
            tried = {way: accuracy(kind, learn, check, noise, way, 100) for way in WAYS[kind]}
            best = max(tried, key=tried.get)
            found = [accuracy(kind, learn, test, noise, best, seed) for seed in seeds]
            spent = epsilon(SAMPLING, noise, STEPS, DELTA)
            rows.append(
                {
                    "model": kind,
                    "noise": noise,
                    "epsilon": None if spent == inf else round(spent, 4),
                    "clip": best[0],
                    "rate": best[1],
                    "validation": round(tried[best], 4),
                    "accuracy": [round(a, 4) for a in found],
                }
            )
            print(rows[-1], flush=True)
    return rows


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    options = asking(__doc__, range(5), FILE).parse_args(argv)
    torch.set_num_threads(1)
    head = {
        "what": "accuracy of digits learned by DP-SGD, for several amounts of noise",
        "command": "python experiments/private_training.py",
        "sampling": SAMPLING,
        "steps": STEPS,
        "delta": DELTA,
    }
    write(options.out, head | machine() | {"seeds": options.seeds}, accuracies(options.seeds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
