"""What each means of efficient training saves, and what it costs: results/savings.json.

    OMP_NUM_THREADS=1 python experiments/savings.py [--seeds 0 1 2] [--out results/savings.json]

A small GPT learns Python's source code, character by character. First, each rule's learning rate is chosen on a tenth
of the text to learn from. Then, for every seed, all ways to train take their steps in turns, so that whatever else runs
on the machine meets them alike; and what is made of the trained model afterwards is timed in turns as well
(`experiments/savings_after.py`). Times are of the processor. Seeds that the file holds are
not trained again. About ten minutes on one CPU core.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import median
from time import process_time

import savings_after
import torch
from results import RESULTS, asking, write
from savings_ways import (
    BASE,
    BATCH,
    CHOOSING,
    CLIP,
    DECAY,
    RATES,
    SCORED,
    SIZES,
    STEPS,
    WARMUP,
    WAYS,
    Way,
    build,
    in_turns,
    ratio,
    score,
    training,
)

from largemodels.data import Text, TextBatches, source_code
from largemodels.device import keep_large_buffers
from largemodels.estimate import held_memory, peak_memory
from largemodels.models import GPT


def chosen_rates(text: Text, known: dict) -> dict[str, dict[float, float]]:
    """Return the loss that each rule reaches with each learning rate, on a tenth of the text to learn from.

    ``known`` losses are not measured again.
    """
    end = len(text.train) * 9 // 10
    part = Text(text.train[:end], text.train[end : end + SCORED], text.vocabulary)
    found = {}
    for rule, rates in RATES.items():
        found[rule] = {}
        for rate in rates:
            if (before := known.get(rule, {}).get(f"{rate:g}")) is not None:
                found[rule][rate] = before
                continue
            model = build(part, 0)
            for _ in training(model, TextBatches(part.train, SIZES["context"], BATCH, CHOOSING, 0), Way(rule), rate):
                pass
            found[rule][rate] = score(model, part)
        print(rule, found[rule], flush=True)
    return found


def train_all(text: Text, seed: int, rates: dict[str, float], steps: int = STEPS) -> tuple[GPT, list[dict]]:
    """Train in all ways; return the model of the baseline, and what each way took and came to."""
    models = {name: build(text, seed) for name in WAYS}
    kept = {name: [] for name in WAYS}
    runs = {
        name: training(
            models[name],
            TextBatches(text.train, SIZES["context"], BATCH, steps + 1, seed),
            way,
            rates[way.rule],
            keep=kept[name],
        )
        for name, way in WAYS.items()
    }
    seconds = in_turns(runs, steps)
    rows = []
    for name, run in runs.items():
        model = models[name]
        states = held_memory(*kept[name])
        rows.append(
            {
                "group": "training",
                "way": name,
                "seed": seed,
                "milliseconds": round(1e3 * median(seconds[name]), 3),
                "time": ratio(seconds[name], seconds[BASE]),
                "states": states,
                "memory": held_memory(model) + states + peak_memory(lambda run=run: next(run)),
                "file": sum(p.nbytes for p in model.parameters()),
                "loss": score(model, text),
            }
        )
        print(rows[-1], flush=True)
    return models[BASE], rows


def baseline(text: Text, seed: int, rate: float, steps: int = STEPS) -> GPT:
    """Return the model of the baseline, trained alone: the very same."""
    model = build(text, seed)
    run = training(model, TextBatches(text.train, SIZES["context"], BATCH, steps + 1, seed), WAYS[BASE], rate)
    for _ in range(steps + 1):
        next(run)
    return model


def main(argv: list[str] | None = None) -> int:
    parser = asking(__doc__, (0, 1, 2), RESULTS / "savings.json")
    parser.add_argument("--join", type=Path, nargs="*", default=[], help="files of other seeds, to be taken over")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    keep_large_buffers()
    start, text = process_time(), source_code()
    same = {
        "what": "what each means of efficient training saves and costs, a small GPT on source code",
        "command": "python experiments/savings.py",
        "model": SIZES,
        "training": {"batch": BATCH, "steps": STEPS, "decay": DECAY, "clip": CLIP, "warmup": WARMUP},
        "scored": SCORED,
        "ways": {name: asdict(way) for name, way in WAYS.items()},
    }
    found = [json.loads(p.read_text(encoding="utf-8")) for p in (options.out, *options.join) if p.exists()]
    if any(each.get(key, same[key]) != same[key] for each in found for key in same):
        raise ValueError(f"{options.out} or another file holds other runs; move it away, or name another --out")
    before = {key: value for each in found for key, value in each.items()}
    losses = chosen_rates(text, before.get("rates", {}))
    rates = {rule: min(found, key=found.get) for rule, found in losses.items()}
    head = same | {"rates": {rule: {f"{rate:g}": x for rate, x in found.items()} for rule, found in losses.items()}}
    rows = [row for each in found for row in each.get("runs", []) if row["seed"] in options.seeds]
    start -= sum(each.get("cpu_seconds", 0) for each in found)
    write(options.out, head, rows, options.seeds, start)
    for seed in options.seeds:
        model = None
        if not any(row["seed"] == seed and row["group"] == "training" for row in rows):
            model, trained = train_all(text, seed, rates)
            rows += trained + savings_after.compressed(model, text, seed, rates["AdamW"])
            write(options.out, head, rows, options.seeds, start)
        if not any(row["seed"] == seed and row["group"] == "adapting" for row in rows):
            rows += savings_after.adapted(model or baseline(text, seed, rates["AdamW"]), text, seed)
            write(options.out, head, rows, options.seeds, start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
