"""Does what one task taught a network help with another? Results/borrowed.json.

    OMP_NUM_THREADS=1 python experiments/borrowed.py

The ConvNet learns spoken digits from two recordings of each digit by each of five speakers, and is tested on all
recordings of a sixth: each speaker in turn, three seeds. It starts with random weights, or with the convolutions of a
network that has learned written digits, or, to see that the comparison can find a gain at all, with those of one that
has learned the voices of programs. The new last layer is the same for all three. About three minutes on one CPU core.
"""

import sys
from pathlib import Path
from time import process_time

import torch
from results import write
from spoken import rows_of
from torch import Tensor

from largemodels.data import Batches, digits, spoken_image, utterances
from largemodels.device import describe
from largemodels.models import ConvNet
from largemodels.train import Recipe, evaluate, fit
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/borrowed.json"
SEEDS, SPEAKERS, EACH = range(3), 6, 2  # recordings of each digit by each speaker to learn from
BATCH, BEFORE, EPOCHS, RATE = 64, 10, 40, 3e-3  # epochs on the first task and on the second


def taught(model: ConvNet, images: Tensor, labels: Tensor, epochs: int, seed: int) -> ConvNet:
    for _ in fit(model, Batches(images, labels, BATCH, epochs, seed), Recipe(RATE, schedule="cosine")):
        pass
    return model.eval()


def beginnings(seed: int) -> dict[str, dict[str, Tensor] | None]:
    """Return the convolutions to begin with, by name; None for those of the fresh network."""
    written, programs = digits(held_out="forms"), utterances("synthetic")
    tasks = {
        "written digits": (written.train.images, written.train.labels),
        "voices of programs": (torch.cat([spoken_image(each) for each in programs.cepstra]), programs.labels),
    }
    found = {"afresh": None}
    for name, (images, labels) in tasks.items():
        torch.manual_seed(seed + 100)  # other first weights than those of the fresh network
        found[name] = taught(ConvNet(), images, labels, BEFORE, seed).stages.state_dict()
    return found


def main() -> int:
    speak_utf8()
    torch.set_num_threads(1)
    said = utterances("recorded")
    images = torch.cat([spoken_image(each) for each in said.cepstra])
    start, runs = process_time(), []
    for seed in SEEDS:
        for name, stages in beginnings(seed).items():
            right = []
            for new in range(SPEAKERS):
                rows = [rows_of(said.labels, said.voices, v, 10 * EACH) for v in range(SPEAKERS) if v != new]
                torch.manual_seed(seed)
                model = ConvNet()
                if stages:
                    model.stages.load_state_dict(stages)
                taught(model, images[torch.cat(rows)], said.labels[torch.cat(rows)], EPOCHS, seed)
                test = said.voices == new
                right.append(round(evaluate(model, images[test], said.labels[test]).accuracy, 5))
            runs.append({"begun": name, "seed": seed, "right": right})
            print(runs[-1], flush=True)
    head = {
        "what": "spoken digits from few recordings: the share of right answers for each of six new speakers, by what "
        "the convolutions had learned before",
        "command": "python experiments/borrowed.py",
        "training": f"ConvNet, Adam with rate {RATE}, cosine schedule, batches of {BATCH}; {BEFORE} epochs on the "
        f"first task, {EPOCHS} on {10 * EACH * (SPEAKERS - 1)} recordings",
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "seeds": [*SEEDS],
        "cpu_seconds": round(process_time() - start),
    }
    write(FILE, head, runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
