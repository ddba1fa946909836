"""One GPT trained by one process, and by two that torchrun starts: results/two-processes.json.

    OMP_NUM_THREADS=1 python experiments/two_processes.py [--out results/two-processes.json]

Twenty steps of a GPT whose head is its embedding, with the same batches: alone, with a copy of the model in each
process (DistributedDataParallel), and with half of the weights in each (FSDP2). Then the second process is killed
inside the eighth step of the same run; what is left says so, and going on is compared with the run that was never
broken. And how rounding grows where the learning rate is too high and not warmed up. About one minute on one CPU core.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from time import process_time

import torch
from results import RESULTS, machine
from torch import nn

from largemodels.data import TextBatches, source_code
from largemodels.estimate import held_memory
from largemodels.models import GPT, GPTConfig
from largemodels.train import Checkpoint, Recipe, fit, save_weights
from largemodels.train.distributed import LostProcessError, processes, rank, shard
from largemodels.train.files import write_whole

CONFIG = GPTConfig(vocabulary=97, context=32, layers=2, heads=4, width=64)
RECIPE = Recipe(learning_rate=3e-3, weight_decay=0.1, clip=1.0, schedule="cosine", warmup=5)
TOO_FAST = Recipe(learning_rate=1e-2, weight_decay=0.1, clip=1.0)
STEPS, SIZE, DEATH = 20, 8, 7
KINDS = {"DDP": "copies", "FSDP2": "shards"}


def batches() -> TextBatches:
    """Return the batches, which all processes share."""
    return TextBatches(source_code().train[:1_000_000], CONFIG.context, SIZE, STEPS)


def build(kind: str, device: torch.device) -> nn.Module:
    """Return the model at its beginning; of shards each process keeps its own."""
    torch.manual_seed(0)
    return shard(GPT(CONFIG), device) if kind == "FSDP2" else GPT(CONFIG)


def local(model: nn.Module) -> int:
    """Return the bytes of weights that this process holds."""
    return held_memory([p.to_local() if hasattr(p, "to_local") else p for p in model.parameters()])


def worker(kind: str, folder: Path, dies: bool) -> None:
    """Train as one of the processes; the second may be killed inside a step."""
    with processes("cpu") as device:
        model = build(kind, device)
        calls = []

        def count(*_):
            calls.append(1)
            if dies and len(calls) == DEATH + 1 and rank() == 1:
                os.kill(os.getpid(), signal.SIGKILL)

        model.register_forward_hook(count)
        held = local(model)
        checkpoint = Checkpoint(folder / "run", every=3)
        losses = [step.loss for step in fit(model, batches(), RECIPE, checkpoint, progress=False)]
        save_weights(folder / "weights", model)
        if rank() == 0:
            (folder / "losses").write_text(json.dumps({"losses": losses, "held": held}), encoding="utf-8")


def two(kind: str, folder: Path, *more: str) -> int:
    """Start two processes; return how torchrun ended."""
    folder.mkdir(exist_ok=True)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*launch, __file__, "--worker", kind, "--out", str(folder), *more]
    return subprocess.run(command, capture_output=True, env=os.environ | {"OMP_NUM_THREADS": "1"}).returncode


def compared(kind: str, folder: Path, alone: list[float], whole: int) -> dict:
    """Return how two processes compare with one, and what became of the run that lost a process."""
    unbroken, broken = folder / f"{kind}-unbroken", folder / f"{kind}-broken"
    if (code := two(kind, unbroken)) != 0:
        raise RuntimeError(f"{kind}: torchrun ended with {code}")
    found = json.loads((unbroken / "losses").read_text(encoding="utf-8"))
    died = two(kind, broken, "--dies")
    said = (broken / "said").read_text(encoding="utf-8")
    if died == 0 or two(kind, broken) != 0:
        raise RuntimeError(f"{kind}: the killed run ended with {died}, or could not go on")
    left = json.loads((broken / "losses").read_text(encoding="utf-8"))["losses"]
    return {
        "losses": found["losses"],
        "largest_difference": max(abs(a - b) for a, b in zip(found["losses"], alone, strict=True)),
        "bytes_of_weights": found["held"],
        "share_of_weights": found["held"] / whole,
        "killed": {
            "at_step": DEATH + 1,
            "torchrun_ended_with": died,
            "said": said,
            "steps_left": len(left),
            "weights_equal": (unbroken / "weights").read_bytes() == (broken / "weights").read_bytes(),
        },
    }


def rounding(recipe: Recipe) -> list[float]:
    """Return how far the losses of a batch at once and in two pieces are apart, step by step, in one process."""
    runs = []
    for pieces in (1, 2):
        model = build("one", torch.device("cpu"))
        runs.append([s.loss for s in fit(model, batches(), replace(recipe, accumulate=pieces), progress=False)])
    return [abs(a - b) for a, b in zip(*runs, strict=True)]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worker", choices=KINDS, help="be one of the processes")
    parser.add_argument("--dies", action="store_true", help="lose the second one")
    parser.add_argument("--out", type=Path, default=RESULTS / "two-processes.json")
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    if options.worker:
        try:
            worker(options.worker, options.out, options.dies)
        except LostProcessError as lost:
            (options.out / "said").write_text(str(lost), encoding="utf-8")
            return 1
        return 0
    start = process_time()
    model = build("one", torch.device("cpu"))
    whole = local(model)
    alone = [step.loss for step in fit(model, batches(), RECIPE, progress=False)]
    with tempfile.TemporaryDirectory() as folder:
        rows = {kind: compared(kind, Path(folder), alone, whole) for kind in KINDS}
    result = {
        "what": "twenty steps of a GPT by one process and by two, and by two of which one is killed",
        "command": "python experiments/two_processes.py",
        **machine(),
        "steps": STEPS,
        "batch": SIZE,
        "parameters": sum(p.numel() for p in model.parameters()),
        "bytes_of_weights": whole,
        "one": alone,
        "two": rows,
        "in_two_pieces": {"the_same_recipe": rounding(RECIPE), "a_rate_that_is_too_high": rounding(TOO_FAST)},
        "cpu_seconds_of_the_first": round(process_time() - start, 1),
    }
    write_whole(options.out, (json.dumps(result, indent=1, ensure_ascii=False) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
