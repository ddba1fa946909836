"""Measure what each part of Llama's block is worth in a small model: results/block-parts.json.

    OMP_NUM_THREADS=1 python experiments/block_parts.py rates [--out FILE]
    OMP_NUM_THREADS=1 python experiments/block_parts.py ways [--seeds 0 1 2 3 4 5] [--out FILE]
    OMP_NUM_THREADS=1 python experiments/block_parts.py initial [--seeds 0 1 2] [--out FILE]

    rates    GPT and Llama with several learning rates, measured on the last tenth of the text to learn from, which is
             then not learned from. The best for each of the two ends is taken for all the ways next to it.
    ways     GPT's block with each of Llama's parts alone; Llama's with each of GPT's parts in its place. All have as
             many parameters, read the same passages in the same order, and are scored on the same characters: those of
             sixteen excerpts, spread evenly over the held-out text (train.evaluate_text).
    initial  The ways of SMALL again with smaller initial weights.

A seed decides the initial weights, each matrix by its name, and the order of the passages. Runs that the file holds are
not made again. About 25 minutes in all on one CPU core.
"""

import argparse
import json
import sys
from pathlib import Path
from statistics import fmean
from time import process_time

import torch
from block_model import CONTEXT, HEADS, LAYERS, STD, WAYS, WIDTH, Decoder, Parts, cached, initialise
from results import write
from torch import Tensor

from largemodels.data import Text, TextBatches, source_code
from largemodels.device import describe, keep_large_buffers
from largemodels.train import Recipe, evaluate_text, fit
from largemodels.train.language import unscored

FILE = Path(__file__).resolve().parent.parent / "results/block-parts.json"
SIZE, STEPS, WARMUP, DECAY = 8, 1200, 60, 0.1
EXCERPTS, LONG = 16, 8192  # of the held-out text; characters
RATES, RATE_SEED = {"GPT": (6.25e-4, 1.25e-3, 2.5e-3, 5e-3), "Llama": (1.25e-3, 2.5e-3, 5e-3)}, 100
SMALL, SMALL_STD = ("GPT", "GPT, SwiGLU"), 0.02
SEEDS = {"rates": [RATE_SEED], "ways": [*range(6)], "initial": [*range(3)]}


def learn(parts: Parts, text: Text, rate: float, seed: int, std: float, steps: int) -> tuple[Decoder, float]:
    """Train one model; return it, and the CPU seconds that it took."""
    model, batches = initialise(Decoder(parts), seed, std), TextBatches(text.train, CONTEXT, SIZE, steps, seed)
    recipe = Recipe(rate, weight_decay=DECAY, schedule="cosine", warmup=WARMUP, clip=1.0)
    start = process_time()
    for _ in fit(model, batches, recipe, progress=False):
        pass
    return model, process_time() - start


def measure(name: str, text: Text, rate: float, seed: int, std: float, steps: int) -> dict:
    """Train one model, and score it on the held-out text."""
    parts = WAYS[name]
    model, seconds = learn(parts, text, rate, seed, std, steps)
    scores = [evaluate_text(model, piece, text.vocabulary, context=CONTEXT) for piece in excerpts(text.validation)]
    return {
        "way": name,
        "seed": seed,
        "rate": rate,
        "std": round(std, 4),
        "parameters": sum(p.numel() for p in model.parameters()),
        "hidden": model.hidden,
        "cache": cached(parts),
        "nats": round(fmean(score.nats for score in scores), 5),  # all are equally long
        "bits_per_byte": round(fmean(score.bits_per_byte for score in scores), 5),
        "excerpts": [round(score.nats, 5) for score in scores],
        "cpu_seconds": round(seconds, 1),
    }


def excerpts(tokens: Tensor) -> Tensor:
    """Return excerpts ``(EXCERPTS, LONG)`` of a text ``(n,)``, the first at its beginning, the last at its end."""
    starts = torch.linspace(0, len(tokens) - LONG, EXCERPTS).long()
    return tokens[starts[:, None] + torch.arange(LONG)]


