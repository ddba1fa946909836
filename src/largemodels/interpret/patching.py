"""Interventions: what a model does when some of its activations come from another run, or are pushed in a direction."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from torch import Tensor, nn

from largemodels.interpret.heads import changed


def patched(
    model: nn.Module, others: Mapping[str, Tensor], positions: Sequence[int] | slice = slice(None)
) -> AbstractContextManager:
    """Let taps give at some positions what they gave in another run, while the block runs: activation patching.

    Zhang and Nanda (2024) compare ways to do it. Errors are those of :func:`~largemodels.interpret.changed`; besides,
    ``ValueError`` at the call of the model if a tap gives another shape than the other run's.

    Args:
        others: tap → what it gave in the other run, ``(…, t, d)``, as :func:`~largemodels.interpret.capture` has it.
        positions: of the axis before the last; all if not given.
    """

    def change(other: Tensor):
        def put(x: Tensor) -> Tensor:
            if x.shape != other.shape:
                raise ValueError(f"the other run's texts must be as many and as long; got {other.shape} for {x.shape}")
            x = x.clone()
            x[..., positions, :] = other[..., positions, :]
            return x

        return put

    return changed(model, {name: change(other) for name, other in others.items()})


def steered(model: nn.Module, tap: str, vector: Tensor, start: int = 0) -> AbstractContextManager:
    """Add a vector ``(d,)`` to what a tap ``(b, t, d)`` gives, from position ``start`` on, while the block runs.

    Added to the residual stream, it is a steering vector (Turner et al. 2023, Rimsky et al. 2024). With a cache, which
    is read token by token, ``start`` counts within what is read. Errors are those of
    :func:`~largemodels.interpret.changed`.
    """

    def push(x: Tensor) -> Tensor:
        x = x.clone()
        x[:, start:] += vector
        return x

    return changed(model, {tap: push})
