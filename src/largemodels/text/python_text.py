"""Where a Python text stands after each character: in a string, in brackets, in a comment, how far from the edge."""

import torch
from torch import Tensor

OPENING, CLOSING = "([{", ")]}"
QUOTES = "'\""


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
