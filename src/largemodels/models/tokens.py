"""What every model of tokens asks of its input."""

import torch
from torch import Tensor

from largemodels.layers import values_known


def check_tokens(x: Tensor, vocabulary: int, steps: int | None = None) -> None:
    """Raise ``ValueError`` unless ``x`` is a batch, not empty, of tokens ``(b, t)`` from 0 to ``vocabulary − 1``.

    With ``steps`` there must be exactly so many. While the numbers are not known (:func:`values_known`), only their
    shape is checked.
    """
    wanted = f"tokens of shape (b, {steps or 't'})"
    if x.ndim != 2:
        raise ValueError(f"the model takes {wanted}; got {tuple(x.shape)}")
    if x.is_floating_point() or x.is_complex() or x.dtype == torch.bool:
        raise ValueError(f"the model takes {wanted}, whole numbers; got {x.dtype}")
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
