"""Measure how much memory training and writing take at their most, beside the estimates: results/memory.json.

    OMP_NUM_THREADS=1 python experiments/memory.py [--only training] [--out results]

The book's GPT, and Llama with SmolLM2-135M's sizes, are trained for a step, with and without computing activations
again, by AdamW and by plain gradient descent; SmolLM2-135M-Instruct writes with weights of 32, 16 and 8 bits. Each
measurement is a process of its own. ``measured`` is what torch's allocator had given out at the peak: the same at every
run. ``process`` is how far the process's own memory grew, as the system counts it: scratch space of libraries and what
an allocator keeps are in it, and it varies by a few per cent. About four minutes on one CPU core, and 3 GB.
"""

import argparse
import json
import shlex
import subprocess
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from torch.utils.checkpoint import checkpoint

from largemodels.data import smollm2
from largemodels.device import describe
from largemodels.estimate import InferenceMemory, Shape, TrainingMemory, held_memory, peak_memory, told
from largemodels.models import GPT, GPTConfig, Llama, LlamaConfig
from largemodels.train import Recipe, fit

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = 4  # tokens; more change nothing

GPTS = {
    "default": GPTConfig(),
    "larger": GPTConfig(context=256, layers=6, heads=6, width=192),
    "GPT-2's form": GPTConfig(vocabulary=5_000, context=256, positions="learned", norm_queries=False),
}
TRAINING = [
    *({"model": name, "batch": 8, "context": context} for name in GPTS for context in (16, 64)),
    {"model": "default", "batch": 64, "context": 64},
    {"model": "larger", "batch": 8, "context": 256},
    {"model": "larger", "batch": 8, "context": 256, "recomputed": 1},
    {"model": "larger", "batch": 8, "context": 256, "optimiser": "SGD"},
    {"model": "GPT-2's form", "batch": 4, "context": 256, "recomputed": 1},
    {"model": "SmolLM2", "batch": 1, "context": 32},
    {"model": "SmolLM2", "batch": 1, "context": 256},
    {"model": "SmolLM2", "batch": 2, "context": 256},
    {"model": "SmolLM2", "batch": 2, "context": 256, "recomputed": 1},
    {"model": "SmolLM2", "batch": 2, "context": 256, "optimiser": "SGD"},
]
WRITING = [
    *({"model": name, "batch": batch, "context": 64} for name in ("default", "GPT-2's form") for batch in (1, 64)),
    *(
        {"model": "SmolLM2", "weights": weights, "batch": batch, "context": context}
        for weights in ("float32", "bfloat16", "int8")
        for batch, context in ((1, 64), (1, 1_024), (8, 256))
    ),
]


def build(name: str) -> tuple[torch.nn.Module, Shape, float]:
    """Return a model to train, its shape, and the further widths that its layers keep (see ``TrainingMemory``)."""
    config = GPTS[name] if name in GPTS else LlamaConfig()
    model = GPT(config) if name in GPTS else Llama(config)
    return model, Shape.read(config), 3 * config.norm_queries if name in GPTS else 2


def train(case: dict) -> dict:
    """Measure the second step of training: the first makes what the optimizer keeps."""
    before = resident("VmRSS")
    model, shape, extra = build(case["model"])
    if case.get("recomputed"):
        for block in model.blocks:
            block.forward = partial(checkpoint, block.forward, use_reentrant=False)
    step = plain(model) if case.get("optimiser") == "SGD" else None
    batch, context = case["batch"], case["context"]
    text = torch.randint(shape.vocabulary, (batch, context + 1))
    pair = (text[:, :-1].contiguous(), text[:, 1:].contiguous())
    steps = fit(model, [pair] * 3, Recipe(), progress=False) if step is None else (step(*pair) for _ in range(3))
    next(steps)
    lower_mark()
    next(steps)
    process = resident("VmHWM") - before
    model.zero_grad()
    numbers = told(TrainingMemory(), shape) | {
        "kv_heads": shape.heads,  # our models hand keys and values to every query head before they attend
        "batch": batch,
        "context": context,
        "weight_bytes": 4,
        "gradient_bytes": 4,
        "optimiser_bytes": 8 if step is None else 0,
        "activation_bytes": 4,
        "fused": 1,
        "dropout": 0,
        "extra": extra,
        "recomputed": case.get("recomputed", 0),
        "devices": 1,
        "stage": 0,
    }
    states = numbers["parameters"] * (numbers["weight_bytes"] + numbers["optimiser_bytes"])
    measured = states + peak_memory(lambda: next(steps))
    return case | {
        "process": process,
        "measured": measured,
        "numbers": numbers,
        "estimated": TrainingMemory().of(**numbers),
    }


