"""Attack the networks of the digits, and train one against it: results/adversarial.json.

    OMP_NUM_THREADS=1 python experiments/adversarial.py [--seeds 0 1 2] [--out results]

Digits with whole forms held out; ConvNet and ResNet as in the book, and ConvNet with adversarial training (each batch
attacked by PGD of 5 steps at ε = 0.1). Accuracy on the test digits as they are, with random noise of the same size
(every pixel up or down by ε), after FGSM, and after PGD of 20 steps from the image and, at ε = 0.1, once more of 60
steps from a random start; accuracy on what was made against another network; CPU seconds of training. About five
minutes on one core.
"""

import argparse
import json
import sys
from pathlib import Path
from time import process_time

import torch
from torch import Tensor, nn

from largemodels.data import Batches, digits
from largemodels.device import describe
from largemodels.interpret import Attacked, fgsm, pgd, project
from largemodels.models import ConvNet, ResNet, ResNetConfig
from largemodels.train import Recipe, fit, predict
from largemodels.train.files import speak_utf8

OUT = Path(__file__).resolve().parents[1] / "results"
SIZES = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
TRAINED_AT, TRAINED_STEPS, STEPS, MORE_STEPS = 0.1, 5, 20, 60
SOURCE = Recipe()
NETWORKS = {
    "ConvNet": (ConvNet, SOURCE),
    "ResNet": (
        lambda: ResNet(ResNetConfig(widths=(8, 16, 32), blocks=1)),
        Recipe(1e-2, weight_decay=0.05, schedule="cosine", warmup=20),
    ),
    "ConvNet, adversarial training": (ConvNet, SOURCE),
}


def trained(name: str, seed: int, data) -> tuple[nn.Module, float]:
    """Return a network and the CPU seconds that its training took."""
    torch.manual_seed(seed)
    make, recipe = NETWORKS[name]
    model, batches = make(), Batches(data.train.images, data.train.labels, 64, 10, seed)
    if "adversarial" in name:
        batches = Attacked(batches, model, lambda m, x, y: pgd(m, x, y, TRAINED_AT, TRAINED_STEPS))
    start = process_time()
    for _ in fit(model, batches, recipe):
        pass
    return model.eval(), process_time() - start


def noisy(images: Tensor, size: float, seed: int) -> Tensor:
    """Move every pixel up or down by ``size``, at random: as far as FGSM does."""
    signs = torch.randint(2, images.shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    return project(images + size * signs, images, size)


def right(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Return the share of images that a network reads rightly."""
    return round((predict(model, images).argmax(1) == labels).double().mean().item(), 5)


def measured(models: dict[str, nn.Module], seconds: dict[str, float], test, seed: int) -> list[dict]:
    x, y = test.images, test.labels
    rows, made = [], {}
    for name, model in models.items():
        row = {"seed": seed, "network": name, "train_seconds": round(seconds[name], 2)}
        made[name] = {size: pgd(model, x, y, size, STEPS) for size in SIZES}
        row["noise"] = [right(model, noisy(x, size, seed), y) for size in SIZES]
        row["fgsm"] = [right(model, fgsm(model, x, y, size), y) for size in SIZES]
        row["pgd"] = [right(model, made[name][size], y) for size in SIZES]
        strongest = pgd(model, x, y, TRAINED_AT, MORE_STEPS, generator=torch.Generator().manual_seed(seed))
        row["pgd, 60 steps from a random start"] = right(model, strongest, y)
        rows.append(row)
        print(row, flush=True)
    for source, images in made.items():
        for target, model in models.items():
            if source != target:
                transfer = [right(model, images[size], y) for size in SIZES]
                rows.append({"seed": seed, "made against": source, "read by": target, "accuracy": transfer})
    return rows


def main(argv: list[str] | None = None) -> int:
    speak_utf8()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(argv)
    data, rows = digits(held_out="forms"), []
    for seed in options.seeds:
        found = {name: trained(name, seed, data) for name in NETWORKS}
        found["another ConvNet"] = trained("ConvNet", seed + 100, data)
        models = {name: model for name, (model, _) in found.items()}
        rows += measured(models, {name: seconds for name, (_, seconds) in found.items()}, data.test, seed)
    result = {
        "what": "accuracy on test digits, as they are and attacked, by the size of the change",
        "command": "python experiments/adversarial.py",
        "data": f"digits, whole forms held out; {len(data.test)} to test on",
        "sizes": SIZES,
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "rows": rows,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    (options.out / "adversarial.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
