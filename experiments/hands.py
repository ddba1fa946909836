"""Measure methods on digits of hands that they know and of hands that are new: results/digits-hands.json.

    OMP_NUM_THREADS=1 python experiments/hands.py [--methods ConvNet ViT …] [--seeds 0 1 2 3 4 5]

Each method, once with the digits as they are and once with shifted ones as well, is trained without one fold and asked
about it, for the five folds by random split (known hands) and the five by form (new hands). A network sees new shifts
in every epoch; the others get two shifted copies of each digit. Rows that the file holds are kept and not measured
again, so the tool may be stopped and started, for one method after the other. All of it takes about an hour on one CPU
core.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from time import process_time

import numpy as np
import torch
from scipy.stats import t
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from torch import Tensor, nn

from largemodels.data import Batches, Labelled, digit_forms, digit_split, digits, random_shift
from largemodels.device import describe
from largemodels.models import ConvNet, ResNet, ResNetConfig, ViT, ViTConfig
from largemodels.train import Recipe, fit, predict
from largemodels.train.files import speak_utf8, write_whole

FILE = Path(__file__).resolve().parents[1] / "results/digits-hands.json"
SEEDS, BATCH, PIXELS, COPIES = range(6), 64, 2, 2
FOLDS = range(5)
HANDS = {"known": "random", "new": "forms"}
NETWORKS: dict[str, tuple[Callable[[], nn.Module], Recipe, tuple[int, ...]]] = {  # and after how many epochs to ask
    "ConvNet": (ConvNet, Recipe(precision="bfloat16"), (10, 20)),
    "ResNet": (
        lambda: ResNet(ResNetConfig(widths=(8, 16, 32), blocks=1)),
        Recipe(1e-2, weight_decay=0.05, schedule="cosine", warmup=20, precision="bfloat16"),
        (10,),
    ),
    "ViT": (
        lambda: ViT(ViTConfig(patch=7, width=32, heads=4, layers=3)),  # a patch is 2 × 2 of the 8 × 8 numbers
        Recipe(3e-3, weight_decay=0.05, schedule="cosine", warmup=20),
        (20,),
    ),
}
OTHERS = {
    "nearest neighbour": lambda: KNeighborsClassifier(1),
    "SVM with RBF kernel": lambda: SVC(C=10),
    "logistic regression": lambda: LogisticRegression(solver="newton-cg"),
}
METHODS = (*OTHERS, *NETWORKS)
ARM = ("method", "shifts", "epochs", "hands")  # what a row of the summary stands for
DIGITS = len(digit_forms())


def with_network(name: str, train: Labelled, test: Tensor, shifts: bool, seed: int) -> Iterator[tuple[int, Tensor]]:
    """Train a network; yield its answers to the test images after each number of epochs at which it is asked."""
    make, recipe, asked = NETWORKS[name]
    torch.manual_seed(seed)
    model = make()
    augment = random_shift(PIXELS) if shifts else None
    batches = Batches(train.images, train.labels, BATCH, asked[-1], seed, augment)
    for step in fit(model, batches, recipe):
        epochs, rest = divmod(step.index + 1, batches.per_epoch)
        if rest == 0 and epochs in asked:
            yield epochs, predict(model, test).argmax(1)


def without(name: str, train: Labelled, test: Tensor, shifts: bool, seed: int | None) -> Iterator[tuple[None, Tensor]]:
    """Fit a method that takes no network; yield its answers to the test images."""
    images, labels = train.images, train.labels
    if shifts:
        chance = torch.Generator().manual_seed(seed)
        images = torch.cat([images, *(random_shift(PIXELS)(images, chance) for _ in range(COPIES))])
        labels = labels.repeat(1 + COPIES)
    method = OTHERS[name]().fit(images.flatten(1).numpy(), labels.numpy())
    yield None, torch.from_numpy(method.predict(test.flatten(1).numpy()))


def plan(methods: Sequence[str], seeds: Sequence[int]) -> Iterator[dict]:
    """Yield what each run is; the seeds come one after the other. Without shifts and a network nothing is random."""
    for seed, name, shifts, hands, fold in product(seeds, methods, (False, True), HANDS, FOLDS):
        if name in NETWORKS or shifts or seed == seeds[0]:
            by_chance = seed if name in NETWORKS or shifts else None
            yield {"method": name, "shifts": shifts, "hands": hands, "fold": fold, "seed": by_chance}


def measure(run: dict) -> Iterator[dict]:
    """Do one run; yield, each time the method is asked, the rows of the test digits that it got wrong."""
    data = digits(held_out=HANDS[run["hands"]], fold=run["fold"])
    rows = digit_split(HANDS[run["hands"]], run["fold"])[1]
    answers = with_network if run["method"] in NETWORKS else without
    start = process_time()
    for epochs, answer in answers(run["method"], data.train, data.test.images, run["shifts"], run["seed"]):
        wrong = rows[(answer != data.test.labels).numpy()]
        seconds = round(process_time() - start, 1)
        yield run | {"epochs": epochs, "wrong": sorted(wrong.tolist()), "cpu_seconds": seconds}


def interval(right: np.ndarray, hands: str) -> tuple[float, float]:
    """Return the 95 % interval for the share of right answers ``(1797,)``, each a mean over the seeds.

    What varies is the sample: for known hands its digits, for new hands its 14 forms, since the digits of one form
    stand and fall together (cluster-robust standard error, 13 degrees of freedom).
    """
    group = np.arange(len(right)) if hands == "known" else digit_forms()
    apart = np.bincount(group, right - right.mean())
    count = len(apart)
    error = np.sqrt(count / (count - 1) * (apart**2).sum()) / len(right)
    reach = t.ppf(0.975, count - 1) * error
    return max(0.0, right.mean() - reach), min(1.0, right.mean() + reach)


def summarise(runs: list[dict]) -> list[dict]:
    """Return, for each method whose folds are complete, its share of right answers, and how sure that is."""
    arms: dict[tuple, dict[int | None, list[dict]]] = {}  # runs by what was measured, and by seed
    for run in runs:
        arm = tuple(run[key] for key in ARM)
        arms.setdefault(arm, {}).setdefault(run["seed"], []).append(run)
    table = []
    for arm, by_seed in arms.items():
        whole = [folds for folds in by_seed.values() if len(folds) == len(FOLDS)]
        if whole:
            rows = [[row for run in folds for row in run["wrong"]] for folds in whole]
            wrong = np.stack([np.isin(np.arange(DIGITS), missed) for missed in rows])  # (seeds, digits)
            right = 1 - wrong.mean(0)
            by_form = np.bincount(digit_forms(), right) / np.bincount(digit_forms())
            row = dict(zip(ARM, arm, strict=True))
            figures = {
                "accuracy": right.mean(),
                "interval": interval(right, row["hands"]),
                "each_seed": 1 - wrong.mean(1),
                "each_form": by_form,
            }
            table.append(row | {name: np.round(figure, 5).tolist() for name, figure in figures.items()})
    return table


def stored(file: Path) -> list[dict]:
    """Return the runs that a file holds."""
    return json.loads(file.read_text(encoding="utf-8"))["runs"] if file.exists() else []


def place(run: dict) -> tuple:
    """Return where a run stands in the file."""
    values = (METHODS.index(run["method"]), *(run[key] for key in ("shifts", "epochs", "hands", "seed", "fold")))
    return tuple(-1 if value is None else value for value in values)


def save(file: Path, new: list[dict]) -> None:
    """Write the runs of a file and new ones, and the summary of both."""
    runs = sorted({place(run): run for run in [*stored(file), *new]}.values(), key=place)
    result = {
        "what": "digits of known and of new hands: the share of right answers over all 1,797 digits, each held out in "
        "one of five folds; intervals of 95 %, for new hands by form; per run the rows that were wrong",
        "command": "python experiments/hands.py",
        "data": "digits, 28 × 28",
        "networks": {
            name: {"recipe": asdict(recipe), "parameters": sum(p.numel() for p in make().parameters())}
            for name, (make, recipe, _) in NETWORKS.items()
        },
        "batch": BATCH,
        "shifts": f"up to {PIXELS} pixels; networks: new ones in every epoch; others: {COPIES} copies of each digit",
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    head = json.dumps(result, indent=1, ensure_ascii=False)[:-2]
    tables = {"summary": summarise(runs), "runs": runs}
    for name, rows in tables.items():  # a line for each row
        lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
        head += f',\n "{name}": [\n  {lines}\n ]'
    write_whole(file, f"{head}\n}}\n".encode())


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[*SEEDS])
    parser.add_argument("--out", type=Path, default=FILE)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    new = []
    for run in plan(options.methods, options.seeds):
        known = [*stored(options.out), *new]  # read again: another process may have added to it
        if not any(all(other[key] == value for key, value in run.items()) for other in known):
            new += measure(run)
        if len(new) >= 10:
            save(options.out, new)
            print(run, flush=True)
            new = []
    save(options.out, new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
