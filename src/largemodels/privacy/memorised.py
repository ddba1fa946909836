"""Memorised text: how much of a text a language model recites once it has read its beginning."""

import torch
from torch import Tensor, nn


@torch.inference_mode()
def guessed(model: nn.Module, tokens: Tensor, batch: int = 8) -> Tensor:
    """Say of each token but the first whether it is the model's first choice, given those before it.

    Args:
        model: maps tokens ``(b, t)`` to logits ``(b, t, vocabulary)``.
        tokens: texts, ``(n, t)``, two tokens or more.
        batch: texts to read at once.

    Returns:
        ``(n, t − 1)``, booleans.

    Raises ``ValueError`` for texts of fewer than two tokens, or a batch below 1.
    """
    if tokens.ndim != 2 or tokens.shape[1] < 2:
        raise ValueError(f"texts (n, t) of two tokens or more can be guessed at; got {tuple(tokens.shape)}")
    if batch < 1:
        raise ValueError(f"one text or more is read at once; got {batch}")
    chosen = torch.cat([model(some).argmax(-1) for some in tokens.split(batch)])
    return chosen[:, :-1] == tokens[:, 1:]


def recited(hits: Tensor, known: int, most: int) -> Tensor:
    """Return how many tokens come exactly as in each text after its first ``known``, up to ``most``: ``(n,)``.

    The likeliest token is written each time, as Carlini et al. (2023) do. While all were right the model has read the
    text itself, so what :func:`guessed` returns is enough, and nothing need be written.

    Raises ``ValueError`` for hits of another shape, fewer known tokens than one, or more than leave ``most`` to be
    written.
    """
    if hits.ndim != 2:
        raise ValueError(f"hits are (n, t − 1), as guessed gives them; got {tuple(hits.shape)}")
    if not (known >= 1 and most >= 1 and known + most <= hits.shape[1] + 1):
        raise ValueError(
            f"of {hits.shape[1] + 1} tokens some are known and the others recited, at least one of each; "
            f"got {known} and {most}"
        )
    return hits[:, known - 1 : known - 1 + most].long().cumprod(1).sum(1)
