"""Train GPTs of several sizes on several amounts of text: results/scaling.json, from which a law of the loss is fitted.

    OMP_NUM_THREADS=1 python experiments/scaling.py [--seeds 0 1 2] [--only SIZE ...] [--rates] [--out results]

Five sizes from 28,000 to 800,000 parameters learn from four amounts, 1 to 8 million characters of Python's source code
(of 9 million, so less than one pass), 20 runs a seed; a sixth size, four times as large as the fifth, takes no
part in the fit and is predicted by it. With half a million characters, 512 steps, losses were not yet in the order of
the sizes. Every run has its own schedule, down to a tenth by its own end: a loss in mid-run, before the learning rate
has fallen, is no loss of a shorter run (Hoffmann et al. 2022). About an hour and a half a seed on one CPU core. Runs
that the file holds are kept, so it may be stopped and started.

`--rates` tries learning rates instead, on the last tenth of the text to learn from, which is then not learned from, and
writes results/scaling-rates.json: from it RATES was chosen, without the validation text.
"""

import argparse
import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from time import process_time

import gpts
import torch
from gpts import Way
from results import RESULTS, without, write

from largemodels.data import TextBatches, source_code
from largemodels.device import describe, keep_large_buffers
from largemodels.models import GPT, GPTConfig
from largemodels.train import evaluate_text

CONTEXT, BATCH = 128, 8
# name → layers, heads, width
SIZES = {"28k": (2, 2, 32), "60k": (2, 3, 48), "150k": (3, 4, 64), "340k": (3, 4, 96), "800k": (4, 4, 128)}
LARGER = {"3M": (4, 8, 256)}
LENGTHS = tuple(2**power for power in (20, 21, 22, 23))  # characters
LARGER_LENGTH = 2**22  # what the larger model learns from: its runs cost most
RATES = {width: round(0.9 / width, 4) for _, _, width in (SIZES | LARGER).values()}  # chosen with --rates
TRIED = (0.5, 1.0, 2.0)  # times RATES
TRIED_LENGTH = 2**20
WAY = Way(end=0.1, warmup=0.05)


def planned(seeds: list[int], names: list[str]) -> list[tuple[str, int, int]]:
    """Return size, characters and seed of every run, the shortest of a seed first."""
    both = SIZES | LARGER
    runs = [(name, length, seed) for seed in seeds for length in LENGTHS for name in SIZES]
    runs += [(name, LARGER_LENGTH, seed) for seed in seeds for name in LARGER]
    return sorted((r for r in runs if r[0] in names), key=lambda r: (r[2], r[1], both[r[0]][2]))


def run(text, name: str, length: int, seed: int, rate: float) -> dict:
    """Train one model; return what came of it."""
    layers, heads, width = (SIZES | LARGER)[name]
    torch.manual_seed(seed)
    config = GPTConfig(len(text.vocabulary), CONTEXT, layers, heads, width)
    model = GPT(config)
    batches = TextBatches(text.train, CONTEXT, BATCH, length // (BATCH * CONTEXT), seed)
    start = process_time()
    gpts.train(model, batches, replace(WAY, rate=rate))
    seconds = process_time() - start
    score = evaluate_text(model, text.validation, text.vocabulary)
    return {
        "size": name,
        "characters": length,
        "seed": seed,
        "rate": rate,
        "parameters": sum(p.numel() for p in model.parameters()),
        "in_blocks": sum(p.numel() for p in model.blocks.parameters()),
        "cpu_seconds": round(seconds, 1),
        "loss": round(score.nats, 5),
        "standard_error": round(score.standard_error, 5),
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", choices=[*SIZES, *LARGER], default=[*SIZES, *LARGER])
    parser.add_argument("--rates", action="store_true", help="try learning rates instead")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    keep_large_buffers()
    text = gpts.held_out(source_code()) if options.rates else source_code()
    runs = [
        (name, length, seed, factor * RATES[(SIZES | LARGER)[name][2]])
        for name, length, seed in planned(options.seeds, options.only)
        for factor in (TRIED if options.rates else (1.0,))
        if not options.rates or length == TRIED_LENGTH
    ]
    path = options.out / ("scaling-rates.json" if options.rates else "scaling.json")
    found = json.loads(path.read_text(encoding="utf-8"))["runs"] if path.exists() else []
    there = {(r["size"], r["characters"], r["seed"], r["rate"]): r for r in found}
    for each in runs:
        if each in there:
            continue
        there[each] = run(text, *each)
        print(there[each], flush=True)
        head = {
            "command": without(
                shlex.join(["python", "experiments/scaling.py", *(sys.argv[1:] if argv is None else argv)]), "--out"
            ),
            "hardware": describe(torch.device("cpu")),
            "torch": torch.__version__,
            "text": f"source_code(): {len(text.train):,} characters to learn from",
            "training": f"batches of {BATCH} passages of {CONTEXT} characters; AdamW, weight decay {gpts.DECAY} of "
            f"matrices, gradients clipped to norm {gpts.CLIP}, products in bfloat16; warm-up over {WAY.warmup:.0%} of "
            f"the run, then half a cosine down to {WAY.end:.0%}",
        }
        write(
            path, head, [there[key] for key in sorted(there, key=lambda k: (k[2], k[1], there[k]["parameters"], k[3]))]
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