def held_out(text: Text) -> Text:
    """Return a text whose last tenth to learn from stands in for the validation text."""
    end = len(text.train) * 9 // 10
    return Text(text.train[:end], text.train[end : end + len(text.validation)], text.vocabulary)


def there(path: Path, training: dict) -> dict:
    """Return the lists in a file: rates, initial, runs. Raises ``ValueError`` if they were trained otherwise."""
    if not path.exists():
        return {"rates": [], "initial": [], "runs": []}
    found = json.loads(path.read_text(encoding="utf-8"))
    if found["training"] != training:
        raise ValueError(f"{path} holds runs with {found['training']}, not {training}; move it away first")
    return found


def best(rates: list[dict]) -> dict[str, float]:
    """Return the learning rate with which each end did best. Raises ``ValueError`` if one was not tried."""
    if missing := set(RATES) - {run["way"] for run in rates}:
        raise ValueError(f"no learning rate was tried for {', '.join(sorted(missing))}: run `rates` first")
    return {end: min((r for r in rates if r["way"] == end), key=lambda run: run["nats"])["rate"] for end in RATES}


def key(run: dict) -> tuple:
    """Return what tells one run from another in its list: seed, way, learning rate."""
    return run["seed"], [*WAYS].index(run["way"]), run["rate"]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("rates", "ways", "initial"))
    parser.add_argument("--seeds", type=int, nargs="+", help="six for ways, three for initial")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--out", type=Path, default=FILE)
    options = parser.parse_args(argv)
    seeds = options.seeds or SEEDS[options.what]
    torch.set_num_threads(1)
    keep_large_buffers()
    whole = text = source_code()
    training = {
        "model": f"{LAYERS} blocks of width {WIDTH}, {HEADS} heads, context {CONTEXT}",
        "recipe": f"{options.steps} steps of {SIZE} passages, AdamW, weight decay {DECAY} of matrices, {WARMUP} steps "
        "of warm-up, then half a cosine to 0, gradients clipped to norm 1; GPT-2's initialisation, scaled to the width",
        "seeds": "a matrix starts alike in all ways in which it has the same name and shape",
    }
    found = there(options.out, training)
    done = {kind: {key(run): run for run in found[kind]} for kind in ("rates", "initial", "runs")}
    if options.what == "rates":
        kind, std, text = "rates", STD, held_out(whole)
        wanted = [(seed, name, rate) for seed in seeds for name, rates in RATES.items() for rate in rates]
    else:
        kind, std, names = ("runs", STD, WAYS) if options.what == "ways" else ("initial", SMALL_STD, SMALL)
        rates = best(found["rates"])
        wanted = [(seed, name, rates[name.split(",")[0]]) for seed in seeds for name in names]
    for seed, name, rate in wanted:
        if (seed, [*WAYS].index(name), rate) in done[kind]:
            continue
        run = measure(name, text, rate, seed, std, options.steps)
        print(run["seed"], name, rate, run["nats"], run["cpu_seconds"], flush=True)
        done[kind][key(run)] = run
        lists = {kind: [done[kind][k] for k in sorted(done[kind])] for kind in done}
        head = {
            "command": "python experiments/block_parts.py rates, then ways, then initial",
            "hardware": describe(torch.device("cpu")),
            "torch": torch.__version__,
            "training": training,
            "text": f"source_code(): {len(whole.train):,} characters to learn from",
            "measured": f"{EXCERPTS} excerpts of {LONG:,} held-out characters, of each all but the first "
            f"{unscored(LONG):,} (train.evaluate_text); rates: of the last tenth of the text to learn from, "
            "which is then not learned from",
            "rates": lists["rates"],
            "initial": lists["initial"],
        }
        write(options.out, head, lists["runs"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
