"""Prompts and the answers to them, as a model reads them at once; what it thinks of an answer, given the prompt."""

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.train.evaluate import device_of
from largemodels.train.loss import IGNORED, cross_entropy


def pack(prompts: Sequence[Tensor], answers: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Return what a model reads of some conversations, and what it is to say: tokens and targets, each ``(n, t)``.

    A target is the token that follows; where that belongs to the prompt, or nothing follows, it is -100, which losses
    leave out. Shorter conversations are filled up at their end, where nothing that counts can see it.

    Args:
        prompts: ids ``(p,)``, at least one each.
        answers: ids ``(a,)``, with the token that ends an answer; at least one each.

    Raises:
        ValueError: no conversations, as many prompts as answers are not there, or one of them is empty.
    """
    if len(prompts) != len(answers) or not len(prompts) or not all(map(len, [*prompts, *answers])):
        raise ValueError(
            f"each prompt has an answer, and neither may be empty; got {len(prompts)} prompts and {len(answers)} "
            f"answers, of which {sum(not len(part) for part in [*prompts, *answers])} have no tokens"
        )
    t = max(len(p) + len(a) for p, a in zip(prompts, answers, strict=True)) - 1
    tokens = torch.zeros(len(prompts), t, dtype=torch.long)
    targets = torch.full((len(prompts), t), IGNORED)
    for i, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        end = len(prompt) + len(answer) - 1
        tokens[i, :end] = torch.cat([prompt, answer[:-1]])
        targets[i, len(prompt) - 1 : end] = answer
    return tokens, targets


def answer_logits(model: nn.Module, tokens: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the logits ``(n, s, vocabulary)`` from the first place of the batch that counts on, and their targets.

    The head is the largest product of a small language model, and most of a prompt needs none of it.

    Raises ``ValueError`` if no target counts.
    """
    columns = (targets != IGNORED).any(0).nonzero()
    if not len(columns):
        raise ValueError("no target counts: every one is -100, as if there were no answers")
    last = targets.shape[1] - int(columns[0])
    logits = model.advance(tokens, last=last) if hasattr(model, "advance") else model(tokens)[:, -last:]
    return logits, targets[:, -last:]


def answer_loss(model: nn.Module, tokens: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy of the answers' tokens, in nats: the loss of supervised fine-tuning."""
    return cross_entropy(*answer_logits(model, tokens, targets))


def log_probabilities(model: nn.Module, tokens: Tensor, targets: Tensor) -> Tensor:
    """Return the log-probability of each answer given its prompt, in nats: the sum over its tokens, ``(n,)``."""
    logits, targets = answer_logits(model, tokens, targets)
    return -cross_entropy(logits, targets, "none").view(targets.shape).sum(1)


def exact(model: nn.Module, tokens: Tensor, targets: Tensor, batch: int = 64) -> Tensor:
    """Return whether greedy decoding would write each answer, to its last token: truth values ``(n,)``, on the CPU.

    Nothing is decoded: it would, if and only if each token of the answer is the likeliest one after those before it.
    """
    right, device = [], device_of(model)
    with torch.inference_mode():
        for x, y in zip(tokens.split(batch), targets.split(batch), strict=True):
            logits, y = answer_logits(model, x.to(device), y.to(device))
            right.append(((logits.argmax(-1) == y) | (y == IGNORED)).all(1).cpu())
    return torch.cat(right)


def in_batches(n: int, size: int, steps: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Yield ``steps`` batches of places from 0 to ``n − 1``: all of them in a new order, again and again.

    Raises ``ValueError`` for no examples, or a batch of none.
    """
    if n < 1 or size < 1:
        raise ValueError(f"there must be at least 1 example, and at least 1 in a batch; got {n} and {size}")

    def batches() -> Iterator[Tensor]:
        order = torch.empty(0, dtype=torch.long)
        for _ in range(steps):
            while len(order) < size:
                order = torch.cat([order, torch.randperm(n, generator=generator)])
            yield order[:size]
            order = order[size:]

    return batches()


def divergence(logits: Tensor, reference: Tensor) -> Tensor:
    r"""Return :math:`D(p \,\|\, q) = \sum_i p_i \ln (p_i / q_i)` at each place, in nats: ``(…, v)`` → ``(…)``.

    ``p`` are the probabilities of ``logits``, ``q`` those of ``reference``; computed in float32 or wider. A
    ``p`` of 0, which a logit of −∞ makes, adds nothing.
    """
    p, q = (x.to(torch.promote_types(x.dtype, torch.float32)).log_softmax(-1) for x in (logits, reference))
    never = p == -torch.inf
    p, q = (x.masked_fill(never, 0.0) for x in (p, q))  # ln 1 − ln 1
    return F.kl_div(q, p, reduction="none", log_target=True).sum(-1)
