"""Is the digits network right as often as it says? For known and for new hands: results/calibration.json.

    OMP_NUM_THREADS=1 python experiments/calibration.py [--seeds 0 1 2]

For each of the five folds by random split (known hands) and of the five by form (new hands), a network learns from most
of the other digits; the rest of them, of hands that it knows, finds a temperature. So each of the 1,797 digits is held
out once in both ways. Stored are the errors of calibration before and after, with intervals, those that a perfectly
calibrated network would show, and the groups of a reliability diagram. It takes about a minute on one CPU core.
"""

import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from results import asking, machine, rounded, write
from torch import Tensor

from largemodels.data import Batches, digit_forms, digit_split, digits_in_order
from largemodels.models import ConvNet, ConvNetConfig
from largemodels.train import (
    Recipe,
    calibration_error,
    error_by_chance,
    fit,
    fit_temperature,
    predict,
    reliability,
)
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/calibration.json"
SEEDS, SIZE, BATCH, EPOCHS, ASIDE = (0, 1, 2), 16, 64, 20, 240
HANDS, FOLDS = {"known": "random", "new": "forms"}, range(5)
GROUPS = {"15 of equal width": (15, "width"), "5 of equal width": (5, "width"), "15 of equal count": (15, "count")}
DRAWS = 400  # of the bootstrap


def held_out(hands: str, seed: int) -> tuple[Tensor, float]:
    """Return for each of the 1,797 digits the logits of a network that did not see it, and the five's temperature.

    One temperature is found for the five networks together, since one alone can be right about all digits kept aside.
    """
    data = digits_in_order(SIZE)
    logits, apart = torch.empty(len(data), 10), []
    for fold in FOLDS:
        learn, test = map(torch.from_numpy, digit_split(HANDS[hands], fold))
        order = learn[torch.randperm(len(learn), generator=torch.Generator().manual_seed(10 * seed + fold))]
        learn, aside = order[ASIDE:], order[:ASIDE]
        torch.manual_seed(seed)
        model = ConvNet(ConvNetConfig(size=SIZE))
        batches = Batches(data.images[learn], data.labels[learn], BATCH, EPOCHS, seed)
        for _ in fit(model, batches, Recipe(3e-3, schedule="cosine"), progress=False):
            pass
        logits[test] = predict(model, data.images[test])
        apart.append((predict(model, data.images[aside]), data.labels[aside]))
    return logits, fit_temperature(*map(torch.cat, zip(*apart, strict=True)))


def resampled(hands: str, seed: int) -> Tensor:
    """Return the rows of a bootstrap sample: of digits for known hands, of whole forms for new ones."""
    chance = np.random.default_rng(seed)
    form = digit_forms()
    if hands == "known":
        return torch.from_numpy(chance.integers(len(form), size=len(form)))
    drawn = chance.integers(form.max() + 1, size=form.max() + 1)
    return torch.from_numpy(np.concatenate([np.flatnonzero(form == f) for f in drawn]))


def measure(hands: str, seed: int) -> dict:
    labels = digits_in_order(SIZE).labels
    logits, temperature = held_out(hands, seed)
    right = logits.argmax(1) == labels
    found = {"hands": hands, "seed": seed, "accuracy": right.double().mean().item()}
    found["temperature"] = temperature
    for name, scale in (("before", 1.0), ("after", temperature)):
        scaled = logits / scale
        sure = scaled.softmax(1).amax(1)
        row = {"loss": F.cross_entropy(scaled, labels).item(), "confidence": sure.mean().item()}
        for groups, how in GROUPS.items():
            draws = [resampled(hands, i) for i in range(DRAWS)]
            errors = torch.tensor([calibration_error(sure[rows], right[rows], *how) for rows in draws])
            chance = error_by_chance(sure, *how)
            row[groups] = {
                "error": calibration_error(sure, right, *how),
                "interval": errors.quantile(torch.tensor([0.025, 0.975])).tolist(),
                "by chance": chance.mean().item(),
                "by chance, 95 %": chance.quantile(0.95).item(),
            }
        gap = [(sure[rows].mean() - right[rows].float().mean()).item() for rows in draws]
        row["confidence less accuracy"] = [row["confidence"] - found["accuracy"], 2 * float(np.std(gap))]
        row["diagram"] = {key: value.tolist() for key, value in asdict(reliability(sure, right, 10, "count")).items()}
        found[name] = row
    return found


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    options = asking(__doc__, SEEDS, FILE).parse_args(argv)
    torch.set_num_threads(1)
    head = {
        "what": "calibration of a network of digits of known and of new hands, each of the 1,797 held out once, before "
        "and after a temperature found on digits of known hands: the calibration error in three kinds of groups, its "
        "95 % interval (bootstrap over digits, for new hands over forms), and what chance alone would show",
        "command": "python experiments/calibration.py",
        "network": f"ConvNet, {SIZE} × {SIZE}, {EPOCHS} epochs, Adam 0.003 falling to 0",
    }
    rows = [rounded(measure(hands, seed)) for hands in HANDS for seed in options.seeds]
    write(options.out, head | machine(), rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
