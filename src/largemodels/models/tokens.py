"""What every model of tokens asks of its input."""

from collections.abc import Iterable
from operator import index

import torch
from torch import Tensor

from largemodels.layers import values_known


def check_tokens(x: Tensor, vocabulary: int, steps: int | None = None) -> None:
    """Raise ``ValueError`` unless ``x`` is a batch, not empty, of tokens ``(b, t)`` from 0 to ``vocabulary − 1``.

    With ``steps`` there must be exactly so many. While the numbers are not known (:func:`values_known`), only their
    shape is checked.
    """
    wanted = f"tokens of shape (b, {steps or 't'})"
    if not isinstance(x, Tensor):
        raise ValueError(f"the model takes {wanted}; got a {type(x).__name__}: torch.tensor makes one of numbers")
    if x.ndim != 2:
        raise ValueError(f"the model takes {wanted}; got {tuple(x.shape)}")
    if x.dtype not in (torch.int64, torch.int32):
        raise ValueError(f"the model takes {wanted}, whole numbers; got {x.dtype}: give int64 or int32")
    if x.shape[0] == 0 or x.shape[1] == 0:
        what = "an empty batch" if x.shape[0] == 0 else "sequences of length 0"
        raise ValueError(f"the model takes {wanted}; got {what}: give at least one token")
    if steps is not None and x.shape[1] != steps:
        raise ValueError(f"the model takes {wanted}; got {x.shape[1]} steps: cut or pad them to {steps}")
    if not values_known():
        return
    low, high = x.aminmax()
    if low < 0 or high >= vocabulary:
        wrong = int(low if low < 0 else high)
        raise ValueError(
            f"the model knows tokens from 0 to {vocabulary - 1}; got {wrong}: encode the text with its own vocabulary"
        )


def check_last(last: int | None) -> None:
    """Raise ``ValueError`` unless logits are asked for at the ``last`` so many positions, at least one, or at all."""
    if last is not None and last < 1:
        raise ValueError(f"last is how many positions at the end get logits, at least 1; got {last}")


def check_stop(stop: Iterable[int], vocabulary: int) -> tuple[int, ...]:
    """Return tokens that end a text. Raises ``ValueError`` unless all are whole, from 0 to ``vocabulary − 1``."""
    try:
        stop = tuple(map(index, stop))
    except TypeError:
        raise ValueError(f"stop holds tokens, whole numbers, as (2,) does; got {stop!r}") from None
    if wrong := [token for token in stop if not 0 <= token < vocabulary]:
        raise ValueError(f"stop tokens are from 0 to {vocabulary - 1}; got {wrong[0]}")
    return stop
