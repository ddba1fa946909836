"""Dates as people write them, and the same in one form: a small task of translation whose rules everybody knows."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import torch
from torch import Tensor

from largemodels.text import UNKNOWN, Vocabulary

FIRST, LAST = date(1900, 1, 1), date(2099, 12, 31)
# written out, because the names that strftime gives depend on the reader's language
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FORMS: tuple[Callable[[date], str], ...] = (
    lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{DAYS[d.weekday()]}, {d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{d.day:02}/{d.month:02}/{d.year}",
    lambda d: f"{MONTHS[d.month - 1][:3]} {d.day}, {d.year}",
    lambda d: f"{d.year} {MONTHS[d.month - 1][:3]} {d.day:02}",
)
ORDINALS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
NEW_FORMS: tuple[Callable[[date], str], ...] = (  # in which no date is written that a model learns from
    lambda d: f"the {d.day}{ORDINALS.get(d.day, 'th')} of {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{DAYS[d.weekday()]}, {MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{d.day:02}.{d.month:02}.{d.year}",
    lambda d: f"{d.day}-{MONTHS[d.month - 1][:3]}-{d.year}",
)
BEGIN = "⊢"  # given to a decoder before anything is written; it stands in no date
SOURCE, TARGET = 29, 10  # "Wednesday, 30 September 1998" has 28 characters, "1998-09-30" 10
CHARACTERS = sorted({c for name in (*MONTHS, *DAYS) for c in name} | set("0123456789 ,/-"))
DATE_CHARACTERS = Vocabulary((UNKNOWN, BEGIN, *CHARACTERS))  # token 0 also fills sources up


@dataclass(frozen=True)
class Pairs:
    """What an encoder and decoder reads and should write.

    ``tokens`` ``(n, SOURCE + TARGET)``: the source, filled up with 0, then 1, which begins a target, and the target
    less its last character; ``targets`` ``(n, TARGET)``.
    """

    tokens: Tensor
    targets: Tensor

    def __len__(self):
        return len(self.targets)


@dataclass(frozen=True)
class Dates:
    """Dates to learn from and others to test on, with their vocabulary."""

    train: Pairs
    test: Pairs
    vocabulary: Vocabulary


def dates(test: float = 0.1, device: str | torch.device = "cpu") -> Dates:
    """Return every day from 1900 to 2099 in one of six forms, drawn from a fixed seed, and in ISO 8601's.

    A day is on one side of the split only. Raises ``ValueError`` for a share that leaves one of them empty.
    """
    if not 0 < test < 1:
        raise ValueError(f"test is a share between 0 and 1; got {test}")
    days = [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1)]
    generator = torch.Generator().manual_seed(0)
    forms = torch.randint(len(FORMS), (len(days),), generator=generator).tolist()
    order = torch.randperm(len(days), generator=generator)
    written = (FORMS[form](day).ljust(SOURCE, UNKNOWN) for day, form in zip(days, forms, strict=True))
    source = DATE_CHARACTERS.encode("".join(written)).view(-1, SOURCE)
    target = DATE_CHARACTERS.encode("".join(day.isoformat() for day in days)).view(-1, TARGET)
    tokens = torch.cat([source, target.new_ones(len(days), 1), target[:, :-1]], 1).to(device)
    target, order = target.to(device), order.to(device)
    held = round(len(days) * test)
    train, tested = order[held:], order[:held]
    return Dates(Pairs(tokens[train], target[train]), Pairs(tokens[tested], target[tested]), DATE_CHARACTERS)


def written_dates(
    count: int, seed: int = 0, held_out: bool = False, forms: Sequence[Callable[[date], str]] = FORMS
) -> list[tuple[str, str]]:
    """Return ``count`` dates as people write them, in one form after the other, each with the same in ISO 8601's.

    The days are drawn from a seed; one in ten of all is ``held_out``, and is never among the others. Raises
    ``ValueError`` for more days than there are, or none.
    """
    days = [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1)]
    split = torch.randperm(len(days), generator=torch.Generator().manual_seed(0))
    part = split[: len(days) // 10] if held_out else split[len(days) // 10 :]
    if not 1 <= count <= len(part):
        raise ValueError(f"there are from 1 to {len(part):,} days to draw; got {count:,}")
    drawn = part[torch.randperm(len(part), generator=torch.Generator().manual_seed(seed))[:count]]
    return [(forms[i % len(forms)](days[n]), days[n].isoformat()) for i, n in enumerate(drawn.tolist())]


def encode_source(text: str) -> Tensor:
    """Return a date as a source ``(SOURCE,)``, filled up with 0.

    Raises ``ValueError`` for a longer text, or none, or one with a character that stands in no date: it would be
    taken for filling, and hidden.
    """
    if not 1 <= len(text) <= SOURCE:
        raise ValueError(f"a date has 1 to {SOURCE} characters; got {len(text)}: {text!r}")
    if unknown := [c for c in text if c not in CHARACTERS]:
        raise ValueError(f"a date is written in {''.join(CHARACTERS)!r}; got {unknown[0]!r} in {text!r}")
    return DATE_CHARACTERS.encode(text.ljust(SOURCE, UNKNOWN))


def date_parts(text: str) -> dict[str, range]:
    """Return the columns of the ``year``, the ``month`` and the ``day`` in a date of one of :data:`FORMS`.

    Raises ``ValueError`` for a text in which one of them is missing.
    """
    words = [(range(*word.span()), word.group()) for word in re.finditer("[A-Za-z]+|[0-9]+", text)]
    years = [place for place, word in words if word.isdigit() and len(word) == 4]
    numbers = [place for place, word in words if word.isdigit() and len(word) < 4]
    names = [place for place, word in words if any(word in (name, name[:3]) for name in MONTHS)]
    months = names or numbers[1:]
    if not (years and months and numbers):
        raise ValueError(f"a date has a year, a month and a day; got {text!r}")
    return {"year": years[0], "month": months[0], "day": numbers[0]}
