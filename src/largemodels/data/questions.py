"""Small questions whose answers a program can check: two sentences, and a word from the first that answers the second.

No two of the questions that are held out and those to learn from share a name, a thing or a place.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import torch

from largemodels.data.batches import check_seed

# each list is cut in two: what is learned from, and what is held out
WORDS = {
    "name": ("Anna Ben Clara David Emma Frank Grace Henry Ivy Jack Karen Leo", "Mary Noah Olivia Peter Rose Simon"),
    "colour": ("red blue green white brown grey", "black yellow purple"),
    "thing": ("car hat bag lamp cup bicycle boat chair door coat", "scarf kettle pencil ladder drum"),
    "place": ("kitchen garden garage office attic cellar barn school", "library hall bedroom station"),
    "city": ("Paris Rome Oslo Madrid Vienna Dublin Berlin Athens", "Lisbon Prague Warsaw Cairo"),
    "work": ("doctor teacher baker pilot farmer painter lawyer cook", "nurse singer writer plumber"),
    "food": ("rice soup bread pasta fish cheese salad cake", "pizza eggs beans fruit"),
}
FORMS = (
    ("{name} has a {colour} {thing}. What colour is the {thing}?", "colour"),
    ("The {thing} of {name} is in the {place}. Where is the {thing}?", "place"),
    ("{name} lives in {city}. In which city does {name} live?", "city"),
    ("{name} works as a {work} in {city}. What is the job of {name}?", "work"),
    ("{name} had {food} for lunch. What did {name} have for lunch?", "food"),
)


@dataclass(frozen=True)
class Question:
    """A question, and the word that answers it."""

    text: str
    answer: str

    def right(self, text: str) -> bool:
        """Tell whether an answer says the word."""
        return re.search(rf"\b{self.answer}\b", text, re.IGNORECASE) is not None

    def score(self, text: str, finished: bool = True) -> float:
        """Return how good an answer is: 1 less a hundredth for each of its words, or 0 if it does not say the word.

        So a right answer is better than a wrong one, and of two right ones the shorter is better. One that was not
        ``finished`` when it was cut off counts as twice as long.
        """
        return max(0.01, 1 - 0.01 * len(text.split()) * (1 if finished else 2)) if self.right(text) else 0.0


def small_questions(count: int, seed: int = 0, held_out: bool = False) -> list[Question]:
    """Return ``count`` different questions, drawn from a seed; those ``held_out`` are made of other words.

    Raises ``ValueError`` for more than there are, none, or a seed that torch does not take.
    """
    words = {kind: lists[held_out].split() for kind, lists in WORDS.items()}
    possible = len(FORMS) * min(_ways(form, words) for form, _ in FORMS)
    if not 1 <= count <= possible:
        raise ValueError(f"there are from 1 to {possible} questions of this kind, as many in each form; got {count}")
    pick = _picker(seed)
    found: dict[str, Question] = {}
    while len(found) < count:
        form, kind = FORMS[len(found) % len(FORMS)]
        chosen = {key: pick(options) for key, options in words.items()}
        text = form.format(**chosen)
        found.setdefault(text, Question(text, chosen[kind]))
    return list(found.values())


def _ways(form: str, words: dict[str, list[str]]) -> int:
    ways = 1
    for key in set(re.findall(r"{(\w+)}", form)):
        ways *= len(words[key])
    return ways


def _picker(seed: int) -> Callable[[list[str]], str]:
    check_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    return lambda options: options[int(torch.randint(len(options), (), generator=generator))]
