"""Training throughput: the book's code beside the source document's Keras program, and what each trick buys."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor

from bench.our_program import TRICKS
from bench.timing import in_turns, ratio, spread
from bench.worker import ROOT, Worker
from largemodels.data import DataError, digits, mnist, package_windows, source_code

OURS = [sys.executable, "-m", "bench.our_program"]
KERAS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
PRECISIONS = ("float32", "bfloat16")
STAT = Path("/proc/stat")


@contextmanager
def images(samples: int) -> Iterator[tuple[Path, str]]:
    """Yield a folder with ``examples.npy`` and ``labels.npy`` that all programs read, and the data's name.

    MNIST if it is here or can be fetched, else the digits of scikit-learn, repeated to as many.
    """
    try:
        name, train = "mnist", mnist().train
    except DataError:
        name, train = "digits, repeated", digits().train
    with _folder(train.images, train.labels, samples) as folder:
        yield folder, name


@contextmanager
def tokens(samples: int) -> Iterator[Path]:
    """Yield a folder with the same for sequences of tokens, those that the ten packages wrote."""
    train = package_windows().train
    with _folder(train.tokens, train.labels, samples) as folder:
        yield folder


@contextmanager
def text() -> Iterator[Path]:
    """Yield a folder with ``text.npy``, a million characters of source code."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "text.npy", source_code().train[:1_000_000].numpy())
        yield Path(folder)


@contextmanager
def _folder(examples: Tensor, labels: Tensor, samples: int) -> Iterator[Path]:
    picks = torch.arange(samples) % len(labels)
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "examples.npy", examples[picks].numpy())
        np.save(Path(folder) / "labels.npy", labels[picks].numpy())
        yield Path(folder)


def against_keras(chapter: str, data: Path, threads: int, rounds: int) -> dict:
    """Train Keras' program and ours in turns, an epoch at a time: samples per second, and ratios round by round.

    Each program's first epoch is left out.
    """
    common = [chapter, str(data), "--threads", str(threads)]
    commands = {
        "Keras": [str(KERAS_PYTHON), "-m", "bench.keras_program", *common],
        **{f"fit, {precision}": [*OURS, *common, "--precision", precision] for precision in PRECISIONS},
    }
    speeds, others, facts = speeds_of(commands, threads, rounds)
    return {
        "threads": threads,
        "others": others,
        "facts": facts,
        "programs": {
            name: {"samples_per_second": spread(measured), "times_keras": ratio(measured, speeds["Keras"])}
            for name, measured in speeds.items()
        },
    }


def against_gpt2(data: Path, threads: int, rounds: int) -> dict:
    """Train the GPT-2 of transformers and ours in turns, 50 steps at a time: as :func:`against_keras`."""
    common = [str(data), "--threads", str(threads)]
    theirs = [sys.executable, "-m", "bench.gpt2_program", *common]
    commands = {f"transformers, {precision}": [*theirs, "--precision", precision] for precision in PRECISIONS} | {
        f"fit, {precision}": [*OURS, "gpt", *common, "--precision", precision] for precision in PRECISIONS
    }
    speeds, others, facts = speeds_of(commands, threads, rounds)
    return {
        "threads": threads,
        "others": others,
        "facts": facts,
        "programs": {
            name: {
                "samples_per_second": spread(measured),
                "times_transformers": ratio(measured, speeds["transformers, float32"]),
            }
            for name, measured in speeds.items()
        },
    }


def ablation(data: Path, threads: int, rounds: int, samples: int) -> list[dict]:
    """Leave out each trick alone, then all: samples per second, and how many times faster the trick makes it."""
    common = [*OURS, "cnn", str(data), "--threads", str(threads), "--samples", str(samples), "--loop"]
    left_out = {"nothing": (), **{trick: (trick,) for trick in TRICKS}, "all": tuple(TRICKS)}
    rows = []
    for precision in PRECISIONS:
        commands = {
            name: [*common, "--precision", precision, *(["--without", *tricks] if tricks else [])]
            for name, tricks in left_out.items()
        }
        speeds, others, _ = speeds_of(commands, threads, rounds)
        rows += [
            {
                "threads": threads,
                "precision": precision,
                "others": others,
                "without": list(left_out[name]),
                "samples_per_second": spread(measured),
                "bought": ratio(speeds["nothing"], measured),
            }
            for name, measured in speeds.items()
        ]
    return rows


def speeds_of(
    commands: dict[str, list[str]], threads: int, rounds: int
) -> tuple[dict[str, list[float]], float | None, dict[str, dict]]:
    """Return each program's speeds, how many cores other programs took meanwhile, and what each says of itself.

    On one thread the speed is by processor time, which other programs do not count in. On several it is by the
    clock: threads that wait for one another use the processor, too.
    """
    others = []

    def speed(worker: Worker) -> float:
        before = busy_seconds()
        measured = worker.stretch()
        if before is not None:
            taken = busy_seconds() - before - measured["processor_seconds"]
            others.append(max(0.0, taken / measured["seconds"]))
        return measured["samples"] / measured["processor_seconds" if threads == 1 else "seconds"]

    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(command)) for name, command in commands.items()}
        speeds = in_turns({name: lambda worker=worker: speed(worker) for name, worker in workers.items()}, rounds)
        facts = {name: worker.facts for name, worker in workers.items()}
    return speeds, round(median(others), 2) if others else None, facts


def busy_seconds() -> float | None:
    """Return the processor time that the whole machine has used since it started; None where Linux does not tell."""
    if not STAT.exists():
        return None
    user, nice, system, _idle, _wait, irq, soft, *_ = map(
        int, STAT.read_text(encoding="utf-8").splitlines()[0].split()[1:]
    )
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")
