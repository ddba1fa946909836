"""Measure a vision Transformer against convolutions on MNIST: results/vit.json.

    OMP_NUM_THREADS=1 python experiments/vit.py few [--steps 2400] [--seeds 0 1 2]
    OMP_NUM_THREADS=1 python experiments/vit.py places runs/mnist-vit
    OMP_NUM_THREADS=1 python experiments/vit.py still [--epochs 8]

Each adds its part to the file, or makes it anew.

few     ViT and ConvNet, of about equal cost, and a support vector machine, on few digits: with the images as they are,
        with their patches in another order, and with their pixels in another order, always the same. Both networks get
        the same recipe and as many steps whatever the number of digits, enough for both to know all or nearly all of
        those that they learn from. About 25 minutes on one CPU core.
places  how alike the vectors of two places are, by their distance, in the runs on all of MNIST: of all places, of those
        where there is hardly ever ink, and of the others.
still   the same of the page's ViT (vit_page.py), with its recipe and its digits, but as they are, in no new pose. About
        4 minutes.

All of MNIST, with the source document's recipe: python -m largemodels.train vit --data mnist.
"""

import argparse
import json
import math
import shlex
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import process_time

import torch
import torch.nn.functional as F
from sklearn.svm import SVC
from torch import Tensor, nn
from vit_page import BATCH, CONFIG, PAGE, for_the_page

from largemodels.data import Batches, ImageData, mnist
from largemodels.device import describe
from largemodels.models import ConvNet, ViT
from largemodels.train import Recipe, evaluate, fit, load_weights
from largemodels.train.files import write_whole

ROOT = Path(__file__).resolve().parent.parent
MODELS: dict[str, Callable[[], nn.Module]] = {"ConvNet": ConvNet, "ViT": lambda: ViT(CONFIG)}
FEW = Recipe(3e-3, schedule="cosine", warmup=100)
# digits to learn from, and the orders of their pixels that are tried with so many
AMOUNTS = {100: ("as they are",), 1000: ("as they are", "patches", "pixels"), 10_000: ("as they are",)}


def reorder(images: Tensor, order: str, patch: int = CONFIG.patch) -> Tensor:
    """Move the patches, or the pixels, of all images ``(b, 1, n, n)`` to other places, always the same."""
    chance = torch.Generator().manual_seed(0)
    n = images.shape[-1]
    if order == "pixels":
        return images.flatten(1)[:, torch.randperm(n * n, generator=chance)].view_as(images)
    if order == "patches":
        cut = F.unfold(images, patch, stride=patch)  # (b, pixels of a patch, patches)
        return F.fold(cut[..., torch.randperm(cut.shape[-1], generator=chance)], n, patch, stride=patch)
    return images


def train(model: nn.Module, images: Tensor, labels: Tensor, steps: int, recipe: Recipe, seed: int) -> float:
    """Train for so many steps; return the CPU seconds that it took."""
    size = min(BATCH, len(images))
    epochs = math.ceil(steps * size / len(images)) + 1
    every = Batches(images, labels, size, epochs, seed)
    start = process_time()
    for _ in fit(model, [every[i] for i in range(steps)], recipe):
        pass
    return process_time() - start


def few(data: ImageData, seeds: list[int], steps: int) -> list[dict]:
    """Return a row for each network, amount, order and seed, and for each support vector machine."""
    rows = []
    for amount, orders in AMOUNTS.items():
        for order in orders:
            test = reorder(data.test.images, order)
            for seed in seeds:
                picks = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(seed))[:amount]
                images, labels = reorder(data.train.images[picks], order), data.train.labels[picks]
                about = {"digits": amount, "order": order, "seed": seed}
                svm = SVC(C=10).fit(images.flatten(1).numpy(), labels.numpy())
                right = svm.score(test.flatten(1).numpy(), data.test.labels.numpy())
                rows.append({"model": "SVM", **about, "accuracy": round(right, 5)})
                for name, make in MODELS.items():
                    torch.manual_seed(seed)
                    model = make()
                    seconds = train(model, images, labels, steps, FEW, seed)
                    right = evaluate(model, test, data.test.labels).accuracy
                    known = evaluate(model, images, labels).accuracy  # of those that it learned from
                    row = {"model": name, **about, "accuracy": right, "known": known}
                    rows.append(row | {"cpu_seconds": round(seconds, 1)})
                    print(rows[-1], flush=True)
    return rows


