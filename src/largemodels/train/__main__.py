"""Train a model of the book: ``python -m largemodels.train cnn --data mnist --epochs 10``.

``torchrun --nproc-per-node 2 -m largemodels.train …`` trains the same on several processes.
"""

import json
import os
import shlex
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from time import perf_counter, process_time

import torch

from largemodels.data.batches import check_seed
from largemodels.device import describe
from largemodels.train.checkpoint import Checkpoint
from largemodels.train.checks import runnable
from largemodels.train.distributed import LostProcessError, count, processes, rank, shard
from largemodels.train.files import save_weights, speak_utf8, write_whole
from largemodels.train.fit import fit
from largemodels.train.flags import make_parser, read_config, read_recipe, read_task
from largemodels.train.interrupts import Interrupts
from largemodels.train.registry import DATA, MODELS


def main(argv: list[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, 1 after the loss of a process, 2 a wrong input, 130 Ctrl-C."""
    speak_utf8()
    argv = sys.argv[1:] if argv is None else argv
    arguments = make_parser().parse_args(argv)
    out = Path(arguments.out or f"runs/{arguments.model}-{arguments.data}")
    many = int(os.environ.get("WORLD_SIZE", 1))
    launcher = f"torchrun --nproc-per-node {many}" if many > 1 else "python"
    command = f"{launcher} -m largemodels.train {shlex.join(argv)}"
    command = command.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # in an ASCII locale, too
    try:
        with processes(arguments.device) as device:
            train(arguments, command, out, device)
    except LostProcessError as error:
        print(f"error: {error}{_hint(out, command)}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(1)  # at once: torch 2.13 may wait for ever for the thread of a lost connection when it tidies up
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"stopped{_hint(out, command)}", file=sys.stderr)
        return 130
    return 0


def _hint(out: Path, command: str) -> str:
    """Say how to go on with a run that was cut off."""
    kept = (out / "checkpoint.safetensors").exists()
    return f"; go on with: {command.removesuffix(' --resume')} --resume" if kept else " before anything was kept"


def train(arguments: Namespace, command: str, out: Path, device: torch.device) -> None:
    """Train as the flags say; write ``weights.safetensors`` and ``metrics.json`` into the folder ``out``."""
    kept, report = out / "checkpoint.safetensors", out / "metrics.json"
    if kept.exists() and not arguments.resume:
        raise ValueError(f"{kept} is an unfinished run; add --resume to go on with it, or delete it")
    check_seed(arguments.seed, "--seed")

    entry, recipe = MODELS[arguments.model], read_recipe(arguments)
    task, data = read_task(arguments, entry), DATA[arguments.data](device=device)
    batches = task.batches(data, arguments.seed)
    period, every = task.period(batches), arguments.checkpoint_every
    lines = task.unit + "s"
    # what is measured goes with the run's state, so that a run cut off between two measurements loses nothing
    notes = {lines: [], "losses": [], "spent": dict.fromkeys(clocks(), 0.0)}
    checkpoint = Checkpoint(kept, period if every is None else every, notes)

    torch.manual_seed(arguments.seed)  # every process starts from the same weights,
    config = read_config(arguments, entry, data)
    model = entry.model(config).to(device)
    torch.manual_seed((arguments.seed + rank()) % 2**64)  # but draws its own random numbers, for dropout
    recipe, changed = runnable(recipe, model)
    if changed and rank() == 0:
        print(f"note: {changed}", file=sys.stderr)
    metrics = {
        "command": command,
        "model": {"name": arguments.model, "parameters": sum(p.numel() for p in model.parameters()), **asdict(config)},
        "recipe": asdict(recipe),
        "seed": arguments.seed,
        "hardware": describe(device),
        "processes": count(),
        "torch": torch.__version__,
        "resumed": kept.exists(),
        lines: [],
    }
    if arguments.shard:
        model = shard(model, device)

    def measure(done: int) -> None:
        times = {name: round(spent, 2) for name, spent in notes["spent"].items()}
        at, score = task.at(done, batches), task.score(model, data)
        scores = {f"{task.part}_{name}": x for name, x in score.items()}
        line = {task.unit: at, "loss": fmean(notes["losses"]), **scores, **times}
        notes[lines].append(line)
        write(report, {**metrics, lines: notes[lines]})
        say(f"{task.unit} {at}: loss {line['loss']:.4f}, {task.part} {task.words(score)}, {times['seconds']:.1f} s")
        notes.update(losses=[], spent=dict.fromkeys(times, 0.0))

    steps, interrupts = fit(model, batches, recipe, checkpoint), Interrupts()
    start = clocks()
    for step in steps:
        now = clocks()
        notes["losses"].append(step.loss)
        notes["spent"] = {name: before + now[name] - start[name] for name, before in notes["spent"].items()}
        done = step.index + 1
        if done % period == 0 or done == len(batches):
            with interrupts:  # a checkpoint after this step needs the measurement
                measure(done)
        start = clocks()
        if interrupts.asked:
            steps.throw(KeyboardInterrupt)  # it keeps a checkpoint first

    score = task.score(model, data)
    metrics |= {**score, lines: notes[lines]}
    for name in clocks():
        metrics[name] = round(sum(line[name] for line in notes[lines]), 1)
    save_weights(out / "weights.safetensors", model)
    write(report, metrics)
    if rank() == 0:
        kept.unlink()
    say(f"{task.part} {task.words(score)}, loss {score['loss']:.4f}; weights and metrics are in {out}")


def clocks() -> dict[str, float]:
    """Read the clock on the wall, and that of the processors' work for this process alone."""
    return {"seconds": perf_counter(), "cpu_seconds": process_time()}


def say(line: str) -> None:
    """Print a line, once for all processes."""
    if rank() == 0:
        print(line, flush=True)


def write(path: Path, metrics: dict) -> None:
    """Write the metrics as JSON, once for all processes."""
    if rank() == 0:
        write_whole(path, (json.dumps(metrics, indent=1, ensure_ascii=False) + "\n").encode())


if __name__ == "__main__":
    sys.exit(main())
