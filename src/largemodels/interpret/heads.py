"""Heads of attention: how far they follow a rule that can be stated, and what the model does when they are changed."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from largemodels.interpret.capture import SILENT, there_are


def score(weights: Tensor, rule: Tensor) -> Tensor:
    """Return how much of its weight each head puts where a rule points, ``(h,)``: from 0 to 1.

    The mean is over all characters of which the rule says something. On random text that repeats, with the rule
    ``after the same``, it is what Olsson et al. (2022) tell induction heads by.

    Args:
        weights: of ``h`` heads on ``b`` texts, ``(b, h, t, t)``.
        rule: where it points, ``(b, t, t)`` of booleans, or ``(t, t)`` if it is the same for all texts.

    Raises:
        ValueError: shapes that do not fit, or a rule that says nothing.
    """
    rule = rule.expand(len(weights), -1, -1) if rule.ndim == 2 else rule
    if weights.ndim != 4 or rule.shape != (len(weights), *weights.shape[2:]) or rule.dtype != torch.bool:
        raise ValueError(
            f"weights (b, h, t, t) take a rule (b, t, t) of booleans; "
            f"got {tuple(weights.shape)}, and {tuple(rule.shape)} of {rule.dtype}"
        )
    asked = rule.any(-1)
    if not asked.any():
        raise ValueError("the rule says nothing about these texts")
    there = (weights * rule[:, None]).sum(-1)  # (b, h, t): nothing where the rule is silent
    return there.sum((0, 2)) / asked.sum()


def by_offset(weights: Tensor) -> Tensor:
    """Return the mean weight on the character so many places before, ``(h, t)``, from that of ``(b, h, t, t)``."""
    t = weights.shape[-1]
    return torch.stack([weights.diagonal(-offset, -2, -1).mean((0, -1)) for offset in range(t)], -1)


@contextmanager
def changed(model: nn.Module, changes: Mapping[str, Callable[[Tensor], Tensor]]) -> Iterator[None]:
    """Let functions change what taps answer, name → function, while the block runs; nothing of it stays behind.

    It is to :func:`~largemodels.interpret.capture` what an experiment is to watching. Raises ``LookupError`` for a tap
    that the model does not have, and, when the block ends, if none of them ran: then nothing was changed.
    """
    modules = dict(model.named_modules(remove_duplicate=False))
    if unknown := [name for name in changes if name not in modules]:
        raise LookupError(f"no tap named {', '.join(unknown)}; {there_are(modules)}")
    ran = False

    def hook(change):
        def run(module, args, output):
            nonlocal ran
            ran = True
            return change(output)

        return run

    hooks = [modules[name].register_forward_hook(hook(change)) for name, change in changes.items()]
    try:
        yield
    finally:
        for each in hooks:
            each.remove()
    if changes and not ran:
        raise LookupError(f"nothing was changed, since tap {', '.join(changes)} stayed silent: {SILENT}")


def switched(model: nn.Module, on: Tensor, instead: Tensor | None = None):
    """Switch heads of a GPT or a Llama off while the block runs.

    Args:
        on: ``(b, layers, h)``, for each text of a batch, or ``(1, layers, h)`` for all: 1 where a head is on, 0 where
            what it answers is replaced.
        instead: by what, ``(layers, h, t or 1, d/h)``, such as its mean; zeros if not given.

    Raises:
        LookupError: on entering, for more layers than the model has; at the end, if the model did not run, or ran
            compiled, without asking for its heads.
    """

    def change(layer):
        def replaced(answer: Tensor) -> Tensor:
            share = on[:, layer, :, None, None].to(answer.dtype)
            return answer * share if instead is None else answer * share + instead[layer] * (1 - share)

        return replaced

    return changed(model, {f"blocks.{layer}.attention.mixed": change(layer) for layer in range(on.shape[1])})
