"""Find digits in larger pictures with a network and with templates: results/finding.json, and one network's weights.

    OMP_NUM_THREADS=1 python experiments/finding.py

A picture holds four digits and four halves of digits. The ConvNet learns windows of pictures by known hands, with an
eleventh class for nothing, and is slid over pictures by hands that it does not know; the average digit of each class is
slid over the same pictures. What counts as an answer is set on pictures by known hands, for each method. Five folds of
hands, with a seed each; the first fold's weights go to assets/checkpoints/finder.safetensors, for the page. About two
minutes on one CPU core.
"""

import math
import sys
from pathlib import Path
from time import process_time

import numpy as np
import torch
import torch.nn.functional as F
from results import machine, write
from skimage.feature import match_template
from torch import Tensor

from largemodels.data import Batches, digits
from largemodels.models import ConvNet, ConvNetConfig
from largemodels.train import Recipe, fit, save_weights
from largemodels.train.files import speak_utf8

ROOT = Path(__file__).resolve().parents[1]
FILE, WEIGHTS = ROOT / "results/finding.json", ROOT / "assets/checkpoints/finder.safetensors"
FOLDS, LEARN, TUNE, TEST = range(5), 500, 40, 80  # pictures
SIDE, COUNT, BATCH, EPOCHS, RATE = 100, 4, 64, 10, 3e-3
NEAR, APART, THRESHOLDS = 6, 12, np.linspace(0.1, 0.95, 35)

Truth = list[tuple[int, int, int]]  # row and column of a digit's middle, and which it is


def scene(part, rng: np.random.Generator) -> tuple[Tensor, Truth]:
    """Return a picture of four digits and four pieces of others, and where which digit is."""
    picture, corners, truth = torch.zeros(SIDE, SIDE), [], []
    while len(corners) < 2 * COUNT:
        for _ in range(100):
            corner = rng.integers(0, SIDE - 28, 2)
            if all(np.abs(corner - other).max() >= 24 for other in corners):
                break
        else:  # no room: begin again
            picture, corners, truth = torch.zeros(SIDE, SIDE), [], []
            continue
        which = rng.integers(len(part))
        image, (row, column) = part.images[which, 0].clone(), corner
        if len(corners) < COUNT:
            truth.append((int(row) + 14, int(column) + 14, int(part.labels[which])))
        else:  # half a digit is none
            image[14:] = 0
            image = image if len(corners) % 2 else image.T
        picture[row : row + 28, column : column + 28] += image
        corners.append(corner)
    return (picture + 0.05 * torch.from_numpy(rng.normal(size=picture.shape)).float()).clamp(0, 1), truth


