"""Keep less for the backward pass: what happens inside a part of a model is computed a second time there."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from fnmatch import fnmatchcase
from functools import partial

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


@contextmanager
def recomputed(model: nn.Module, *patterns: str) -> Iterator[nn.Module]:
    """Inside the ``with`` block, keep of these parts only what goes in; compute them again when gradients are taken.

    Gradients, random numbers and the averages of batch normalisation are those of a run without it, bit by bit; only
    memory, which is less, and time, which is more, are not. Write it around the loop over :func:`fit`.

    Args:
        model: of any kind.
        patterns: names of its parts, as ``model.named_modules()`` has them; ``*`` stands for any part of a name. Parts
            inside others that are chosen are left to those.

    Raises ``LookupError`` for a pattern that names no part.
    """
    names = [name for name, _ in model.named_modules() if name]
    for pattern in patterns or ("",):
        if not any(fnmatchcase(name, pattern) for name in names):
            raise LookupError(f"no part is named {pattern!r}; the model has {', '.join(names[:8])}")
    chosen = {name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)}
    outer = [name for name in chosen if not any(name.startswith(f"{other}.") for other in chosen)]
    parts = [model.get_submodule(name) for name in outer]
    for part in parts:
        part.forward = partial(_forward, part, part.forward)
    try:
        yield model
    finally:
        for part in parts:
            del part.forward


def _forward(part: nn.Module, plain, *args, **kwargs):
    if not (part.training and torch.is_grad_enabled()):
        return plain(*args, **kwargs)
    contexts = lambda: (nullcontext(), _unchanged(part))  # noqa: E731
    # the older, reentrant way gives no gradients where the input of the part needs none
    return checkpoint(plain, *args, use_reentrant=False, context_fn=contexts, **kwargs)


@contextmanager
def _unchanged(part: nn.Module) -> Iterator[None]:
    """Put running averages back afterwards: the second computation is not to count."""
    before = {buffer: buffer.clone() for buffer in part.buffers()}
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, x in before.items():
                buffer.copy_(x)
