"""Make the vision Transformer of the page, which waits for the reader's drawing: assets/checkpoints/vit.*

    OMP_NUM_THREADS=1 python experiments/vit_page.py [--epochs 8]

It is shown each digit in a new pose every time, and rounded to half precision. About 4 minutes on one CPU core.
"""

import argparse
import json
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from time import process_time

import torch
import torch.nn.functional as F
from torch import Tensor

from largemodels.data import Batches, ImageData, Labelled, digits, mnist
from largemodels.data.batches import Augment
from largemodels.device import describe
from largemodels.models import ViT, ViTConfig
from largemodels.train import Recipe, evaluate, fit, save_weights
from largemodels.train.files import write_whole

CHECKPOINTS = Path(__file__).resolve().parent.parent / "assets/checkpoints"
CONFIG = ViTConfig(width=32, heads=4, layers=3)
BATCH = 64
PAGE = Recipe(3e-3, schedule="cosine", warmup=200, weight_decay=0.05)


def in_any_pose(images: Tensor, chance: torch.Generator) -> Tensor:
    """Resize, squeeze, turn and move each digit, and give it more ink or less, as drawings with a mouse have."""
    dice = 2 * torch.rand(7, len(images), generator=chance) - 1
    size, squeeze, turn, down, right, ink, paper = dice
    size, squeeze, turn = 1 + 0.3 * size, (0.15 * squeeze).exp(), 0.25 * turn
    across = [size * squeeze * turn.cos(), -size * turn.sin(), 0.25 * right]
    along = [size * turn.sin(), size / squeeze * turn.cos(), 0.25 * down]
    pose = torch.stack([torch.stack(across, 1), torch.stack(along, 1)], 1)  # (b, 2, 3)
    moved = F.grid_sample(images, F.affine_grid(pose, list(images.shape), align_corners=False), align_corners=False)
    floor, strength = 0.1 * (1 + paper), 2 + ink
    return ((moved - floor.view(-1, 1, 1, 1)) * strength.view(-1, 1, 1, 1)).clamp(0, 1)


def framed(part: Labelled) -> Labelled:
    """Put the digits that ship with scikit-learn, 20 × 20, into the middle of a frame as large as MNIST's."""
    return Labelled(F.pad(part.images, (4,) * 4), part.labels)


def for_the_page(data: ImageData, epochs: int, augment: Augment | None = in_any_pose) -> tuple[ViT, float]:
    """Train the page's ViT; return it and the CPU seconds that it took."""
    torch.manual_seed(0)
    model = ViT(CONFIG)
    more = framed(digits(20).train)  # of other hands and another scanner, eight times over
    images = torch.cat([data.train.images, more.images.repeat(8, 1, 1, 1)])
    batches = Batches(images, torch.cat([data.train.labels, more.labels.repeat(8)]), BATCH, epochs, 0, augment)
    start = process_time()
    for step in fit(model, batches, PAGE):
        if step.index % 1000 == 0:
            print(step.index, f"{step.loss:.3f}", flush=True)
    return model.eval(), process_time() - start


def page(data: ImageData, epochs: int, command: str, out: Path) -> None:
    """Train the page's ViT, round its weights, and write them with what they are worth."""
    model, seconds = for_the_page(data, epochs)
    model = model.half().float()
    score = evaluate(model, data.test.images, data.test.labels)
    posed = in_any_pose(data.test.images, torch.Generator().manual_seed(1))
    framed_test = framed(digits(20).test)
    result = {
        "what": "ViT for the reader's drawing: MNIST, and scikit-learn's digits eight times over, in new poses; "
        "weights rounded to half precision",
        "command": command,
        "model": asdict(CONFIG),
        "parameters": sum(p.numel() for p in model.parameters()),
        "recipe": asdict(PAGE),
        "epochs": epochs,
        "batch": BATCH,
        "seed": 0,
        "accuracy": score.accuracy,
        "accuracy_on_digits": evaluate(model, framed_test.images, framed_test.labels).accuracy,
        "accuracy_in_any_pose": evaluate(model, posed, data.test.labels).accuracy,
        "cpu_seconds": round(seconds, 1),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    print(result)
    out.mkdir(parents=True, exist_ok=True)
    save_weights(out / "vit.safetensors", model.half())
    write_whole(out / "vit.json", (json.dumps(result, indent=1, ensure_ascii=False) + "\n").encode())


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--out", type=Path, default=CHECKPOINTS)
    options = parser.parse_args(argv)
    words = ["python", "experiments/vit_page.py", *(sys.argv[1:] if argv is None else argv)]
    command = shlex.join(word for i, word in enumerate(words) if "--out" not in words[max(0, i - 1) : i + 1])
    torch.set_num_threads(1)
    page(mnist(), options.epochs, command, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
