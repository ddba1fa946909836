"""What a language model associates: of two sentences that differ in one word, which does it find likelier?"""

import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import atanh, sqrt, tanh

import torch
from torch import Tensor, nn

PAIR = re.compile(r"\[([^|\[\]]+)\|([^|\[\]]+)\]")  # [she|he]
SURE = 2  # standard errors to either side


@dataclass(frozen=True)
class PairScores:
    """How much likelier a model finds the first of two sentences, in nats: above 0 it prefers the first.

    Attributes:
        whole: log-probability of the first sentence less that of the second, ``(n,)``.
        word: the same of the word alone in which they differ, after what stands before it, ``(n,)``.
    """

    whole: Tensor
    word: Tensor


def both(sentence: str) -> tuple[str, str]:
    """Return the two sentences of a pair: "[She|He] is here." gives "She is here." and "He is here.".

    Raises ``ValueError`` unless there is exactly one place with two different words.
    """
    places = PAIR.findall(sentence)
    if len(places) != 1 or places[0][0] == places[0][1]:
        raise ValueError(f"a pair has one place with two words, such as [she|he]; got {sentence!r}")
    return PAIR.sub(r"\1", sentence), PAIR.sub(r"\2", sentence)


@torch.no_grad()
def log_probability(model: nn.Module, ids: Sequence[Tensor], start: int, batch: int = 64) -> list[Tensor]:
    """Return the log-probability of each token of each text after those before it, ``(t,)`` in nats.

    Args:
        model: causal; from tokens ``(b, t)`` to logits ``(b, t, vocabulary)``.
        ids: the tokens of the texts, ``(t,)`` each.
        start: the token that stands before each text, so that its first token has a probability too.
        batch: how many texts are read at once, those of similar length together.

    Raises ``ValueError`` for no texts, one without tokens, or a batch below 1.
    """
    if not len(ids) or not all(map(len, ids)) or batch < 1:
        raise ValueError(f"each text needs a token; got the lengths {[len(each) for each in ids]}, {batch} at once")
    found: list[Tensor] = [torch.empty(0)] * len(ids)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
    for some in (order[i : i + batch] for i in range(0, len(ids), batch)):
        read = torch.full((len(some), max(len(ids[i]) for i in some)), start)
        for row, i in zip(read, some, strict=True):
            row[1 : len(ids[i])] = ids[i][:-1]  # what fills a row up comes after all that counts
        for logits, i in zip(model(read), some, strict=True):
            likely = logits[: len(ids[i])].float().log_softmax(-1)  # 16 bits have two figures of a difference
            found[i] = likely.gather(1, ids[i][:, None])[:, 0]
    return found


def pair_scores(
    model: nn.Module, encode: Callable[[str], Tensor], pairs: Sequence[str], start: int, batch: int = 64
) -> PairScores:
    """Score pairs of sentences, as those of CrowS-Pairs, with a causal model (Nangia et al. 2020 had masked ones).

    Args:
        model, start, batch: as in :func:`log_probability`.
        encode: from a text to its tokens ``(t,)``.
        pairs: sentences with one place such as ``[she|he]``.

    Raises what :func:`both` and :func:`log_probability` raise, and ``ValueError`` for one sentence in place of a list.
    """
    if isinstance(pairs, str):
        raise ValueError(f"give a list of sentences; got one: {pairs!r}")
    ids = [encode(text) for pair in pairs for text in both(pair)]
    likely = log_probability(model, ids, start, batch)
    whole, word = torch.zeros(2, len(pairs))
    for n in range(len(pairs)):
        (one, other), (first, second) = ids[2 * n : 2 * n + 2], likely[2 * n : 2 * n + 2]
        shorter = min(len(one), len(other))
        same = int((one[:shorter] == other[:shorter]).cumprod(0).sum())
        after = int((one.flip(0)[: shorter - same] == other.flip(0)[: shorter - same]).cumprod(0).sum())
        whole[n] = first.sum() - second.sum()
        word[n] = first[same : len(one) - after].sum() - second[same : len(other) - after].sum()
    return PairScores(whole, word)


def correlation(x: Tensor, y: Tensor) -> tuple[float, float, float]:
    """Return Pearson's correlation of two ``(n,)``, and the ends of its interval, by Fisher's transformation (1921).

    Raises ``ValueError`` for less than four cases, other shapes, NaN or infinity, or values that are all the same.
    """
    r = max(-1.0, min(1.0, float(torch.dot(*_standard(x, y)))))
    if abs(r) == 1:
        return r, r, r
    half = SURE / sqrt(len(x) - 3)
    return r, tanh(atanh(r) - half), tanh(atanh(r) + half)


def shuffled_correlations(x: Tensor, y: Tensor, times: int, generator: torch.Generator) -> Tensor:
    """Return ``times`` correlations of ``x`` ``(n,)`` with ``y`` in random orders: what chance does, ``(times,)``.

    Raises as :func:`correlation`.
    """
    x, y = _standard(x, y)
    order = torch.rand(times, len(y), generator=generator).argsort(1)
    return y[order] @ x


def _standard(x: Tensor, y: Tensor) -> list[Tensor]:
    """Return both less their means, and of length 1, in float64; raise for what has no correlation."""
    if x.ndim != 1 or x.shape != y.shape or len(x) < 4:
        raise ValueError(f"a correlation takes two (n,) with n of 4 or more; got {tuple(x.shape)} and {tuple(y.shape)}")
    found = []
    for each in (x.detach().double(), y.detach().double()):
        if not each.isfinite().all():
            raise ValueError(f"{int((~each.isfinite()).sum())} of {len(each)} values are NaN or infinite")
        if (each == each[0]).all():  # by itself: their mean may be another number by a rounding
            raise ValueError("values that are all the same have no correlation")
        each = each / each.abs().max()  # so that no square is too large or too small
        each = each - each.mean()
        found.append(each / each.norm())
    return found


def shuffled_weights(model: nn.Module, generator: torch.Generator) -> nn.Module:
    """Return a copy of a model with the numbers of each parameter in random order: as large, and without knowledge."""
    model = deepcopy(model)
    with torch.no_grad():
        for parameter in model.parameters():
            order = torch.randperm(parameter.numel(), generator=generator)
            parameter.copy_(parameter.flatten()[order].view_as(parameter))
    return model