def likeness(model: ViT, among: Tensor | None = None) -> list[float | None]:
    """Return the mean cosine between the vectors of two places that are 1, 2, … patches apart, to the nearest.

    ``among`` ``(side²,)`` says which places count; without it, all. None where no two are so far apart.
    """
    side = model.config.side
    grid = torch.cartesian_prod(torch.arange(float(side)), torch.arange(float(side)))
    apart = torch.cdist(grid, grid).round()
    vectors = model.places.vectors[1:].detach()
    alike = F.cosine_similarity(vectors[:, None], vectors[None], dim=2)
    if among is not None:
        apart = apart.where(among[:, None] & among, torch.nan)
    picked = [alike[apart == distance] for distance in range(1, side)]
    return [round(values.mean().item(), 5) if len(values) else None for values in picked]


def empty_places(images: Tensor, patch: int = CONFIG.patch) -> Tensor:
    """Return which places ``(side²,)`` have ink in fewer than a tenth of the images ``(b, 1, n, n)``."""
    inked = F.avg_pool2d(images, patch).flatten(1) > 0.01
    return inked.float().mean(0) < 0.1


def places(runs: Path, images: Tensor) -> dict:
    """Return, for each run of a folder, the likeness of all places, of those that are empty, and of the others.

    Raises ``ValueError`` if there is no run.
    """
    files = sorted(runs.glob("*/weights.safetensors"))
    if not files:
        raise ValueError(f"{runs} holds no finished run")
    empty = empty_places(images)
    result = {"empty_places": int(empty.sum()), "all": [], "empty": [], "inked": []}
    for file in files:
        model = ViT(CONFIG)
        load_weights(file, model)
        for name, among in (("all", None), ("empty", empty), ("inked", ~empty)):
            result[name].append(likeness(model, among))
    return result


def still(data: ImageData, epochs: int, command: str) -> dict:
    """Train the page's ViT on the same digits as they are; return what it is worth, and how alike its places are."""
    model, seconds = for_the_page(data, epochs, augment=None)
    empty = empty_places(data.train.images)
    return {
        "command": command,
        "recipe": asdict(PAGE),
        "epochs": epochs,
        "accuracy": evaluate(model, data.test.images, data.test.labels).accuracy,
        "cpu_seconds": round(seconds, 1),
        "all": likeness(model),
        "empty": likeness(model, empty),
        "inked": likeness(model, ~empty),
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("few", "places", "still"))
    parser.add_argument("runs", type=Path, nargs="?", default=Path("runs/mnist-vit"), help="finished runs, for places")
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--out", type=Path, default=ROOT, help="the folder that holds results/")
    options = parser.parse_args(argv)
    words = ["python", "experiments/vit.py", *(sys.argv[1:] if argv is None else argv)]
    command = shlex.join(word for i, word in enumerate(words) if "--out" not in words[max(0, i - 1) : i + 1])
    torch.set_num_threads(1)
    file = options.out / "results/vit.json"
    result = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if options.part == "places":
        result |= {"places": places(options.runs, mnist().train.images)}
    elif options.part == "still":
        result |= {"still": still(mnist(), options.epochs, command)}
    else:
        result |= {
            "what": "ViT and ConvNet on few digits of MNIST, beside a support vector machine; all 10,000 test digits",
            "command": command,
            "model": asdict(CONFIG),
            "recipe": asdict(FEW),
            "batch": BATCH,
            "steps": options.steps,
            "seeds": options.seeds,
            "hardware": describe(torch.device("cpu")),
            "torch": torch.__version__,
            "runs": few(mnist(), options.seeds, options.steps),
        }
    write_whole(file, (json.dumps(result, indent=1, ensure_ascii=False) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
