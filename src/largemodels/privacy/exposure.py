"""Exposure: how far a secret that was planted in the training text has come out (Carlini et al. 2019)."""

from math import log, log2

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@torch.inference_mode()
def surprise(model: nn.Module, tokens: Tensor, known: int, batch: int = 256) -> Tensor:
    """Return how unlikely a model finds the rest of each text, given its first ``known`` tokens: bits, ``(n,)``.

    Carlini et al. (2019) call it log-perplexity: the sum of −log₂ p over the tokens that are to be guessed.

    Args:
        model: maps tokens ``(b, t)`` to logits ``(b, t, vocabulary)``.
        tokens: texts, ``(n, t)``.
        known: tokens that are given, at least one and fewer than ``t``.
        batch: texts to read at once.

    Raises ``ValueError`` for texts that are not ``(n, t)``, known tokens out of their range, or a batch below 1.
    """
    if tokens.ndim != 2 or len(tokens) == 0 or not 1 <= known < tokens.shape[1]:
        raise ValueError(f"texts (n, t) of which 1 to t − 1 tokens are known; got {tuple(tokens.shape)} and {known}")
    if batch < 1:
        raise ValueError(f"one text or more is read at once; got {batch}")
    found = []
    for some in tokens.split(batch):
        logits = model(some[:, :-1])[:, known - 1 :].double()  # nothing follows the last token
        nats = F.cross_entropy(logits.flatten(0, 1), some[:, known:].flatten(), reduction="none")
        found.append(nats.view(len(some), -1).sum(1) / log(2))
    return torch.cat(found)


def exposure(surprises: Tensor, planted: int) -> float:
    r"""Return the exposure of a planted secret, in bits: :math:`\log_2 |R| - \log_2 \mathrm{rank}`.

    R is everything that the secret could have been, and the rank is its place among these, the least surprising first
    (Carlini et al. 2019). It is what the model saves someone who guesses: 0 where the secret comes last, and
    log₂ |R| where it is the first guess. A secret that was never planted has an exposure of 1 or more in half of the
    cases, by chance.

    Args:
        surprises: of all candidates, ``(|R|,)``, such as :func:`surprise` of each.
        planted: which of them was planted.

    Raises ``ValueError`` for surprises that are not ``(|R|,)`` or NaN, or a candidate that is none. Candidates that are
    equally likely rank before the secret: a model that knows nothing exposes nothing.
    """
    if surprises.ndim != 1 or not 0 <= planted < len(surprises):
        raise ValueError(f"surprises (n,) and one of them; got {tuple(surprises.shape)} and {planted}")
    if surprises.isnan().any():
        raise ValueError(f"{int(surprises.isnan().sum())} of {len(surprises)} surprises are NaN")
    rank = int((surprises <= surprises[planted]).sum())
    return log2(len(surprises)) - log2(rank)