def plain(model: torch.nn.Module):
    """Return a step of gradient descent without momentum, which keeps nothing."""

    def step(x, y):
        optimizer = torch.optim.SGD(model.parameters(), 1e-3)
        optimizer.zero_grad()
        logits = model(x)
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten()).backward()
        optimizer.step()

    return step


def write(case: dict) -> dict:
    """Measure reading a prompt and writing a few tokens; the cache is full at the end."""
    before = resident("VmRSS")
    weights, batch, context = case.get("weights", "float32"), case["batch"], case["context"]
    if case["model"] in GPTS:
        model, shape, _ = build(case["model"])
    else:
        dtype = torch.bfloat16 if weights == "bfloat16" else torch.float32
        model = Llama.from_gguf(smollm2(), dtype, "int8" if weights == "int8" else None)
        shape = Shape.read(model.config)
    prompt = torch.randint(shape.vocabulary, (batch, context - WRITTEN))
    lower_mark()
    model.generate(prompt, WRITTEN, temperature=0)
    process = resident("VmHWM") - before
    size = 2 if weights == "bfloat16" else 4
    numbers = told(InferenceMemory(), shape) | {
        "batch": batch,
        "context": GPTS[case["model"]].context if case["model"] in GPTS else context,
        "prompt": context - WRITTEN,
        "scored": context - WRITTEN if case["model"] in GPTS else 1,
        "weight_bytes": 1 if weights == "int8" else size,
        "cache_bytes": size,
        "activation_bytes": size,
    }
    measured = held_memory(model) + peak_memory(lambda: model.generate(prompt, WRITTEN, temperature=0))
    return case | {
        "process": process,
        "measured": measured,
        "numbers": numbers,
        "estimated": InferenceMemory().of(**numbers),
    }


def resident(name: str) -> int:
    """Return the bytes of this process that are in memory: now (``VmRSS``), or at most so far (``VmHWM``). Linux."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


def lower_mark() -> None:
    """Let ``VmHWM`` begin anew."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


KINDS = {"training": (train, TRAINING), "writing": (write, WRITING)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=KINDS, help="measure these alone, and write nothing")
    parser.add_argument("--out", type=Path, default=ROOT / "results", help="folder of memory.json")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)  # a kind and a place in its list, for one process
    arguments = parser.parse_args()
    if arguments.one:
        measure, cases = KINDS[arguments.one[0]]
        torch.manual_seed(0)
        print(json.dumps(measure(cases[int(arguments.one[1])])))
        return 0
    runs = []
    for kind in [arguments.only] if arguments.only else KINDS:
        for place in range(len(KINDS[kind][1])):
            command = [sys.executable, __file__, "--one", kind, str(place)]
            answer = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
            run = {"kind": kind} | json.loads(answer)
            runs.append(run)
            print(
                f"{run['estimated']['peak'] / run['measured']:.3f}",
                run["process"] / run["measured"],
                KINDS[kind][1][place],
                flush=True,
            )
    if not arguments.only:
        head = {"command": shlex.join(["python", "experiments/memory.py"]), "hardware": describe(torch.device("cpu"))}
        head |= {"torch": torch.__version__, "gpts": {name: asdict(config) for name, config in GPTS.items()}}
        lines = ",\n  ".join(map(json.dumps, runs))
        text = json.dumps(head, indent=1)[:-2] + f',\n "runs": [\n  {lines}\n ]\n}}\n'
        (arguments.out / "memory.json").write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
