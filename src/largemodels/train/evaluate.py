"""What a model answers, and how good its answers are."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor, nn

from largemodels.train.loss import counted, cross_entropy, total_of


@dataclass(frozen=True)
class Score:
    """Mean cross-entropy in nats, and the share of right answers, from 0 to 1."""

    loss: float
    accuracy: float


def predict(model: nn.Module, images: Tensor, batch: int = 1000) -> Tensor:
    """Return the model's logits for ``images`` (or other inputs), ``batch`` at a time, on the model's device.

    The model answers in evaluation mode (no dropout, running averages in batch normalisation), and every
    part of it is left in the mode in which it was found. Raises ``ValueError`` for no images.
    """
    check_examples(images, batch)
    with answering(model), torch.no_grad():
        return torch.cat([model(x) for x in to_device_of(model, images, batch)])


def evaluate(model: nn.Module, images: Tensor, labels: Tensor, batch: int = 1000) -> Score:
    """Return the model's loss and accuracy on images and their labels; modes as in :func:`predict`.

    The inputs may be of any kind that the model takes: tokens ``(b, t)`` have labels ``(b, t)`` where the model
    answers at every step. Labels of -100 do not count. Whatever precision the model answers in, its losses are
    computed in float32 and added up in float64, so the score does not depend on ``batch``.

    Raises:
        ValueError: no images, not as many labels, or none that counts.
        FloatingPointError: the loss is not finite, because an image or the model's answer is not.
    """
    check_examples(images, batch)
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} {kind(images)}s need as many labels; got {len(labels)}")
    if (n := int(counted(labels))) == 0:
        raise ValueError(f"each of the {labels.numel()} labels is -100, which does not count; give at least one other")
    loss = right = 0
    with answering(model), torch.no_grad():
        pieces = zip(to_device_of(model, images, batch), to_device_of(model, labels, batch), strict=True)
        for x, y in pieces:
            logits = model(x)
            loss = loss + total_of(cross_entropy(logits, y, "none"))
            right = right + (logits.argmax(-1) == y).sum()
    loss, right = float(loss) / n, int(right) / n
    if not isfinite(loss):
        raise FloatingPointError(f"the loss is {loss}: {blame(images) or 'the model itself answers with such numbers'}")
    return Score(loss, right)


@contextmanager
def answering(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode; afterwards every part is in the mode that it was in."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def check_examples(images: Tensor, batch: int) -> None:
    """Raise ``ValueError`` unless there are examples and a batch holds at least one."""
    if len(images) == 0:
        raise ValueError(f"there are no {kind(images)}s to answer for; give at least one")
    if batch < 1:
        raise ValueError(f"batch must be at least 1; got {batch}")


def to_device_of(model: nn.Module, x: Tensor, batch: int) -> Iterator[Tensor]:
    """Yield ``batch`` rows of ``x`` at a time, on the device of the model's parameters."""
    device = device_of(model)
    return (piece.to(device, non_blocking=True) for piece in x.split(batch))


def device_of(model: nn.Module) -> torch.device:
    """Return the device of the model's first parameter; the CPU if it has none."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def blame(x: Tensor, where: str = "") -> str:
    """Say which examples of ``x`` hold NaN or infinity, and ``where`` they are; empty when none does."""
    bad = (~x.isfinite()).reshape(len(x), -1).any(1).nonzero().flatten().tolist()
    if not bad:
        return ""
    value = "NaN" if x[bad[0]].isnan().any() else "infinity"
    more = f", and {len(bad) - 1} more are not finite" if len(bad) > 1 else ""
    return f"{kind(x)} {bad[0]}{where} holds {value}{more}; mend it or leave it out"


def kind(x: Tensor) -> str:
    """Return what to call one example of a batch."""
    return "image" if x.ndim == 4 else "example"
