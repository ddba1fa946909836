"""Controls for experiments/savings.py, where ways had shared a rate: results/savings-controls.json.

    OMP_NUM_THREADS=1 python experiments/savings_controls.py [--seeds 0 1 2] [--out results/savings-controls.json]

With Muon, the matrices of blocks have one rate, and all else, which AdamW moves, in effect another; AdamW alone had
one for everything, from a coarse list. Here it gets a finer list, and then two rates. And both students had the rate
of the larger model: here each gets its own. Rates are chosen as there, on a tenth of the text to learn from, in runs of
120 steps with one seed. About six minutes on one CPU core.
"""

import json
import sys
from itertools import product
from time import process_time

import savings_ways
import torch
from results import RESULTS, asking, write
from savings import baseline
from savings_after import student
from savings_ways import BATCH, CHOOSING, DECAY, SCORED, SIZES, STEPS, Way, build, score, training
from torch.optim import AdamW

from largemodels.data import Text, TextBatches, source_code
from largemodels.models import GPT

ONE = (1.4e-3, 2e-3)  # rates beside those of savings_ways
BLOCKS, REST = (1e-3, 2e-3, 3e-3, 5e-3), (5e-3, 1e-2, 2e-2, 4e-2)
BASE_RATE = 1e-3  # of the teacher, as in savings.json
STUDENTS = (1e-3, 3e-3, 1e-2, 2e-2)
TAUGHT = {"student, taught by text": False, "student, taught by the model": True}


def two_rates(model: GPT, blocks: float, rest: float) -> list[AdamW]:
    """Return AdamW with a rate for the matrices of blocks and one for all else; norms do not decay."""
    inside = [p for p in model.blocks.parameters() if p.ndim > 1]
    taken = {id(p) for p in inside}
    others = [p for p in model.parameters() if id(p) not in taken]
    groups = [
        {"params": inside, "weight_decay": DECAY, "lr": blocks},
        {"params": [p for p in others if p.ndim > 1], "weight_decay": DECAY, "lr": rest},
        {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0, "lr": rest},
    ]
    return [AdamW([g for g in groups if g["params"]], betas=(0.9, 0.99), fused=True)]


def with_two_rates(text: Text, seed: int, steps: int, blocks: float, rest: float) -> float:
    """Return the loss after training with two rates."""
    model = build(text, seed)
    batches = TextBatches(text.train, SIZES["context"], BATCH, steps, seed)
    for _ in training(model, batches, Way(), 0.0, taking=two_rates(model, blocks, rest)):
        pass
    return score(model, text)


def main(argv: list[str] | None = None) -> int:
    options = asking(__doc__, (0, 1, 2), RESULTS / "savings-controls.json").parse_args(argv)
    torch.set_num_threads(1)
    start, text, rows = process_time(), source_code(), []
    end = len(text.train) * 9 // 10
    part = Text(text.train[:end], text.train[end : end + SCORED], text.vocabulary)
    known = savings_ways.RATES["AdamW"]
    before = json.loads((RESULTS / "savings.json").read_text(encoding="utf-8"))["rates"]["AdamW"]
    chosen = {"AdamW, one rate": {f"{r:g}": before[f"{r:g}"] for r in known}}
    chosen["AdamW, one rate"] |= {f"{r:g}": with_two_rates(part, 0, CHOOSING, r, r) for r in ONE}
    pairs = product(BLOCKS, REST)
    chosen["AdamW, two rates"] = {f"{a:g}, {b:g}": with_two_rates(part, 0, CHOOSING, a, b) for a, b in pairs}
    teacher = baseline(part, 0, BASE_RATE)
    for name, taught in TAUGHT.items():
        small = {r: student(teacher, part, 0, r, taught, steps=CHOOSING) for r in STUDENTS}
        chosen[name] = {f"{r:g}": score(each, part) for r, each in small.items()}
    print(chosen, flush=True)
    best = {name: [float(r) for r in min(found, key=found.get).split(", ")] for name, found in chosen.items()}
    for seed in options.seeds:
        for name in list(best)[:2]:
            loss = with_two_rates(text, seed, STEPS, best[name][0], best[name][-1])
            rows.append({"way": name, "seed": seed, "loss": loss})
        teacher = baseline(text, seed, BASE_RATE)
        for name, taught in TAUGHT.items():
            small = student(teacher, text, seed, best[name][0], taught)
            rows.append({"way": name, "seed": seed, "loss": score(small, text)})
        print(rows[-4:], flush=True)
        head = {
            "what": "AdamW with a finer rate and with two rates, and students with rates of their own",
            "command": "python experiments/savings_controls.py",
            "chosen": chosen,
        }
        write(options.out, head, rows, options.seeds, start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
