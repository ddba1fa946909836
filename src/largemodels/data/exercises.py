"""Exercises with a right and a wrong answer, for a model that is to mark them."""

import random
from dataclasses import dataclass

from largemodels.data.facts import facts

KINDS = ("one digit", "two digits", "capitals")


@dataclass(frozen=True)
class Exercise:
    """A question, its answer, and a wrong one that somebody might give."""

    question: str
    right: str
    wrong: str


def exercises(kind: str, number: int, seed: int) -> list[Exercise]:
    """Return so many exercises, none twice.

    Sums of numbers of one or two digits; a wrong result is off by 1, 2 or 10, upward or downward. Or capitals; a wrong
    one is that of another of the countries that were drawn, so that both kinds of answer are the same names.

    Raises ``ValueError`` for a kind that is not in ``KINDS``, or a number that there are not.
    """
    if kind not in KINDS:
        raise ValueError(f"there are the kinds {', '.join(KINDS)}; got {kind!r}")
    draw = random.Random(f"{kind} {seed}")
    known = [fact for fact in facts() if fact.kind == "capital"]
    low, high = (2, 9) if kind == "one digit" else (11, 89)
    sums = [(a, b) for a in range(low, high + 1) for b in range(low, high + 1)]
    most = len(known) if kind == "capitals" else len(sums)
    if not 2 <= number <= most:
        raise ValueError(f"there are 2 to {most} exercises of the kind {kind!r}; got {number}")
    if kind == "capitals":
        chosen = draw.sample(known, number)
        answers = [fact.accepted[0] for fact in chosen]
        others = answers[1:] + answers[:1]
        return [Exercise(f.question, a, b) for f, a, b in zip(chosen, answers, others, strict=True)]
    found = []
    for a, b in draw.sample(sums, number):
        off = draw.choice((-10, -2, -1, 1, 2, 10) if a + b > 12 else (-2, -1, 1, 2, 10))
        found.append(Exercise(f"What is {a} + {b}?", str(a + b), str(a + b + off)))
    return found
