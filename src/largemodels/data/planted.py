"""Images whose decisive pixels are known: a small mark, which alone decides the class, beside a handwritten digit."""

from dataclasses import dataclass

import torch
from torch import Tensor

from largemodels.data.images import Labelled

MARKS = ("+", "×", "T", "L")
SIDE, MOST = 5, 4  # of a mark, in pixels; and how far a digit is moved
STRENGTH = 0.6, 1.0  # of a mark's ink


@dataclass(frozen=True)
class Planted:
    """Images, and all that was put into them.

    Attributes:
        images: ``(n, 1, h, w)`` in [0, 1].
        marks: which of :data:`MARKS`, ``(n,)``.
        digits: the class of the digit, ``(n,)``, which says nothing about the mark.
        where: true in the 25 pixels that show which mark it is, ``(n, 1, h, w)``.
    """

    images: Tensor
    marks: Tensor
    digits: Tensor
    where: Tensor


def mark_shapes() -> Tensor:
    """Return the four marks, ``(4, 5, 5)``: nine inked pixels each, so that ink alone gives none of them away."""
    shapes = torch.zeros(len(MARKS), SIDE, SIDE)
    plus, cross, tee, ell = shapes
    plus[2], plus[:, 2] = 1, 1
    cross += torch.eye(SIDE).maximum(torch.eye(SIDE).flip(1))
    tee[0], tee[:, 2] = 1, 1
    ell[-1], ell[:, 0] = 1, 1
    return shapes


def planted_marks(
    source: Labelled, count: int, generator: torch.Generator, digit: bool = True, mark: bool = True
) -> Planted:
    """Return ``count`` images: a digit of ``source``, moved a little, and a mark anywhere but at the edge.

    The mark stands on 7 × 7 pixels of blank paper, so it never touches the digit. Which mark, which digit, the two
    places, and the strength of the mark's ink are drawn independently of each other, and are the same for a generator
    in the same state whatever ``digit`` and ``mark`` are.

    Args:
        source: digits ``(m, 1, h, w)``, at least 7 pixels wide and high.
        count: how many images.
        generator: draws.
        digit: draw the digit; without it, the paper is blank but for the mark.
        mark: draw the mark; without it, its 7 × 7 pixels are blank.

    Raises ``ValueError`` for less than one image, or digits without room for a mark.
    """
    h, w = source.images.shape[2:]
    if count < 1 or min(h, w) < SIDE + 2:
        raise ValueError(f"one image or more, of {SIDE + 2} × {SIDE + 2} pixels or more; got {count}, of {h} × {w}")

    def draw(low: int, high: int) -> list[int]:
        return torch.randint(low, high, (count,), generator=generator).tolist()

    picked, marks = draw(0, len(source)), draw(0, len(MARKS))
    down, right = draw(-MOST, MOST + 1), draw(-MOST, MOST + 1)
    tops, lefts = draw(1, h - SIDE), draw(1, w - SIDE)
    low, high = STRENGTH
    ink = (low + (high - low) * torch.rand(count, generator=generator)).tolist()
    images, where, shapes = torch.zeros(count, 1, h, w), torch.zeros(count, 1, h, w, dtype=torch.bool), mark_shapes()
    for i, (top, left) in enumerate(zip(tops, lefts, strict=True)):
        if digit:
            images[i] = source.images[picked[i]].roll((down[i], right[i]), (1, 2))
        images[i, :, top - 1 : top + SIDE + 1, left - 1 : left + SIDE + 1] = 0
        square = (i, 0, slice(top, top + SIDE), slice(left, left + SIDE))
        where[square] = True
        if mark:
            images[square] = ink[i] * shapes[marks[i]]
    return Planted(images, torch.tensor(marks), source.labels[picked], where)
