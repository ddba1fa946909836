"""The training loop: one generator, for every model of the book."""

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from largemodels.device import autocast, keep_large_buffers
from largemodels.train.checkpoint import Checkpoint, identify, restore, save
from largemodels.train.checks import check_single_examples, runnable
from largemodels.train.distributed import count, exchange, rank, sharded, share, spread, total
from largemodels.train.evaluate import blame, device_of
from largemodels.train.interrupts import Interrupts
from largemodels.train.loss import cross_entropy
from largemodels.train.recipe import Recipe, make_optimizer

PLAIN = Recipe()


@dataclass(frozen=True)
class Step:
    """What one training step did.

    Attributes:
        index: its number, from 0.
        loss: mean cross-entropy of its batch, in nats, before the weights changed.
        learning_rate: the rate with which they changed.
        samples_per_second: examples in the batch by the time of the step alone, all processes together.
    """

    index: int
    loss: float
    learning_rate: float
    samples_per_second: float


def fit(
    model: nn.Module,
    batches: Sequence[tuple[Tensor, Tensor]],
    recipe: Recipe = PLAIN,
    checkpoint: Checkpoint | None = None,
    progress: bool = True,
) -> Iterator[Step]:
    """Train a model on one batch after the other and yield a :class:`Step` for each: print it, plot it, stop.

    The model learns on the device where its parameters are; batches are moved there. A model with
    convolutions is kept in channels-last order of memory, which their kernels are fastest in. Targets of -100 do not
    count, as in torch: the loss of a batch is the mean over the others, in however many pieces it is computed.

    Args:
        model: maps inputs to logits whose last axis is the classes.
        batches: all ``(inputs, targets)`` of the whole training, in order; the same at every asking.
        recipe: how to train. A model with an LSTM is trained in float32, with a warning, where bfloat16 is asked for
            and the processor has no instructions for it.
        checkpoint: where to keep the run's state. If the file is there, the run goes on after it, to the very
            weights (bit by bit on a CPU with as many threads) of a run that was never cut off.
        progress: a bar on standard error, if that is a terminal. Notebooks show none, so that their outputs
            are the same every time; ``tqdm(fit(…), total=len(batches))`` puts one there.

    Raises:
        ValueError: before the first step, if there is nothing to train or to train on, if the checkpoint is another
            run's (it says what differs), or if one example is computed alone, of which batch normalisation would get
            one value per channel; at its step, for a batch without a target that counts, such as an empty one.
        FloatingPointError: a loss that is not finite; it says at which step and why. Weights and checkpoint
            are those of the step before.
        KeyboardInterrupt: Ctrl-C. It waits for the step to end, and for a checkpoint if one is kept.
        OSError: a checkpoint could not be written; the one of before is still there.
    """
    steps = len(batches)
    if steps == 0:
        raise ValueError("there are no batches to train on; give at least one")
    optimizer = make_optimizer(model, recipe)
    recipe, changed = runnable(recipe, model)
    if changed and rank() == 0:
        warnings.warn(changed, stacklevel=2)
    check_single_examples(model, batches, recipe)
    run = identify(model, recipe, batches) if checkpoint else {}
    device = device_of(model)
    keep_large_buffers()
    if any(isinstance(part, nn.Conv2d) for part in model.modules()) and not sharded(model):
        model.to(memory_format=torch.channels_last)
    done = restore(checkpoint, run, model, optimizer) if checkpoint and Path(checkpoint.path).exists() else 0
    together = spread(model, device)
    interrupts = Interrupts()

    with _bar(steps, done, progress and rank() == 0) as advance:
        while done < steps:
            with interrupts:
                step, stop = _take(together, optimizer, batches[done], recipe, done, steps, interrupts.asked)
                done += 1
                advance()
            try:
                yield step
            except KeyboardInterrupt:  # thrown in by a caller that was interrupted between two steps
                if count() > 1:  # the other processes know nothing of it
                    raise
                stop = True
            if checkpoint and (stop or checkpoint.due(done, steps)):
                with interrupts:
                    save(checkpoint, run, done, model, optimizer)
            if stop:
                raise KeyboardInterrupt
    if interrupts.asked:
        raise KeyboardInterrupt


@contextmanager
def _bar(steps: int, done: int, shown: bool) -> Iterator[Callable[[], object]]:
    """Show how far a run has come, if standard error is a terminal and tqdm is there; yield what moves it on."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:  # on a bare machine
        yield lambda: None
        return
    with tqdm(total=steps, initial=done, unit="step", file=sys.stderr, disable=None if shown else True) as bar:
        yield bar.update


def _take(
    model: nn.Module,
    optimizer: Optimizer,
    batch: tuple[Tensor, Tensor],
    recipe: Recipe,
    index: int,
    steps: int,
    asked: bool,
) -> tuple[Step, bool]:
    """Take one step; also return whether any process was asked to stop."""
    start = perf_counter()
    device = device_of(model)
    x, y = (part.to(device, non_blocking=True) for part in batch)
    if x.ndim == 4:
        x = x.contiguous(memory_format=torch.channels_last)
    rate = recipe.rate(index, steps)
    for group in optimizer.param_groups:
        group["lr"] = rate

    model.train()
    optimizer.zero_grad()
    loss = torch.zeros((), device=device)
    try:
        pieces = share(x, y, recipe.accumulate)
    except ValueError as error:
        raise ValueError(f"step {index}: {error}") from error
    for number, (px, py, weight) in enumerate(pieces, start=1):
        with exchange(model, last=number == len(pieces)):
            with autocast(device, recipe.precision):
                logits = model(px)
            # where nothing counts a mean would be NaN, a sum is 0
            piece = cross_entropy(logits, py, "mean" if weight else "sum") * weight
            (piece * count()).backward()  # the exchange takes the mean over the processes
            loss += piece.detach()

    loss, stop = total(torch.stack([loss, loss.new_tensor(float(asked))])).tolist()  # waits for the device
    if not isfinite(loss):
        raise FloatingPointError(f"the loss is {loss} at step {index}: {_reason(x, rate)}")
    if recipe.clip is not None:
        nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
    optimizer.step()
    return Step(index, loss, rate, len(x) / (perf_counter() - start)), stop > 0


def _reason(x: Tensor, rate: float) -> str:
    if reason := blame(x, " of the batch"):
        return reason
    return (
        f"its batch is finite, so training has diverged; lower the learning rate (now {rate:g}), "
        f"warm it up, or clip the gradient"
    )
