"""Teach SmolLM2 a skill, a preference, and a skill by rewards; measure what else changed: results/answering.json.

    python experiments/answering.py [dates] [preferences] [rewards] [shuffled] [ranks] [--seeds 0 1 2] [--again WAY]
        [--out FILE]

``dates``: fine-tuning with updates of rank 2 in the last ten layers, 480 examples. ``preferences``: direct preference
optimisation on pairs of the model's own answers. ``rewards``: group relative policy optimisation after a short
fine-tuning. ``shuffled``: ``rewards`` with the rewards of each group in random order, its control. ``ranks``: ``dates``
with other ranks, and with all weights of those layers. The first three, if none is named. Runs that the file holds
already are not made again, but for those of the ways named after ``--again``. What the first seeds of ``dates`` and
``preferences`` learn is kept in assets/checkpoints. The first three take about 20 minutes on one CPU core.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from statistics import fmean

import torch
from answering_rest import GENERAL, Rest, stutters, words
from answering_ways import (
    DATES,
    RANK,
    before,
    fine_tune,
    fresh,
    in_float32,
    in_words,
    pairs_of,
    prefer,
    reward,
    sampled,
    tested,
)
from results import write

from largemodels.data import small_questions, smollm2
from largemodels.device import describe
from largemodels.layers import adapters
from largemodels.models import Llama
from largemodels.text import Tokenizer
from largemodels.train import save_weights

KEPT = Path("assets/checkpoints")
PARTS = ("dates", "preferences", "rewards", "shuffled", "ranks")
STEPS, RATE = 60, 2e-3
ASKED = 60  # questions that are held out
PREFER = {"questions": 64, "epochs": 3, "rate": 1e-3}
TOO_FAR = {"questions": 64, "epochs": 4, "rate": 2e-3}
START, REWARD = 6, {"steps": 20, "rate": 1e-3}
TRAINING = (
    f"{STEPS} steps of 8 dates, Adam at {RATE}; preferences {PREFER}, too far {TOO_FAR}; rewards after {START} steps, "
    f"{REWARD}"
)


class Runs:
    """The runs that a file holds, but for some ways, and those that are added to it, each written at once."""

    def __init__(self, path: Path, head: dict, again: Sequence[str] = ()):
        self.path, self.head, self.runs = path, head, []
        if path.exists():
            result = json.loads(path.read_text(encoding="utf-8"))
            if result["training"] != head["training"]:
                raise ValueError(f"{path} holds runs with {result['training']!r}; move it away first")
            self.runs = [run for run in result["runs"] if run["way"] not in again]

    def __contains__(self, key: tuple[str, int | None]) -> bool:
        return key in {(run["way"], run.get("seed")) for run in self.runs}

    def add(self, run: dict) -> None:
        """Keep a run, and say what it was."""
        self.runs.append(run)
        write(self.path, self.head, self.runs)
        shown = {key: value for key, value in run.items() if not isinstance(value, list | dict)}
        print({**shown, "right": run.get("right", "").count("1")}, flush=True)


def learn_dates(runs: Runs, tokenizer: Tokenizer, rest: Rest, seeds: list[int], ranks: tuple) -> None:
    for rank in ranks:
        way = "all weights" if rank is None else f"rank {rank}"
        for seed in seeds:
            if (way, seed) not in runs:
                model, run = fine_tune(tokenizer, seed, rank, STEPS, RATE if rank else 1e-4, curve=rank == RANK)
                if (rank, seed) == (RANK, 0):
                    keep("dates", model)
                model = in_float32(model)
                runs.add({"way": way, "seed": seed, **run, **tested(model, tokenizer), "rest": rest.measure(model)})


def learn_preferences(runs: Runs, tokenizer: Tokenizer, rest: Rest, seeds: list[int]) -> None:
    held_out = small_questions(ASKED, 0, held_out=True)
    first = sampled(fresh()[0], tokenizer, held_out, 99, 4)
    if ("the original's answers", None) not in runs:
        run = {"way": "the original's answers", "scores": [[score for _, score in group] for group in first]}
        run["words"] = fmean(words(tokenizer, x) for group in first for x, _ in group)
        run["repeats"] = round(fmean(stutters(tokenizer, x) for group in first for x, _ in group), 3)
        run["examples"] = [tokenizer.decode(group[0][0], special=False) for group in first[:10]]
        run["questions"] = [question.text for question in held_out[:10]]
        run["pairs"] = in_words(tokenizer, pairs_of(held_out, first))
        runs.add(run)
    for seed in seeds:
        if ("preferences", seed) not in runs:
            model, run = prefer(tokenizer, seed, held_out, first, **PREFER)
            if seed == 0:
                keep("short", model)
            runs.add({"way": "preferences", "seed": seed, **run, "rest": rest.measure(in_float32(model))})
    if ("preferences, too far", 0) not in runs:
        model, run = prefer(tokenizer, 0, held_out, first, **TOO_FAR)
        runs.add({"way": "preferences, too far", "seed": 0, **run, "rest": rest.measure(in_float32(model))})


def learn_by_rewards(runs: Runs, tokenizer: Tokenizer, rest: Rest, seeds: list[int], shuffled: bool = False) -> None:
    way = "rewards, shuffled" if shuffled else "rewards"
    for seed in seeds:
        if (way, seed) not in runs:
            model, start = fine_tune(tokenizer, seed, RANK, START, RATE, curve=False)
            was = tested(in_float32(model), tokenizer)
            steps = reward(tokenizer, model, seed, **REWARD, shuffled=shuffled)
            run = {"start": was, "examples": start["examples"], "steps": steps}
            model = in_float32(model)
            runs.add({"way": way, "seed": seed, **run, **tested(model, tokenizer), "rest": rest.measure(model)})


def keep(name: str, model: Llama) -> None:
    """Write what a model learned in bfloat16, without the model."""
    save_weights(KEPT / f"smollm2-{name}.safetensors", deepcopy(adapters(model)).bfloat16())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=list(PARTS[:3]), help=", ".join(PARTS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--again", nargs="+", default=[], metavar="WAY", help="as the file names it, such as rewards")
    parser.add_argument("--out", type=Path, default=Path("results/answering.json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    if unknown := [part for part in options.parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    tokenizer, original = Tokenizer.from_gguf(smollm2()), Llama.from_gguf(smollm2())
    head = {
        "command": shlex.join(["python", *sys.argv]),
        "training": TRAINING,
        "model": "SmolLM2-135M-Instruct; trained and sampled in bfloat16, tested in float32",
        "told": DATES,
        "hardware": describe(torch.device("cpu")),
        "torch": torch.__version__,
        "general": list(GENERAL),
    }
    runs = Runs(options.out, head, options.again)
    rest = Rest(original, tokenizer)
    if "dates" in options.parts:
        if ("before", None) not in runs:
            runs.add(before(original, tokenizer))
        learn_dates(runs, tokenizer, rest, options.seeds, (RANK,))
    if "preferences" in options.parts:
        learn_preferences(runs, tokenizer, rest, options.seeds)
    if "rewards" in options.parts:
        learn_by_rewards(runs, tokenizer, rest, options.seeds)
    if "shuffled" in options.parts:
        learn_by_rewards(runs, tokenizer, rest, options.seeds, shuffled=True)
    if "ranks" in options.parts:
        learn_dates(runs, tokenizer, rest, options.seeds, (1, 8, None))
    return 0


if __name__ == "__main__":
    sys.exit(main())
