"""Train the convolutional network that reads the digits drawn in the pages.

    OMP_NUM_THREADS=1 python experiments/convnet.py [--epochs 8]      writes assets/checkpoints/convnet.*

The network is the one of chapters/cnn/network, with its default sizes. It learns from MNIST and, eight times over, from
the digits that ship with scikit-learn, each in a new pose every time, because a drawing is bolder, slanted and off the
centre. Its weights are rounded to half precision. About two minutes on one CPU core.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from time import process_time

import torch
from torch import Tensor
from vit_page import framed, in_any_pose

from largemodels.data import Batches, ImageData, digits, mnist
from largemodels.device import describe
from largemodels.models import ConvNet, ConvNetConfig
from largemodels.train import Recipe, evaluate, fit, save_weights
from largemodels.train.files import write_whole

OUT = Path(__file__).resolve().parent.parent / "assets/checkpoints"
CONFIG = ConvNetConfig()
RECIPE = Recipe(3e-3, schedule="cosine", warmup=200)
BATCH, AGAIN = 64, 8  # digits a batch; how often an epoch shows each of scikit-learn's


def examples(data: ImageData) -> tuple[Tensor, Tensor]:
    """Return the images ``(n, 1, 28, 28)`` and labels ``(n,)`` that an epoch shows."""
    more = framed(digits(20).train)  # of other hands and another scanner
    images = torch.cat([data.train.images, more.images.repeat(AGAIN, 1, 1, 1)])
    return images, torch.cat([data.train.labels, more.labels.repeat(AGAIN)])


def train(data: ImageData, epochs: int) -> tuple[ConvNet, float]:
    """Return the trained network, its weights rounded, and the CPU seconds that it took."""
    torch.manual_seed(0)
    model = ConvNet(CONFIG)
    start = process_time()
    for step in fit(model, Batches(*examples(data), BATCH, epochs, 0, in_any_pose), RECIPE):
        if step.index % 1000 == 0:
            print(step.index, f"{step.loss:.3f}", flush=True)
    return model.half().float().eval(), process_time() - start


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    data = mnist()
    model, seconds = train(data, options.epochs)
    posed = in_any_pose(data.test.images, torch.Generator().manual_seed(1))
    shipped = framed(digits(20).test)
    result = {
        "what": "ConvNet for the reader's drawing: MNIST, and scikit-learn's digits eight times over, each in a new "
        "pose every time; weights rounded to half precision",
        "command": f"python experiments/convnet.py --epochs {options.epochs}",
        "model": asdict(CONFIG),
        "parameters": sum(p.numel() for p in model.parameters()),
        "recipe": asdict(RECIPE),
        "epochs": options.epochs,
        "batch": BATCH,
        "seed": 0,
        "accuracy": evaluate(model, data.test.images, data.test.labels).accuracy,
        "accuracy_on_digits": evaluate(model, shipped.images, shipped.labels).accuracy,
        "accuracy_in_any_pose": evaluate(model, posed, data.test.labels).accuracy,
        "cpu_seconds": round(seconds, 1),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
    }
    print(result)
    save_weights(options.out / "convnet.safetensors", model.half())
    write_whole(options.out / "convnet.json", (json.dumps(result, indent=1, ensure_ascii=False) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
