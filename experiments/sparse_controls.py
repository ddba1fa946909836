"""Measure further controls of a sparse autoencoder that is trained: results/sparse-controls.json.

    OMP_NUM_THREADS=1 python experiments/sparse_controls.py [--windows 320] [--held-out 60]

The autoencoder, the layer and the texts are those of ``experiments/sparse_features.py``. Measured here: how much of
random directions, of which only the 32 largest count, the token alone predicts, in the trained and in the shuffled
model; what it costs to add noise as long as the autoencoder's errors, or to keep the 32 components that fit each vector
best; and for one feature that has a name, how well the name fits, and what taking the feature away does to the loss
where it fits and elsewhere. Five minutes on one CPU core.
"""

import argparse
import shlex
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from results import write
from safetensors.torch import load_file
from sparse_features import ACTIVE, FEATURES, LAYER, PACKAGES, ROOT, best_of, cut, judge, losses, read, shuffled, usual
from torch import Tensor

from largemodels.data import documentation, smollm2
from largemodels.device import describe
from largemodels.interpret import SparseAutoencoder
from largemodels.models import Llama
from largemodels.text import Tokenizer

SPLICED = 24  # windows for the costs, as many as sparse_features.py takes
FEATURE, WORD = 77, "float"  # the purest of the six features that the book shows, and its name


def largest(z: Tensor) -> Tensor:
    """Return ``(…, n)`` with all but the 32 largest positive numbers set to 0, as the autoencoder does."""
    top = z.relu().topk(ACTIVE)
    return torch.zeros_like(z).scatter(-1, top.indices, top.values)


def like_errors(autoencoder: SparseAutoencoder, generator: torch.Generator):
    """Return a function that adds to each vector noise as long as the autoencoder's error there."""

    def change(x: Tensor) -> Tensor:
        noise = torch.randn(x.shape, generator=generator)
        return x + noise * (autoencoder(x) - x).norm(dim=-1, keepdim=True) / noise.norm(dim=-1, keepdim=True)

    return change


def without(autoencoder: SparseAutoencoder, feature: int, direction: Tensor):
    """Return a function that takes ``direction`` away from each vector, as often as the feature is strong."""
    return lambda x: x - autoencoder.features(x)[..., feature, None] * direction


def named(strengths: Tensor, fits: Tensor) -> dict:
    """Return how well a name fits a feature ``(n,)``, given where it holds ``(n,)`` of booleans."""
    active, strong = strengths > 0, strengths > strengths.max() / 2
    return {
        "places": int(fits.sum()),
        "share_of_all_tokens": round(fits.float().mean().item(), 5),
        "active_where_it_fits": round(active[fits].float().mean().item(), 4),
        "fits_where_active": round(fits[active].float().mean().item(), 4),
        "fits_where_strong": round(fits[strong].float().mean().item(), 4),
    }


@torch.no_grad()
def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=320)
    parser.add_argument("--held-out", type=int, default=60)
    parser.add_argument("--out", type=Path, default=ROOT)
    options = parser.parse_args(argv)

    model, tokenizer = Llama.from_gguf(smollm2()), Tokenizer.from_gguf(smollm2())
    sides = zip(documentation(PACKAGES), (options.windows, options.held_out), strict=True)
    windows, held = (cut(side, tokenizer, n) for side, n in sides)
    weights = load_file(ROOT / "assets/checkpoints/smollm2-sparse.safetensors")
    autoencoder = SparseAutoencoder(model.config.width, FEATURES, ACTIVE)
    autoencoder.load_state_dict({name: value.float() for name, value in weights.items()})
    directions = F.normalize(torch.randn(FEATURES, model.config.width, generator=torch.Generator().manual_seed(0)))

    judged = {}
    for name, each in (("shuffled weights", shuffled(0)), ("trained", model)):
        (x, ids), (y, held_ids) = ((read(each, some), some[:, 1:]) for some in (windows, held))
        (x, ids), (y, held_ids) = (x[usual(x)], ids[usual(x)]), (y[usual(y)], held_ids[usual(y)])
        mean = x.mean(0)
        ways = {
            "coordinates of the stream": lambda z: z,
            "random directions": lambda z: z @ directions.T,
            "random directions, the 32 largest": lambda z: largest(z @ directions.T),
        }
        judged[name] = {way: judge(see(x - mean), ids, see(y - mean), held_ids) for way, see in ways.items()}
        print(name, judged[name], flush=True)

    components = torch.linalg.svd((x - mean).T @ (x - mean))[0].T  # of the trained model, which came last
    changes = {
        "as it is": lambda x: x,
        "sparse autoencoder": autoencoder,
        "noise as long as its errors": like_errors(autoencoder, torch.Generator().manual_seed(0)),
        "principal components, the best for each": lambda x: (
            mean + best_of((x - mean).flatten(0, 1), components).view_as(x)
        ),
    }
    spliced = {name: losses(model, held[:SPLICED], change).mean(1) for name, change in changes.items()}

    own = autoencoder.decode.weight[:, FEATURE]
    fits = torch.isin(held, torch.cat([tokenizer.encode(space + WORD) for space in ("", " ")]))
    x = read(model, held)
    strengths = autoencoder.features(x)[..., FEATURE] * usual(x)
    some = fits[:, 1:-1].any(1)  # windows where the name fits, and something follows
    other = F.normalize(torch.randn(own.shape, generator=torch.Generator().manual_seed(1)), dim=0)
    base, less, chance = (
        losses(model, held[some], without(autoencoder, FEATURE, each)) for each in (0 * own, own, other)
    )
    there = fits[some, 1:-1]
    rises = {"the feature": less - base, "a random direction": chance - base}
    head = {
        "what": "controls of the sparse autoencoder of SmolLM2-135M-Instruct after block 12",
        "command": shlex.join(["python", "experiments/sparse_controls.py", *(sys.argv[1:] if argv is None else argv)]),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "layer": LAYER,
        "seeds": [0],
        "columns_judged": judged,
        "feature": {"feature": FEATURE, "word": WORD, **named(strengths.flatten(), fits[:, 1:].flatten())},
        "losses": {name: [round(loss, 4) for loss in found.tolist()] for name, found in spliced.items()},
    }
    runs = [
        {
            "taken_away": name,
            "rise_where_it_fits": [round(loss, 4) for loss in rise[there].tolist()],
            "rise_elsewhere": round(rise[~there].mean().item(), 5),
        }
        for name, rise in rises.items()
    ]
    write(options.out / "results/sparse-controls.json", head, runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
