"""Under torchrun: train the small model on all processes in several ways, and keep the weights of each."""

import os
import signal
import sys
from pathlib import Path

import torch
from small import small_batches, small_model, tied_batches, tied_model

from largemodels.train import Checkpoint, Recipe, evaluate, fit, recomputed, save_weights
from largemodels.train.distributed import processes, rank, shard

RECIPES = {
    "plain": Recipe(learning_rate=0.01),
    "pieces": Recipe(learning_rate=0.01, accumulate=3, clip=0.1, schedule="cosine", weight_decay=0.1),
    "ignored": Recipe(learning_rate=0.01, accumulate=2),
}
RAGGED = [(x[:n], y[:n]) for (x, y), n in zip(small_batches(), (17, 16, 2, 1, 13, 5, 3), strict=False)]
IGNORED = [(x, torch.where(torch.arange(len(y)) < (len(y) - 1) * 2 // 3, -100, y)) for x, y in RAGGED]


def batches_of(name):
    """Return the batches of a recipe: the first process may have targets of -100 only."""
    return IGNORED if name == "ignored" else RAGGED


class Interrupting(list):
    """Batches during whose third step the second process alone is sent Ctrl-C."""

    def __getitem__(self, i):
        if i == 2 and rank() == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return super().__getitem__(i)


def model_for(kind, device, dropout=0.0):
    model = small_model(dropout=dropout, normalise=False)
    torch.manual_seed(rank())
    return shard(model, device) if kind == "shard" else model


def losses_of(model, batches, *settings):
    return torch.tensor([step.loss for step in fit(model, batches, *settings, progress=False)], dtype=torch.float64)


def main(out: Path) -> None:
    with processes("cpu") as device:
        for kind in ("copies", "shard"):
            for name, recipe in RECIPES.items():
                model = model_for(kind, device)
                losses = losses_of(model, batches_of(name), recipe)
                x, y = RAGGED[0]
                score = evaluate(model, x, y)
                model.register_buffer("losses", losses)
                model.register_buffer("score", torch.tensor(score.loss))
                save_weights(out / f"{kind}-{name}", model)

            tied = shard(tied_model(), device) if kind == "shard" else tied_model()
            tied.register_buffer("losses", losses_of(tied, tied_batches(), RECIPES["pieces"]))
            save_weights(out / f"{kind}-tied", tied)
            twice = shard(tied_model(), device) if kind == "shard" else tied_model()
            with recomputed(twice, "blocks.*"):
                losses = losses_of(twice, tied_batches(), RECIPES["pieces"])
            twice.register_buffer("losses", losses)
            save_weights(out / f"{kind}-recomputed", twice)

            recipe, checkpoint = RECIPES["plain"], Checkpoint(out / f"{kind}.run", every=100)
            unbroken = model_for(kind, device, dropout=0.5)
            losses_of(unbroken, RAGGED, recipe)
            save_weights(out / f"{kind}-unbroken", unbroken)
            broken = model_for(kind, device, dropout=0.5)
            try:
                losses_of(broken, Interrupting(RAGGED), recipe, checkpoint)
                sys.exit("Ctrl-C was lost")
            except KeyboardInterrupt:
                torch.distributed.barrier()
            resumed = model_for(kind, device, dropout=0.5)
            resumed.register_buffer("left", torch.tensor(len(losses_of(resumed, RAGGED, recipe, checkpoint))))
            save_weights(out / f"{kind}-resumed", resumed)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
