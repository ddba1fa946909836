"""How well a model predicts a text: one way for n-grams, recurrent networks and Transformers, on the same characters.

A Transformer sees no more than its context. Cut a text into windows of that length, one after the other, and half of
its predictions know less than half a context, a handicap that no table and no recurrent network has. So the windows
*overlap*: each moves on by half a context, and only what it says in its second half counts ("sliding window
evaluation", Press et al. 2021; "strided" in the documentation of the ``transformers`` library).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, log
from typing import Protocol

import torch
import torch.nn.functional as F
from numpy.typing import ArrayLike
from torch import Tensor, nn

from largemodels.text import Vocabulary
from largemodels.train.evaluate import answering, device_of

UNSCORED = 1024  # tokens at the beginning of a long text: what the first scored one has before it
BLOCKS = 16
TOKENS = 65_536  # a batch, unless told otherwise


class Counted(Protocol):
    """A model without windows: it gives the probability ``(n,)`` of every token of a text ``(n,)`` after all before."""

    def probabilities(self, tokens: ArrayLike) -> ArrayLike:
        """Return them, float64."""


@dataclass(frozen=True)
class Difference:
    """The mean of paired differences in nats per token, and its standard error; below 0 the first of the two is better.

    Attributes:
        nats: loss of the one minus loss of the other, mean over the same tokens.
        standard_error: of ``nats``, from block means (:func:`standard_error`).
    """

    nats: float
    standard_error: float

    @property
    def interval(self) -> tuple[float, float]:
        """Two standard errors to both sides: about 95 %."""
        return self.nats - 2 * self.standard_error, self.nats + 2 * self.standard_error


@dataclass(frozen=True, eq=False)
class TextScore:
    """How well a model predicts a text.

    Attributes:
        losses: −ln p of each scored token, ``(n,)``, float64, in the order of the text.
        scored: those tokens, ``(n,)``.
        bytes: how many bytes the scored text takes in UTF-8.
    """

    losses: Tensor
    scored: Tensor
    bytes: int

    @property
    def tokens(self) -> int:
        """How many tokens were scored."""
        return len(self.losses)

    @cached_property
    def nats(self) -> float:
        """Mean cross-entropy, in nats per token."""
        return self.losses.mean().item()

    @cached_property
    def standard_error(self) -> float:
        """Sampling error of :attr:`nats`: how much it would vary with another text of the kind, from its own pieces."""
        return standard_error(self.losses)

    @property
    def bits_per_byte(self) -> float:
        """All bits that the text costs, divided by its bytes: does not depend on what the tokens are."""
        return self.nats * self._bits

    @property
    def bits_error(self) -> float:
        """Standard error of :attr:`bits_per_byte`."""
        return self.standard_error * self._bits

    @property
    def perplexity(self) -> float:
        """The same as :attr:`nats`, as a number of equally likely tokens."""
        return exp(self.nats)

    def minus(self, other: "TextScore", pieces: int | Sequence[int] = BLOCKS) -> Difference:
        """Compare with another model's score on the same tokens; what is hard for both does not blur the difference.

        ``pieces`` are those of :func:`standard_error`.

        Raises:
            ValueError: the two scores are of different tokens.
        """
        if not torch.equal(self.scored, other.scored):
            raise ValueError(
                f"the scores are of different tokens, {self.tokens:,} and {other.tokens:,}: "
                "score both models on the same text, with the same first"
            )
        paired = self.losses - other.losses
        return Difference(paired.mean().item(), standard_error(paired, pieces))

    @property
    def _bits(self) -> float:
        return self.tokens / (log(2) * self.bytes)


def evaluate_text(
    model: nn.Module | Counted,
    tokens: Tensor,
    vocabulary: Vocabulary,
    first: int | None = None,
    context: int | None = None,
    batch: int | None = None,
) -> TextScore:
    """Score every token of a text from number ``first`` on, each with at least half a context before it.

    A network reads windows of ``context`` tokens. Each begins half a context after the one before, and what it
    predicts for its second half is scored, from ``context // 2 + 1`` known tokens to ``context``. A recurrent network
    begins each window with an empty state, and the first half is there to fill it. A model that has
    ``probabilities`` gets the running text. Logits are taken to float32 and sums to float64, whatever the model
    computes in. The model answers in evaluation mode, and is left in the mode it was in.

    Args:
        model: from tokens ``(b, t)`` to logits ``(b, t, vocabulary)``; or one that counts, such as ``NGram``.
        tokens: the text, ``(n,)``, whole numbers.
        vocabulary: what the tokens stand for; decides the bytes. What is unknown counts as ``UNKNOWN``, three bytes.
        first: number of tokens before the first that is scored. If not given it follows from the text alone, so that
            it is the same for every model: 1,024, or half of a shorter text.
        context: tokens per window; the model's own if it has a longest one, else ``2 · first − 1``, and then each
            scored token has at least ``first`` before it.
        batch: windows at a time; if not given, about 65,000 tokens.

    Raises:
        ValueError: the text is empty, holds unknown tokens, or is too short for the context; or the model's answers
            are no logits for this vocabulary.
        FloatingPointError: a loss is not finite.
    """
    tokens = _checked(tokens, len(vocabulary))
    first = unscored(len(tokens)) if first is None else first
    if not 1 <= first < len(tokens):
        raise ValueError(f"first must leave tokens before it and after it, 1 to {len(tokens) - 1} here; got {first}")
    if isinstance(model, nn.Module):
        losses = _by_windows(model, tokens, len(vocabulary), first, context, batch)
    else:
        if (order := getattr(model, "order", 1)) > first + 1:
            raise ValueError(f"order {order} needs {order - 1} tokens before the first that is scored; got {first}")
        losses = -torch.as_tensor(model.probabilities(tokens)).double()[first:].log()
    if not (finite := losses.isfinite()).all():
        raise FloatingPointError(
            f"the loss of token {first + int((~finite).nonzero()[0])} is {losses[~finite][0].item()}: "
            "the model's answer is not finite, or gives the token no probability"
        )
    scored = tokens[first:]
    return TextScore(losses, scored, len(vocabulary.decode(scored).encode()))


def unscored(n: int) -> int:
    """Return how many tokens of a text of ``n`` are read and not scored: 1,024, or half of a shorter text."""
    return min(UNSCORED, n // 2)


def standard_error(values: Tensor, pieces: int | Sequence[int] = BLOCKS) -> float:
    """Return the standard error of the mean of a series ``(n,)`` whose neighbours are not independent.

    The series is cut into pieces. If they are so long that one tells little about the next, the mean varies as that of
    so many independent draws: the method of *batch means*, for which eight to ten pieces are nearly enough (Schmeiser
    1980). More pieces are shorter, and the error comes out too small: a text is easy or hard over whole files. Where
    its natural pieces are known, give their lengths; it is then the error of a ratio, the total loss by the total
    length, over pieces drawn at random.

    Args:
        values: the series.
        pieces: how many of equal length; or their lengths, in order, which add up to ``n``.

    Raises:
        ValueError: fewer than 2 pieces, or lengths that do not add up.
    """
    n = len(values)
    if isinstance(pieces, int):
        pieces = [len(piece) for piece in values.tensor_split(min(pieces, n))] if pieces > 0 else []
    if len(pieces) < 2 or min(pieces) < 0 or sum(pieces) != n:
        raise ValueError(f"at least 2 pieces that make up {n:,} values; got {len(pieces)} of {sum(pieces):,} in all")
    off = values.double() - values.double().mean()
    sums = torch.stack([piece.sum() for piece in off.split(list(pieces)) if len(piece)])
    return (len(sums) / max(len(sums) - 1, 1) * sums.square().sum()).sqrt().item() / n


def _by_windows(
    model: nn.Module, tokens: Tensor, size: int, first: int, context: int | None, batch: int | None
) -> Tensor:
    """Return the losses ``(n − first,)`` of a network."""
    context = context or getattr(getattr(model, "config", None), "context", 2 * first - 1)
    batch = max(1, TOKENS // max(context, 1)) if batch is None else batch
    if min(context, batch) < 1:
        raise ValueError(f"context and batch must be at least 1; got {context} and {batch}")
    if first < context // 2 + 1 or len(tokens) < context + 1:
        raise ValueError(
            f"windows of {context} tokens need a text of at least {context + 1}, scored from {context // 2 + 1} on; "
            f"got {len(tokens)}, from {first} on: take a longer text, or give a shorter context"
        )
    stride = context - context // 2
    last = torch.arange(first + stride - 1, len(tokens) + stride - 1, stride).clamp(max=len(tokens) - 1)
    rest = len(tokens) - first - stride * (len(last) - 1)  # what is left for the last window
    losses, device = [], device_of(model)
    with answering(model), torch.no_grad():
        for ends in last.split(batch):
            window = tokens[ends[:, None] + torch.arange(-context, 1)].to(device)
            logits = model(window[:, :-1])
            if not isinstance(logits, Tensor) or logits.shape != (len(window), context, size):
                got = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
                raise ValueError(f"the model must answer with logits {(len(window), context, size)}; got {got}")
            logits, answers = logits[:, -stride:].float().flatten(0, 1), window[:, -stride:].flatten()
            losses.append(F.cross_entropy(logits, answers, reduction="none").cpu().double())
    losses = torch.cat(losses)
    return torch.cat([losses[: len(losses) - stride], losses[len(losses) - rest :]])


def _checked(tokens: Tensor, size: int) -> Tensor:
    """Return a text ``(n,)`` on the CPU; raise ``ValueError`` unless it is whole numbers, all known, and at least 2."""
    if tokens.ndim != 1 or tokens.is_floating_point() or tokens.is_complex() or tokens.dtype == torch.bool:
        raise ValueError(f"a text is whole numbers (n,); got {tokens.dtype} of shape {tuple(tokens.shape)}")
    if len(tokens) < 2:
        raise ValueError(f"a text takes at least 2 tokens, one to know and one to predict; got {len(tokens)}")
    low, high = tokens.aminmax()
    if low < 0 or high >= size:
        wrong = int(low if low < 0 else high)
        raise ValueError(f"the vocabulary has tokens from 0 to {size - 1}; got {wrong}: encode the text with it")
    return tokens.cpu()
