"""Tokens a second of the book's means beside nanoGPT's plain run for a CPU, and that they lose nothing."""

import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from statistics import fmean
from time import perf_counter, process_time

import numpy as np
import torch

from bench import nano_program as program
from bench.timing import ratio, spread
from bench.training import speeds_of

SEEDS, STEPS, WINDOW = (0, 1, 2), 300, 20


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
        "products": products(1000 * program.SIZE * program.CONTEXT / spread(plain)["median"], threads),
    }


def products(plain_milliseconds: float, threads: int) -> dict[str, dict[str, float]]:
    """Return how long a step's matrix products take by themselves, and how fast a step of them alone would be.

    They are those of the linear layers and of the head, forward and backward, each of its own shape; attention's are
    left out. Products cannot be left away: were all else free, a step would still take that long.
    """
    torch.set_num_threads(threads)
    clock = process_time if threads == 1 else perf_counter  # as speeds_of
    found = {}
    for precision in ("float32", "bfloat16"):
        milliseconds = sum(count * of_shape(*shape, precision, clock) for shape, count in program.PRODUCTS.items())
        found[precision] = {"milliseconds": milliseconds, "times_plain": plain_milliseconds / milliseconds}
    return found


def of_shape(reads: int, writes: int, precision: str, clock: Callable[[], float]) -> float:
    """Return the milliseconds of a linear layer's three products: output, and gradients of its input and weights."""
    kind = getattr(torch, precision)
    rows = program.SIZE * program.CONTEXT
    x, w, g = (torch.randn(shape).to(kind) for shape in ((rows, reads), (writes, reads), (rows, writes)))
    times = []
    for _ in range(20):
        start = clock()
        for _ in range(10):
            x @ w.T, g @ w, g.T @ x
        times.append((clock() - start) * 100)
    return float(np.median(times))


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
