"""Recognise spoken digits of known and of new voices with the network for images: results/spoken-digits.json.

    OMP_NUM_THREADS=1 python experiments/spoken.py

Three questions, each with the book's ConvNet (three seeds) and with methods that take no network: how far does a random
split flatter (six folds by voice, six by random split); do more voices help where the number of utterances stays the
same; and what do networks that have only heard programs speak make of people? About four minutes on one CPU core.
"""

import sys
from pathlib import Path
from time import process_time

import torch
from results import write
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from torch import Tensor

from largemodels.data import Batches, spoken_audio, spoken_image, spoken_split, utterances
from largemodels.layers import cepstra
from largemodels.models import ConvNet
from largemodels.train import Recipe, fit, predict
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/spoken-digits.json"
SEEDS, BATCH, STEPS, RATE = range(3), 64, 300, 3e-3
HEARD, VOICES = 200, (1, 2, 5)  # utterances to learn from, of how many voices
OTHERS = {
    "nearest neighbour": lambda: KNeighborsClassifier(1),
    "linear": lambda: LogisticRegression(C=0.1, solver="newton-cg"),
    "support vector machine": lambda: SVC(C=10),
}


def answers(method: str, images: Tensor, labels: Tensor, asked: Tensor, seed: int) -> Tensor:
    """Train a method; return its answers to the images that it is asked about."""
    if method != "ConvNet":
        model = OTHERS[method]().fit(images.flatten(1).numpy(), labels.numpy())
        return torch.from_numpy(model.predict(asked.flatten(1).numpy()))
    torch.manual_seed(seed)
    model = ConvNet()
    epochs = -(-STEPS * BATCH // len(images))
    for _ in fit(model, Batches(images, labels, BATCH, epochs, seed), Recipe(RATE, schedule="cosine")):
        pass
    return predict(model, asked).argmax(1)


def seeds_of(method: str) -> list[int]:
    return [*SEEDS] if method == "ConvNet" else [0]


def splits(images: Tensor, labels: Tensor) -> list[dict]:
    """Known voices and new ones: the share of right answers in each fold."""
    runs = []
    for held_out in ("voices", "random"):
        for method in ("ConvNet", *OTHERS):
            for seed in seeds_of(method):
                right = []
                for fold in range(6):
                    test = torch.from_numpy(spoken_split("recorded", held_out, fold))
                    found = answers(method, images[~test], labels[~test], images[test], seed)
                    right.append(round((found == labels[test]).float().mean().item(), 5))
                runs.append({"what": "splits", "held_out": held_out, "method": method, "seed": seed, "right": right})
                print(runs[-1], flush=True)
    return runs


def more_voices(images: Tensor, labels: Tensor, voices: Tensor) -> list[dict]:
    """As many utterances of one voice, of two, of five: the share of right answers for each voice that is new."""
    runs = []
    for count in VOICES:
        for method in ("ConvNet", "linear"):
            for seed in SEEDS:
                right = []
                for new in range(6):
                    chance = torch.Generator().manual_seed(100 * seed + new)
                    known = [voice for voice in torch.randperm(6, generator=chance).tolist() if voice != new][:count]
                    rows = torch.cat([rows_of(labels, voices, voice, HEARD // count) for voice in known])
                    found = answers(method, images[rows], labels[rows], images[voices == new], seed)
                    right.append(round((found == labels[voices == new]).float().mean().item(), 5))
                runs.append({"what": "voices", "voices": count, "method": method, "seed": seed, "right": right})
                print(runs[-1], flush=True)
    return runs


def rows_of(labels: Tensor, voices: Tensor, voice: int, count: int) -> Tensor:
    """Return the first utterances of a voice, as many of each digit."""
    each = [((voices == voice) & (labels == digit)).nonzero().flatten()[: count // 10] for digit in range(10)]
    return torch.cat(each)


def from_programs(images: Tensor, labels: Tensor, voices: Tensor) -> list[dict]:
    """Learn from synthetic voices alone: the share of right answers for new synthetic voices and for each person."""
    said = utterances("synthetic")
    spoken = torch.cat([spoken_image(each) for each in said.cepstra])
    test = torch.from_numpy(spoken_split("synthetic", "voices", 0))
    exchange = torch.cat([spoken_image(cepstra(sound)) for sound in spoken_audio()])
    runs = []
    for method in ("ConvNet", *OTHERS):
        for seed in seeds_of(method):
            fresh = answers(method, spoken[~test], said.labels[~test], spoken[test], seed)
            found = answers(method, spoken, said.labels, torch.cat([images, exchange]), seed)
            hit = (found[: len(labels)] == labels).float()
            run = {
                "what": "from programs", "method": method, "seed": seed,
                "synthetic": round((fresh == said.labels[test]).float().mean().item(), 5),
                "right": [round(hit[voices == voice].mean().item(), 5) for voice in range(6)],
                "exchange": (found[len(labels) :] == torch.arange(10)).sum().item(),
            }  # fmt: skip
            runs.append(run)
            print(run, flush=True)
    return runs


def main() -> int:
    speak_utf8()
    torch.set_num_threads(1)
    said = utterances("recorded")
    images = torch.cat([spoken_image(each) for each in said.cepstra])
    start = process_time()
    runs = splits(images, said.labels)
    runs += from_programs(images, said.labels, said.voices)
    runs += more_voices(images, said.labels, said.voices)
    head = {
        "what": "spoken digits as images: the share of right answers, a number for each fold or each of six new voices",
        "command": "python experiments/spoken.py",
        "data": "spoken_digits: 1,200 recordings of six speakers; 1,440 utterances of 24 synthetic voices; ten of "
        "Allison Smith (exchange)",
        "training": f"ConvNet, Adam with rate {RATE}, cosine schedule, at least {STEPS} steps of {BATCH}",
        "utterances": HEARD,
    }
    write(FILE, head, runs, SEEDS, start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