def windows(scenes: list[tuple[Tensor, Truth]], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Cut out windows, up to two pixels beside each digit, and far from all digits (class 10)."""
    cut, names = [], []
    for picture, truth in scenes:
        corners = np.array([(row - 14, column - 14) for row, column, _ in truth])
        near = [np.clip(corner + rng.integers(-2, 3, 2), 0, 72) for corner in corners]
        far = [corner for corner in rng.integers(0, 73, (12, 2)) if np.abs(corners - corner).max(1).min() > NEAR]
        cut += [picture[None, row : row + 28, column : column + 28] for row, column in [*near, *far]]
        names += [label for *_, label in truth] + [10] * len(far)
    return torch.stack(cut), torch.tensor(names)


@torch.no_grad()
def slide(finder: ConvNet, picture: Tensor) -> Tensor:
    """Return how sure the network is of each class around every fourth pixel, ``(11, 19, 19)``."""
    last = finder.classifier.weight.view(11, 32, 5, 5)  # the linear layer as a filter
    return F.conv2d(finder.stages(picture[None, None]), last, finder.classifier.bias).softmax(1)[0]


def match(means: list[Tensor], picture: Tensor) -> Tensor:
    """Return the correlation with the average of each digit at every pixel, ``(10, 73, 73)``."""
    return torch.tensor(np.stack([match_template(picture.numpy(), mean.numpy()) for mean in means]))


def peaks(answer: Tensor, step: int) -> list[tuple[int, int, int, float]]:
    """Return row, column, label and how sure, the surest first, none within twelve pixels of a surer one."""
    sure, label = answer[:10].max(0)
    found, near = [], APART // step
    while sure.max() > 0.05:
        row, column = divmod(sure.argmax().item(), sure.shape[1])
        middle = (row * step + 14, column * step + 14)
        found.append((*middle, label[row, column].item(), sure[row, column].item()))
        sure[max(0, row - near) : row + near + 1, max(0, column - near) : column + near + 1] = 0
    return found


def judged(found: list[tuple[int, int, int, float]], truth: Truth) -> list[tuple[float, bool]]:
    """Return how sure and whether right, for each answer; a digit is found once."""
    left, marks = list(truth), []
    for row, column, label, sure in found:
        hits = [one for one in left if one[2] == label and math.dist(one[:2], (row, column)) <= NEAR]
        left = [one for one in left if one not in hits[:1]]
        marks.append((sure, bool(hits)))
    return marks


def f_score(marks: list[list[tuple[float, bool]]], threshold: float) -> float:
    """Return the mean over pictures of the harmonic mean of precision and recall."""
    kept = [[good for sure, good in each if sure > threshold] for each in marks]
    return float(np.mean([2 * sum(good) / (len(good) + COUNT) for good in kept]))


def fold_run(fold: int) -> list[dict]:
    """Teach the network on one fold of hands; return what both methods find in pictures by the other hands."""
    data, rng = digits(held_out="forms", fold=fold), np.random.default_rng(fold)
    images, labels = windows([scene(data.train, rng) for _ in range(LEARN)], rng)
    torch.manual_seed(fold)
    finder = ConvNet(ConvNetConfig(widths=(16, 32), classes=11))
    for _ in fit(finder, Batches(images, labels, BATCH, EPOCHS, fold), Recipe(RATE, schedule="cosine")):
        pass
    finder.eval()
    if fold == FOLDS[0]:
        save_weights(WEIGHTS, finder)
    means = [data.train.images[data.train.labels == digit].mean(0)[0] for digit in range(10)]
    methods = {
        "network": lambda picture: peaks(slide(finder, picture), 4),
        "template": lambda picture: peaks(match(means, picture), 1),
    }
    tune, test = ([scene(part, rng) for _ in range(n)] for part, n in ((data.train, TUNE), (data.test, TEST)))
    runs = []
    for name, method in methods.items():
        known, new = ([judged(method(picture), truth) for picture, truth in scenes] for scenes in (tune, test))
        best = max(THRESHOLDS, key=lambda threshold: f_score(known, threshold))
        kept = [good for each in new for sure, good in each if sure > best]
        run = {
            "fold": fold, "method": name, "threshold": round(float(best), 3), "known": round(f_score(known, best), 4),
            "new": round(f_score(new, best), 4), "precision": round(float(np.mean(kept)), 4),
            "recall": round(sum(kept) / (COUNT * TEST), 4),
        }  # fmt: skip
        runs.append(run)
        print(run, flush=True)
    return runs


def main() -> int:
    speak_utf8()
    torch.set_num_threads(1)
    start = process_time()
    runs = [run for fold in FOLDS for run in fold_run(fold)]
    head = {
        "what": "digits found in pictures by known and by new hands: mean F score; precision and recall for new hands",
        "command": "python experiments/finding.py",
        "pictures": f"{SIDE} × {SIDE} with {COUNT} digits and {COUNT} halves; {LEARN} to learn from, {TUNE} by known "
        f"hands to set the threshold, {TEST} by new hands to test on",
        "training": f"ConvNet with 16 and 32 channels, Adam with rate {RATE}, cosine schedule, {EPOCHS} epochs",
    }
    write(FILE, head | machine(), runs, since=start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
