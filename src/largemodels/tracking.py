"""Which unit follows what: properties of Python text, and how closely the units of a network keep up with them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

OPENING, CLOSING = "([{", ")]}"
QUOTES = "'\""


@dataclass(frozen=True)
class Following:
    """How closely the units of a network follow one property of a text, the closest first.

    Attributes:
        units: their numbers, ``(n,)``, in the order of the magnitude of ``chosen``.
        chosen: the correlation of each with the property, on the texts that the order is made by, ``(n,)``.
        measured: the same on other texts, ``(n,)``: what to believe, since the best of many is also a lucky one.
    """

    units: Tensor
    chosen: Tensor
    measured: Tensor


def tracking(states: Sequence[Tensor], texts: Sequence[str]) -> dict[str, Following]:
    """Rank units by how closely they follow each of the :func:`properties` of Python texts.

    The first half of the texts makes the order, the other half measures. Correlation is Pearson's, over all
    characters of a half; that of a unit that never moves is 0.

    Args:
        states: for each text what the units held after each character, ``(t, n)``.
        texts: Python, each read from its beginning, of ``t`` characters; at least two.

    Raises:
        ValueError: states that do not fit the texts, NaN, or a half in which a property never changes.
    """
    shapes = [tuple(state.shape) for state in states]
    wanted = [(len(text), shapes[0][-1]) for text in texts] if shapes and shapes[0] else []
    if len(texts) < 2 or shapes != wanted:
        raise ValueError(
            f"two texts or more take one tensor (t, n) each, t their length; "
            f"got shapes {shapes} for lengths {[len(text) for text in texts]}"
        )
    if not all(state.isfinite().all() for state in states):
        raise ValueError("the states hold NaN or infinity")
    known = [properties(text) for text in texts]
    middle = (len(texts) + 1) // 2
    halves = slice(None, middle), slice(middle, None)
    found = {}
    for name in known[0]:
        chosen, measured = (
            _correlation(
                torch.cat(list(states[half])).double(), torch.cat([one[name] for one in known[half]]).double(), name
            )
            for half in halves
        )
        units = chosen.abs().argsort(descending=True, stable=True)
        found[name] = Following(units, chosen[units].float(), measured[units].float())
    return found


def properties(text: str) -> dict[str, Tensor]:
    """Return what can be said of Python text after each of its characters, name → ``(t,)`` float32.

    ``inside a string``, ``inside brackets`` and ``inside a comment`` are 0 or 1; ``indentation`` counts the spaces
    that the line began with so far, ``position in line`` its characters so far. All follow from what was read
    up to there: after ``'`` one is inside a string, and after the next ``'`` no longer.
    """
    _, rows = _read(text)
    names = ("inside a string", "inside brackets", "indentation", "position in line", "inside a comment")
    return dict(zip(names, torch.tensor(rows, dtype=torch.float32).view(-1, len(names)).unbind(1), strict=True))


def excerpts(text: str, length: int = 400, count: int = 40) -> list[str]:
    """Cut Python text where a statement begins at the edge of the page, and nothing is open.

    Returns ``count`` excerpts, evenly spread over the text, each the first ``length`` characters after such a place.
    Raises ``ValueError`` for a text that does not hold so many.
    """
    places, _ = _read(text)
    starts, free = [], 0
    for place in places:
        if place >= free and place + length <= len(text):
            starts.append(place)
            free = place + length
    if count < 1 or len(starts) < count:
        raise ValueError(f"the text holds {len(starts)} excerpts of {length} characters; asked for {count}")
    return [text[starts[i * len(starts) // count] :][:length] for i in range(count)]


def _read(text: str) -> tuple[list[int], list[tuple]]:
    """Read Python once: the places where a statement begins at the edge, and the properties at every character."""
    quote, opened, escaped, comment = "", 0, False, False
    depth, indent, column, leading = 0, 0, 0, True
    places, rows = [], []
    for i, c in enumerate(text):
        if not column and not quote and not depth and not c.isspace() and c not in ")]}#":
            places.append(i)
        if quote:
            if escaped:
                escaped = False
            elif c == "\\":
                escaped = True
            elif text[max(0, i + 1 - len(quote)) : i + 1] == quote and i >= opened + len(quote):
                quote = ""
            elif c == "\n" and len(quote) == 1:
                quote = ""  # a string in single quotes ends with its line, closed or not
        elif not comment and c in QUOTES:
            # the third quote in a row opens a long string; the second has closed an empty one
            triple = text[max(0, i - 2) : i + 1] == 3 * c
            quote, opened = (3 * c if triple else c), i
        elif c == "#":
            comment = True
        elif not comment:
            depth = max(0, depth + (c in OPENING) - (c in CLOSING))
        if c == "\n":
            comment, column, indent, leading = False, 0, 0, True
        else:
            column += 1
            leading = leading and c == " "
            indent += leading
        rows.append((bool(quote), depth > 0, indent, column, comment))
    return places, rows


def _correlation(states: Tensor, target: Tensor, name: str) -> Tensor:
    """Return Pearson's correlation ``(n,)`` of every column of ``(t, n)`` with ``(t,)``."""
    target = (target - target.mean()).to(states.device)
    if not target.any():
        raise ValueError(f"in one half of the texts {name!r} never changes: give more or longer texts")
    states = states - states.mean(0)
    spread = (states.square().sum(0) * target.square().sum()).sqrt()
    return torch.where(spread > 0, target @ states / spread.clamp(min=1e-30), torch.zeros_like(spread)).clamp(-1, 1)
