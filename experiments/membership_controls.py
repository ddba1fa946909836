"""What does a membership attack live on? Shuffled labels, and more data: results/membership-controls.json.

    OMP_NUM_THREADS=1 python experiments/membership_controls.py [--seeds 0 1 2] [--models 32]

Both go on from ``experiments/membership.py``, with its network and recipe.

**Shuffled labels.** The same lists of 7 forms, but before anything is learned the labels of all digits are shuffled
once, so that a label says nothing about its image. Whatever a model then knows of a digit, it has by heart.

**More data.** Models learn from n digits of MNIST, prepared as ours are, each a random half of one pool; the attack is
on single images. In one arm every image is seen as often, ``passes``; in the other all models take as many steps,
``steps``, as with 450 digits. Eight minutes on one CPU core; what the file has already is not measured again.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import membership
import torch
from drift import mnist_digits
from membership import BATCH, EPOCHS, RECIPE, SIZE, means, members, trained
from results import write
from torch import Tensor

from largemodels.data import Batches, Labelled, digit_forms, digits_in_order, mnist
from largemodels.device import describe
from largemodels.models import ConvNet, ConvNetConfig
from largemodels.privacy import judge_attack, likelihood_ratio, logit_of_truth
from largemodels.train import fit, predict
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/membership-controls.json"
INSIDE = 7  # forms
SIZES, USUAL, PASSES = (450, 1800), 450, 20  # seven forms have 450 digits that are used
TESTED = 1000  # digits that no model learns from


def attacks(sure: Tensor, seen: Tensor) -> dict:
    """Return how well single images are attacked by their loss and by the likelihood ratio; both ``(models, n)``."""
    return {
        "images by loss": asdict(judge_attack(sure, seen)),
        "images by ratio": asdict(judge_attack(likelihood_ratio(sure, seen), seen)),
    }


def with_shuffled_labels(seed: int, models: int) -> list[dict]:
    """Return what ``membership.measure`` does, where labels are shuffled, and how many a model has by heart."""
    data, form = digits_in_order(SIZE), torch.from_numpy(digit_forms())
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))
    data = Labelled(data.images, data.labels[order])
    used = torch.arange(len(form)) % 2 == 0
    lists = members(models, INSIDE, torch.Generator().manual_seed(seed * 100 + INSIDE))
    found = {epochs: [] for epochs in EPOCHS}
    for number, chosen in enumerate(lists):
        inside = chosen[form] & used
        for epochs, model in trained(data, inside.nonzero().flatten(), 1000 * seed + number):
            logits = predict(model, data.images)
            right = (logits.argmax(1) == data.labels).double()
            shares = [right[rows].mean().item() for rows in (inside, ~chosen[form])]
            found[epochs].append((logit_of_truth(logits, data.labels), *shares))
    runs = []
    for epochs, asked in found.items():
        sure = torch.stack([each for each, _, _ in asked])
        runs.append(
            {
                "kind": "shuffled labels",
                "inside": INSIDE,
                "seed": seed,
                "epochs": epochs,
                "members": [each.nonzero().flatten().tolist() for each in lists],
                "by heart": [round(share, 4) for _, share, _ in asked],
                "accuracy": [round(share, 4) for _, _, share in asked],
                "used": [means(each[used], form[used]) for each in sure],
                "unused": [means(each[~used], form[~used]) for each in sure],
                **attacks(sure[:, used], lists[:, form[used]]),
            }
        )
    return runs


def halves(models: int, images: int, generator: torch.Generator) -> Tensor:
    """Return which images each model learns from, ``(models, images)``: each image is in half of the models' lists."""
    return torch.rand(models, images, generator=generator).argsort(0) < models // 2


def with_more_data(seed: int, models: int, size: int, passes: int, arm: str) -> dict:
    """Return attacks on models that learned from about ``size`` digits of MNIST, and their accuracy on others."""
    chance, theirs = torch.Generator().manual_seed(seed), mnist()
    picks = [torch.randperm(len(part), generator=chance) for part in (theirs.train, theirs.test)]
    pool, test = (
        mnist_digits(Labelled(part.images[pick[:count]], part.labels[pick[:count]]))
        for part, pick, count in zip((theirs.train, theirs.test), picks, (2 * size, TESTED), strict=True)
    )
    lists, sure, accuracy = halves(models, 2 * size, chance), [], []
    for number, chosen in enumerate(lists):
        torch.manual_seed(1000 * seed + number)
        model = ConvNet(ConvNetConfig(size=SIZE))
        batches = Batches(pool.images[chosen], pool.labels[chosen], BATCH, passes, 1000 * seed + number)
        for _ in fit(model, batches, RECIPE, progress=False):
            pass
        sure.append(logit_of_truth(predict(model, pool.images), pool.labels))
        accuracy.append((predict(model, test.images).argmax(1) == test.labels).double().mean().item())
    return {
        "kind": "more data",
        "arm": arm,
        "size": size,
        "passes": passes,
        "seed": seed,
        "accuracy": [round(each, 4) for each in accuracy],
        **attacks(torch.stack(sure), lists),
    }


def parts(seeds: Sequence[int], models: int) -> dict[tuple, Callable[[], list[dict]]]:
    """Return what there is to measure: seed, kind, arm and size, and how to do it."""
    found = {}
    for seed in seeds:
        found[seed, "shuffled labels", None, None] = partial(with_shuffled_labels, seed, models)
        for size in SIZES:
            for arm, passes in {"passes": PASSES, "steps": PASSES * USUAL // size}.items():
                if arm == "passes" or size != USUAL:
                    more = partial(with_more_data, seed, models // 2, size, passes, arm)
                    found[seed, "more data", arm, size] = lambda more=more: [more()]
    return found


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=membership.SEEDS)
    parser.add_argument("--models", type=int, default=membership.MODELS)
    parser.add_argument("--out", type=Path, default=FILE)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    head = {
        "what": "attacks as in membership.json, on networks that learned shuffled labels of 7 of the 14 forms (how "
        "many of the labels it learned from a network has by heart, and how many of the others it guesses), and on "
        "networks that learned from so many digits of MNIST, with as many passes or as many steps as with 450",
        "command": "python experiments/membership_controls.py",
        "network": f"ConvNet, {SIZE} × {SIZE}, Adam 0.003",
        "batch": BATCH,
        "models": {"shuffled labels": options.models, "more data": options.models // 2},
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    runs = json.loads(options.out.read_text(encoding="utf-8"))["runs"] if options.out.exists() else []
    for name, measure in parts(options.seeds, options.models).items():
        if name not in {(run["seed"], run["kind"], run.get("arm"), run.get("size")) for run in runs}:
            runs += measure()
            write(options.out, head, sorted(runs, key=lambda run: (run["kind"], run["seed"])))
            print(*name, runs[-1]["images by ratio"]["area"], runs[-1]["accuracy"][0], flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
