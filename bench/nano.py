"""Tokens a second of the book's means beside nanoGPT's plain run for a CPU, and that they lose nothing."""

import sys
from itertools import islice
from pathlib import Path
from statistics import fmean
from time import process_time

import numpy as np
import torch

from bench import nano_program as program
from bench.timing import ratio, spread
from bench.training import speeds_of

SEEDS, STEPS, WINDOW = (0, 1, 2), 300, 20
PRODUCTS = 6 * program.WIDTH * (12 * program.LAYERS * program.WIDTH + program.VOCABULARY)  # FLOPs of a token


def measure(data: Path, threads: int, rounds: int) -> dict:
    """Train in turns: tokens a second of each form, and by how much each is faster than the plain one in float32."""
    common = [sys.executable, "-m", "bench.nano_program", str(data), "--threads", str(threads)]
    commands = {
        f"{form}, {precision}": [*common, "--form", form, "--precision", precision]
        for form in program.FORMS
        for precision in ("float32", "bfloat16")
    }
    speeds, others, _ = speeds_of(commands, threads, rounds)
    plain = speeds["plain, float32"]
    return {
        "threads": threads,
        "others": others,
        "programs": {
            name: {"tokens_per_second": spread(measured), "times_plain": ratio(measured, plain)}
            for name, measured in speeds.items()
        },
        "products": product_share(spread(plain)["median"]),
    }


def product_share(tokens_per_second: float) -> dict[str, float]:
    """Return how fast this processor multiplies matrices of the model's sizes, and the plain run's share of its time.

    Products cannot be left out: were all else free, the speed would be the plain one divided by that share.
    """
    torch.set_num_threads(1)
    x, w = torch.randn(program.SIZE * program.CONTEXT, program.WIDTH), torch.randn(4 * program.WIDTH, program.WIDTH)
    rates = []
    for _ in range(60):
        start = process_time()
        for _ in range(5):
            x @ w.T
        rates.append(5 * 2 * x.shape[0] * w.numel() / (process_time() - start))
    rate = float(np.median(rates))
    return {"flops_per_second": rate, "share": PRODUCTS * tokens_per_second / rate}


def curves(data: Path) -> dict:
    """Return the losses of each form, means over windows, for each seed: the same batches, so the same curve."""
    text = np.load(data / "text.npy").astype(np.uint16)
    found = {}
    for form, precision in (("plain", "float32"), ("best", "float32"), ("best", "bfloat16")):
        runs = []
        for seed in SEEDS:
            losses = list(islice(program.training(form, precision, text, seed), STEPS))
            runs.append([round(fmean(losses[i : i + WINDOW]), 5) for i in range(0, STEPS, WINDOW)])
        found[f"{form}, {precision}"] = runs
    return {"seeds": SEEDS, "window": WINDOW, "forms": found}


def apart(found: dict, name: str) -> dict[str, float]:
    """Return how far a form's curves lie from the plain ones with the same seeds, and plain seeds from each other.

    Both are the mean over windows of the largest distance.
    """
    plain, form = (np.array(found["forms"][each]) for each in ("plain, float32", name))
    return {
        "from_plain": float(np.abs(form - plain).max(0).mean()),
        "among_seeds": float((plain.max(0) - plain.min(0)).mean()),
    }
