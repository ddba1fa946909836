"""The ways to train that `experiments/savings.py` compares, and how steps are taken and timed."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from math import cos, pi
from statistics import median
from time import process_time

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Muon, Optimizer

from largemodels.data import Text, TextBatches
from largemodels.device import autocast
from largemodels.models import GPT, GPTConfig
from largemodels.train import evaluate_text, recomputed

SIZES = {"context": 64, "layers": 4, "heads": 4, "width": 64}
BATCH, STEPS, CHOOSING = 16, 200, 120  # passages, steps of a run, and of one that only chooses a learning rate
SCORED = 20_000  # characters of the validation text
WARMUP, DECAY, CLIP = 0.05, 0.1, 1.0
ROUND = 20  # steps that a way takes in its turn
RATES = {
    "SGD": (0.1, 0.3, 1.0, 3.0),
    "momentum": (0.03, 0.1, 0.3, 1.0),
    "Adam": (3e-4, 1e-3, 3e-3, 1e-2, 2e-2),
    "AdamW": (3e-4, 1e-3, 3e-3, 1e-2, 2e-2),
    "Muon": (3e-3, 1e-2, 2e-2, 4e-2),
}


@dataclass(frozen=True)
class Way:
    """How a model is trained: with which rule and schedule, in how many bits, and what is done to save memory or time.

    Attributes:
        rule: a name of ``RATES``.
        cosine: whether the learning rate falls to 0 along half a cosine, after a warm-up, or stays.
        precision: of products.
        pieces: that a batch is computed in, one after the other.
        again: whether blocks are computed a second time in the backward pass.
        compiled: whether ``torch.compile`` has written one program of the model.
    """

    rule: str = "AdamW"
    cosine: bool = True
    precision: str = "float32"
    pieces: int = 1
    again: bool = False
    compiled: bool = False


BASE = "AdamW, float32"
WAYS = {
    BASE: Way(),
    "SGD": Way("SGD"),
    "momentum": Way("momentum"),
    "Adam": Way("Adam"),
    "Muon": Way("Muon"),
    "constant rate": Way(cosine=False),
    "bfloat16 products": Way(precision="bfloat16"),
    "4 pieces": Way(pieces=4),
    "blocks computed twice": Way(again=True),
    "4 pieces, computed twice": Way(pieces=4, again=True),
    "torch.compile": Way(compiled=True),
    "compile, bfloat16": Way(precision="bfloat16", compiled=True),
}


def optimizers(model: GPT, rule: str, rate: float) -> list[Optimizer]:
    """Return what takes the steps: with Muon, AdamW takes those of all that is no matrix of a block."""
    blocks = [p for p in model.blocks.parameters() if p.ndim > 1] if rule == "Muon" else []
    taken = {id(p) for p in blocks}
    rest = [p for p in model.parameters() if id(p) not in taken and p.requires_grad]
    if rule in ("SGD", "momentum"):
        return [SGD(rest, rate, momentum=0.9 if rule == "momentum" else 0.0, fused=True)]
    if rule == "Adam":
        return [Adam(rest, rate, betas=(0.9, 0.99), fused=True)]
    matrices, others = [p for p in rest if p.ndim > 1], [p for p in rest if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    both = [AdamW([g for g in groups if g["params"]], rate, betas=(0.9, 0.99), fused=True)]
    # the rate is AdamW's: the update of a matrix is scaled to be as large as AdamW's usually is
    return both + ([Muon(blocks, rate, weight_decay=DECAY, adjust_lr_fn="match_rms_adamw")] if blocks else [])


def share_of_rate(way: Way, done: float) -> float:
    """Return the share of the highest learning rate after a share of the run."""
    if done < WARMUP:
        return done / WARMUP
    return (1 + cos(pi * (done - WARMUP) / (1 - WARMUP))) / 2 if way.cosine else 1.0


def training(
    model: nn.Module,
    batches: TextBatches,
    way: Way,
    rate: float,
    measure: Callable[[Tensor, Tensor, Tensor], Tensor] | None = None,
    keep: list | None = None,
    taking: list[Optimizer] | None = None,
) -> Iterator[float]:
    """Train, a step at each asking; yield the losses.

    ``measure`` maps inputs, logits and targets to a loss, the cross-entropy if not given; what takes the steps is
    put into ``keep``. ``taking`` takes them if given, in place of the way's rule and the rate.
    """
    both = taking or optimizers(model, way.rule, rate)
    if keep is not None:
        keep += both
    highest = [[group["lr"] for group in optimizer.param_groups] for optimizer in both]
    run = torch.compile(model) if way.compiled else model
    for step, (x, y) in enumerate(batches):
        model.train()
        total = 0.0
        with recomputed(model, "blocks.*") if way.again else nullcontext():
            for px, py in zip(x.chunk(way.pieces), y.chunk(way.pieces), strict=True):
                with autocast(x.device, way.precision):
                    logits = run(px)
                plain = F.cross_entropy(logits.float().flatten(0, 1), py.flatten())
                loss = plain if measure is None else measure(px, logits, py)
                (loss / way.pieces).backward()
                total += plain.item() / way.pieces
        nn.utils.clip_grad_norm_([p for p in model.parameters() if p.grad is not None], CLIP)
        for optimizer, rates in zip(both, highest, strict=True):
            for group, one in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = one * share_of_rate(way, (step + 1) / len(batches))
            optimizer.step()
            optimizer.zero_grad()
        yield total


def build(text: Text, seed: int, **sizes) -> GPT:
    """Return a fresh model."""
    torch.manual_seed(seed)
    return GPT(GPTConfig(vocabulary=len(text.vocabulary), **SIZES | sizes))


def score(model: nn.Module, text: Text) -> float:
    """Return the loss on the validation text, in nats per character."""
    return round(evaluate_text(model, text.validation[:SCORED], text.vocabulary).nats, 5)


def in_turns(runs: dict[str, Iterator[float]], steps: int) -> dict[str, list[float]]:
    """Let every run take its steps, some at a time; return the processor's seconds a step, for each round but one.

    In the first round programs are compiled and buffers are found, so that it is left out.
    """
    seconds = {name: [] for name in runs}
    names = list(runs)
    for number in range(steps // ROUND):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            start = process_time()
            for _ in range(ROUND):
                next(runs[name])
            seconds[name].append((process_time() - start) / ROUND)
    return {name: each[1:] for name, each in seconds.items()}


def ratio(one: list[float], other: list[float]) -> float:
    """Return the median of ratios, round by round."""
    return round(median(a / b for a, b in zip(one, other, strict=True)), 4)
