"""Which bytes of a file its type rests on: slopes, slopes on the way, occlusion; and whether that is true."""

import torch
from torch import Tensor

from largemodels.models import FileTypeNet


def log_odds(logits: Tensor, kinds: Tensor) -> Tensor:
    r"""Return :math:`\log \frac{p}{1 - p}` of the probability of each file's kind, ``(b,)``.

    Where a network is all but certain, the log probability hardly moves; the log odds do.
    """
    others = torch.zeros_like(logits, dtype=torch.bool).scatter(1, kinds[:, None], True)
    return logits.gather(1, kinds[:, None])[:, 0] - logits.masked_fill(others, -torch.inf).logsumexp(1)


def byte_slopes(model: FileTypeNet, tokens: Tensor, kinds: Tensor, steps: int = 1) -> Tensor:
    """Return what each byte adds to the log odds of a type, beside padding in its place: ``(b, length)``.

    The straight way leads from the vectors of a file that is all padding to those of the file. With one step the slope
    is taken at its end (gradient times change); with more, it is the mean of slopes in the middle of equal parts of the
    way: integrated gradients (Sundararajan et al. 2017), which add up to the whole change as the steps grow in number.

    Args:
        model: the network.
        tokens: ``(b, length)``.
        kinds: whose log odds, ``(b,)``.
        steps: 1 or more.

    Raises ``ValueError`` for fewer steps.
    """
    if steps < 1:
        raise ValueError(f"the way takes at least one step; got {steps}")
    with torch.no_grad():
        end = model.vectors(tokens)
        change = end - model.vectors(torch.full_like(tokens, model.PADDING))
    shares = [1.0] if steps == 1 else [(i + 0.5) / steps for i in range(steps)]
    total = torch.zeros_like(change)
    for share in shares:
        with torch.enable_grad():
            x = (end - (1 - share) * change).requires_grad_()
            total += torch.autograd.grad(log_odds(model.after(x), kinds).sum(), x)[0]
    return (total / len(shares) * change).sum(2)


@torch.no_grad()
def byte_occlusion(model: FileTypeNet, tokens: Tensor, kinds: Tensor, size: int = 16) -> Tensor:
    """Return by how much the log odds of a type falls when ``size`` bytes are padding: ``(b, length)``.

    All bytes of a piece get the same number, an equal part of the fall. Raises ``ValueError`` for a size that does not
    divide the length.
    """
    length = tokens.shape[1]
    if size < 1 or length % size:
        raise ValueError(f"pieces must divide {length} bytes; got {size}")
    falls = torch.zeros(tokens.shape)
    for row, (file, kind) in enumerate(zip(tokens, kinds, strict=True)):
        starts = [i for i in range(0, length, size) if (file[i : i + size] != model.PADDING).any()]
        less = file.repeat(len(starts) + 1, 1)
        for other, start in zip(less, starts, strict=False):  # the last row stays whole
            other[start : start + size] = model.PADDING
        chance = torch.cat([log_odds(model(part), kind.expand(len(part))) for part in less.split(32)])
        for start, fall in zip(starts, chance[-1] - chance[:-1], strict=True):
            falls[row, start : start + size] = fall / size
    return falls


@torch.no_grad()
def without_bytes(model: FileTypeNet, tokens: Tensor, kinds: Tensor, order: Tensor, counts: list[int]) -> Tensor:
    """Return the probability of a type after the first so many bytes of an order are padding: ``(b, counts)``.

    Args:
        model: the network.
        tokens: ``(b, length)``.
        kinds: whose probability, ``(b,)``.
        order: of the places, ``(b, length)``, such as ``saliency.argsort(1, descending=True)``. Places that are padding
            already are passed over.
        counts: how many bytes are taken away.
    """
    chances = []
    in_order = tokens.gather(1, order) != model.PADDING
    for count in counts:
        taken = in_order & (in_order.cumsum(1) <= count)
        less = tokens.masked_fill(torch.zeros_like(taken).scatter(1, order, taken), model.PADDING)
        chances.append(model(less).softmax(1).gather(1, kinds[:, None])[:, 0])
    return torch.stack(chances, 1)
