"""Train small GPTs on random text that repeats, and note when they begin to copy: results/copying.json.

    OMP_NUM_THREADS=1 python experiments/copying.py [--seeds 0 1 2] [--steps 600] [--out results]

Letters are drawn at random and repeat with a period from 10 to 16. Models have one head per layer. They are measured on
passages of 16 letters, twice: what the second copy costs, how much weight each head has on the letter before, and how
much on the one that followed the same letter in the first copy. About two minutes on one CPU core.
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

from largemodels.data import Repeats
from largemodels.device import describe
from largemodels.interpret import by_offset, capture, score
from largemodels.models import GPT, GPTConfig
from largemodels.train import Recipe, fit

RESULTS = Path(__file__).resolve().parent.parent / "results"
LETTERS, CONTEXT, BATCH, EVERY = 26, 32, 32, 20
PERIODS = (10, 16)
ONE_HEAD = {"vocabulary": LETTERS + 1, "context": CONTEXT, "heads": 1, "width": 64}
RATE = 1.5e-3
WAYS = {
    "two layers": (GPTConfig(layers=2, quiet_start=False, **ONE_HEAD), RATE),
    "one layer": (GPTConfig(layers=1, quiet_start=False, **ONE_HEAD), RATE),
    "two layers, quiet start": (GPTConfig(layers=2, quiet_start=True, **ONE_HEAD), RATE),
    "two layers, twice the learning rate": (GPTConfig(layers=2, quiet_start=False, **ONE_HEAD), 2 * RATE),
}


def measure(model: GPT) -> dict:
    """Return what the second copy costs, and how much weight each layer's head has where."""
    half = CONTEXT // 2
    x, y = Repeats(LETTERS, CONTEXT, size=256, steps=1, periods=(half, half), seed=9)[0]
    with torch.no_grad(), capture(model, "blocks.*.attention.weights") as seen:
        losses = F.cross_entropy(model(x).transpose(1, 2), y, reduction="none")  # (b, t)
    weights = torch.cat([*seen.values()], 1)
    followed = torch.ones(CONTEXT - half + 1).diag(1 - half).bool()  # row i: the letter after the same, i + 1 − half
    followed[half - 1] = False  # which is still of the first copy
    return {
        "second_copy": round(losses[:, half:].mean().item(), 4),
        "one_before": [round(share, 4) for share in by_offset(weights)[:, 1].tolist()],
        "what_followed": [round(share, 4) for share in score(weights, followed).tolist()],
    }


def run(config: GPTConfig, recipe: Recipe, seed: int, steps: int) -> dict:
    """Train one model; return what was measured on the way."""
    torch.manual_seed(seed)
    model, curve, spent = GPT(config), [], 0.0
    start = process_time()
    for step in fit(model, Repeats(LETTERS, CONTEXT, BATCH, steps, PERIODS, seed), recipe):
        if (step.index + 1) % EVERY == 0:
            spent += process_time() - start
            curve.append({"step": step.index + 1, **measure(model)})
            start = process_time()  # measuring is not training
    return {"seed": seed, "cpu_seconds": round(spent, 1), "curve": curve}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(argv)
    ways = {}
    for name, (config, rate) in WAYS.items():
        recipe = Recipe(rate, schedule="cosine", warmup=50, clip=1.0)
        runs = [run(config, recipe, seed, options.steps) for seed in options.seeds]
        ways[name] = {"model": asdict(config), "recipe": asdict(recipe), "runs": runs}
        print(name, [one["curve"][-1] for one in runs], flush=True)
    result = {
        "what": "models of one head per layer that learn to copy random letters",
        "command": shlex.join(["python", "experiments/copying.py", *(sys.argv[1:] if argv is None else argv)]),
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "letters": LETTERS,
        "batches": {"context": CONTEXT, "size": BATCH, "steps": options.steps, "periods": PERIODS},
        "seeds": options.seeds,
        "ways": ways,
    }
    content = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    (options.out / "copying.json").write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
