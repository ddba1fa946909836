"""Compare what first layers learn with edge detectors: results/first-layers.json.

    OMP_NUM_THREADS=1 python experiments/first_layers.py

A small network writes patches of photographs, whitened, as sums of few features out of many. The same network learns
from patches of which something was taken away: photographs with shuffled phases (as much of each frequency as before,
but no edges), and pixels in another order, the same for all patches. How much of a feature is a Gabor function? Then
the ConvNet's filters of 3 × 3, before training on digits and after: how much of them lies in the plane of Sobel's two?
Three seeds each, about a minute on one CPU core.
"""

import sys
from pathlib import Path
from time import process_time

import torch
from results import write
from torch import Tensor

from largemodels.data import Batches, digits, photographs
from largemodels.interpret import SparseAutoencoder, fit_sparse, gabor_pairs, share_in_plane, sobel_pair
from largemodels.models import ConvNet
from largemodels.train import Recipe, evaluate, fit
from largemodels.train.files import speak_utf8

FILE = Path(__file__).resolve().parents[1] / "results/first-layers.json"
SEEDS, SIDE, PATCHES, KEPT = range(3), 12, 40_000, 100
FEATURES, ACTIVE, STEPS, RATE = 100, 8, 500, 3e-3
GREY = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)  # ITU-R BT.601


def grey_photographs() -> list[Tensor]:
    return [(photo[0] * GREY).sum(0) for photo in photographs(height=300).values()]


def without_edges(photo: Tensor, generator: torch.Generator) -> Tensor:
    """Keep how much there is of each frequency, and draw at random where it is."""
    noise = torch.fft.fft2(torch.rand(photo.shape, generator=generator))
    return torch.fft.ifft2(torch.fft.fft2(photo).abs() * noise / noise.abs()).real


def patches(photos: list[Tensor], generator: torch.Generator) -> Tensor:
    """Cut patches out at random places; return them without their mean brightness, ``(n, side²)``."""
    found = []
    for photo in photos:
        all_of_it = photo.unfold(0, SIDE, 1).unfold(1, SIDE, 1).flatten(0, 1).flatten(1)
        found.append(all_of_it[torch.randint(len(all_of_it), (PATCHES // len(photos),), generator=generator)])
    found = torch.cat(found)
    return found - found.mean(1, keepdim=True)


def whitened(x: Tensor) -> Tensor:
    """Make the strongest directions equally strong, and drop the others, which are noise for the most part."""
    strength, directions = torch.linalg.eigh(x.mT @ x / len(x))
    strength, directions = strength[-KEPT:], directions[:, -KEPT:]
    white = (x @ directions / strength.sqrt()) @ directions.mT
    return white / white.norm(dim=1).mean()


def learned(x: Tensor, seed: int) -> Tensor:
    """Train the network; return its features ``(features, side, side)``."""
    torch.manual_seed(seed)
    network = SparseAutoencoder(SIDE**2, FEATURES, ACTIVE)
    for _ in fit_sparse(network, x, STEPS, 512, RATE, torch.Generator().manual_seed(seed)):
        pass
    return network.decode.weight.detach().mT.reshape(-1, SIDE, SIDE)


def shares(filters: Tensor, pairs: Tensor) -> list[float]:
    return [round(share, 4) for share in share_in_plane(filters, pairs)[0].tolist()]


def from_photographs(seed: int) -> dict:
    """Return the share of Gabor functions in each feature, learned from photographs and from what is left of them."""
    pairs, generator = gabor_pairs(SIDE), torch.Generator().manual_seed(seed)
    photos = grey_photographs()
    x = patches(photos, generator)
    mixed = patches([without_edges(photo, generator) for photo in photos], generator)
    order = torch.randperm(SIDE**2, generator=generator)
    kinds = {"photographs": x, "phases shuffled": mixed, "pixels in another order": x[:, order]}
    found = {name: shares(learned(whitened(kind), seed), pairs) for name, kind in kinds.items()}
    found["at random"] = shares(torch.randn(FEATURES, SIDE, SIDE, generator=generator), pairs)
    return {"what": "gabor", "seed": seed, "shares": found}


def from_digits(seed: int) -> dict:
    """Return the share of Sobel's plane in each filter of the ConvNet's first layer, before training and after."""
    data = digits(held_out="forms")
    torch.manual_seed(seed)
    model = ConvNet()
    first = model.stages[0].conv.weight
    before = first.detach().clone()[:, 0]
    for _ in fit(model, Batches(data.train.images, data.train.labels, 64, 10, seed), Recipe()):
        pass
    after = first.detach()[:, 0]
    alike = torch.cosine_similarity(before.flatten(1), after.flatten(1))
    return {
        "what": "sobel",
        "seed": seed,
        "shares": {"before training": shares(before, sobel_pair()), "after": shares(after, sobel_pair())},
        "cosine_with_itself": [round(each, 4) for each in alike.tolist()],
        "accuracy": evaluate(model, data.test.images, data.test.labels).accuracy,
    }


def main() -> int:
    speak_utf8()
    torch.set_num_threads(1)
    start = process_time()
    runs = [make(seed) for make in (from_photographs, from_digits) for seed in SEEDS]
    head = {
        "what": "how much of a filter's energy lies in the best plane of a pair of edge detectors",
        "command": "python experiments/first_layers.py",
        "gabor": f"{len(gabor_pairs(SIDE)):,} pairs of {SIDE} × {SIDE}; {PATCHES:,} patches of five photographs",
        "sobel": "one pair of 3 × 3; a filter at random has a quarter of its energy in it",
    }
    write(FILE, head, runs, SEEDS, start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
