"""The tasks of experiments/steps.py: each draws a question and its answer, as pieces of text."""

import torch
from torch import Generator

Piece = tuple[str, bool]  # a text, and whether it is part of the answer

SIZES = {
    "sum": (1, 2, 3, 4, 6, 8),  # digits of each number
    "chain": (10,),  # additions; the shorter chains are its beginnings
    "run on": (10,),
    "wrong": (10,),
    "at once": (1, 2, 3, 4, 6),
    "copy": (4, 16, 64),  # words
}
SHOTS = {"copy": 2}  # solved examples before the question; 4 for the others
WRONG = 2  # the addition with a wrong total, from 0
WORDS = """
time year people way day man thing woman life child world school state family student group country problem hand
part place case week company system program question work government number night point home water room mother area
money story fact month lot right study book eye job word business issue side kind head house service friend father
power hour game line end member law car city community name president team minute idea body information back parent
face level office door health person art war history party result change morning reason research girl guy moment air
teacher force education
""".split()  # noqa: SIM905


def drawn(low: int, high: int, draw: Generator) -> int:
    """Return a whole number from ``low`` to ``high``, both included."""
    return int(torch.randint(low, high + 1, (1,), generator=draw))


def long_sum(digits: int, draw: Generator) -> list[Piece]:
    """Two numbers of so many digits, and the digits of their sum."""
    low, high = (0 if digits == 1 else 10 ** (digits - 1)), 10**digits - 1
    one, other = drawn(low, high, draw), drawn(low, high, draw)
    return [(f"{one} + {other} = ", False), *((digit, True) for digit in str(one + other)), ("\n", False)]


def chain(count: int, draw: Generator) -> list[Piece]:
    """So many single digits are added up, one after the other: 3 + 5 = 8, 8 + 4 = 12; the totals are asked for."""
    total, pieces = drawn(1, 9, draw), []
    for i in range(count):
        more = drawn(1, 9, draw)
        pieces += [(f"{', ' if i else ''}{total} + {more} = ", False), (f"{total + more}", True)]
        total += more
    return [*pieces, ("\n", False)]


def run_on(count: int, draw: Generator, wrong: bool = False) -> list[Piece]:
    """The same in one line, 3 + 5 = 8 + 4 = 12; or with one wrong total, which is not asked for, and what follows.

    Both draw the same numbers, so that a wrong line has its right one.
    """
    total, error = drawn(1, 9, draw), drawn(1, 3, draw)
    pieces = [(f"{total}", False)]
    for i in range(count):
        more = drawn(1, 9, draw)
        total += more + (error if wrong and i == WRONG else 0)
        pieces += [(f" + {more} = ", False), (f"{total}", not wrong or i != WRONG)]
    return [*pieces, ("\n", False)]


def gone_wrong(count: int, draw: Generator) -> list[Piece]:
    """A line with a wrong total."""
    return run_on(count, draw, wrong=True)


def at_once(count: int, draw: Generator) -> list[Piece]:
    """So many single digits are added to another, and only the last total is written."""
    numbers = [drawn(1, 9, draw) for _ in range(count + 1)]
    return [(" + ".join(map(str, numbers)) + " = ", False), (str(sum(numbers)), True), ("\n", False)]


def copy(count: int, draw: Generator) -> list[Piece]:
    """So many different words, and the same again."""
    words = [f" {WORDS[i]}" for i in torch.randperm(len(WORDS), generator=draw)[:count]]
    return [(f"Text:{''.join(words)}\nCopy:", False), *((word, True) for word in words), ("\n", False)]


TASKS = {"sum": long_sum, "chain": chain, "run on": run_on, "wrong": gone_wrong, "at once": at_once, "copy": copy}
EXAMPLES = {"wrong": run_on}  # the examples of all other tasks are of their own kind
