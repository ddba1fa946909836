"""Where a text would have its reader look: simple rules, and what stands in it twice."""

import keyword
import random
import re

import torch
import torch.nn.functional as F
from torch import Tensor

from largemodels.text.python_text import CLOSING, OPENING


def rules(text: str) -> dict[str, Tensor]:
    """Return where simple rules would have every character of a text look: name → ``(t, t)``, of booleans.

    A row is a character that looks; true are those that the rule has it look at, itself or earlier ones. A row with
    none is one of which the rule says nothing.

    - ``itself``, ``the one before``, ``the first`` of the text;
    - ``end of the last line``; ``start of the word``: of the letters, digits and underscores that it belongs to;
      ``open bracket``: the innermost that is open there, whether in quotation marks or not;
    - ``the same``: every earlier character that is the same; ``after the same``: every one that follows such a one;
      ``after the same two``: every one that follows the same pair as it makes with the one before.

    Raises ``ValueError`` for an empty text.
    """
    t = len(text)
    if not t:
        raise ValueError("the text is empty: nobody looks")
    codes = torch.tensor([ord(character) for character in text])
    same = (codes[:, None] == codes).tril(-1)
    after = F.pad(same, (1, -1))
    after_two = after & F.pad(after, (1, -1, 1, -1))
    line, word, bracket, opened = [], [], [], []
    for i, character in enumerate(text):
        line.append(text.rfind("\n", 0, i))
        inside = i > 0 and _in_word(character) and _in_word(text[i - 1])
        word.append(-1 if not inside else i - 1 if word[-1] < 0 else word[-1])
        bracket.append(opened[-1] if opened else -1)
        if character in OPENING:
            opened.append(i)
        elif character in CLOSING and opened:
            opened.pop()
    one = {
        "itself": range(t),
        "the one before": range(-1, t - 1),
        "the first": [0] * t,
        "end of the last line": line,
        "start of the word": word,
        "open bracket": bracket,
    }
    one = {name: torch.tensor([*places])[:, None] == torch.arange(t) for name, places in one.items()}
    return one | {"the same": same, "after the same": after, "after the same two": after_two}


def look_up(text: str, n: int) -> list[tuple[int, int]]:
    """Return where a text could be copied from itself: pairs of places (i, j), ``j < i``.

    The ``n`` characters before i also stand before j, and j is the last such place. A reader who looks them up would
    expect at i what stands at j. Where they are nothing but white space there is no pair.

    Raises ``ValueError`` for an ``n`` below 1.
    """
    if n < 1:
        raise ValueError(f"at least one character has to be looked up; got n = {n}")
    pairs = []
    for i in range(n + 1, len(text)):
        last = text[i - n : i]
        start = text.rfind(last, 0, i - 1)
        if start >= 0 and last.strip():
            pairs.append((i, start + n))
    return pairs


def names_twice(text: str, length: int, count: int, seed: int = 0) -> list[tuple[str, str, int]]:
    """Find passages that end with a name they hold once before, and make copies that hold another one there.

    A name has 6 to 12 small letters and underscores and is no keyword of Python. The other one is a name of the text
    that is as long and begins differently, drawn at random.

    Returns:
        The passages, spread evenly over the text: each as it is, with the first name replaced, and the length of
        the name.

    Raises:
        ValueError: a text that has fewer of them than ``count``.
    """
    names = [match for match in re.finditer(r"\b[a-z_]{6,12}\b", text) if not keyword.iskeyword(match.group())]
    cases, dice = [], random.Random(seed)
    by_length = {n: [match.group() for match in names if len(match.group()) == n] for n in range(6, 13)}
    for match in names:
        name, n = match.group(), len(match.group())
        passage = text[max(0, match.end() - length) : match.end()]
        first, other = passage.find(name), dice.choice(by_length[n])
        if len(passage) == length and passage.count(name) == 2 and first < length - 2 * n and other[0] != name[0]:
            cases.append((passage, passage[:first] + other + passage[first + n :], n))
    if not 1 <= count <= len(cases):
        raise ValueError(f"this text has {len(cases)} such passages of {length} characters; got count = {count}")
    return cases[:: len(cases) // count][:count]


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
