"""Systems that learn, from 1957 to 2026: how large they were, and how we know."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from pathlib import Path

FILE = Path(__file__).with_name("systems.json")
DOMAINS = ("vision", "language", "speech", "games", "science", "multimodal")
QUANTITIES = {  # what is known of a system, and the units that it may have
    "parameters": ("parameters",),
    "compute": ("operations",),
    "data": ("words", "tokens", "images", "hours", "examples", "positions", "games"),
}
HOW = {
    "reported": "given by its makers",
    "computed": "worked out from sizes that its makers give",
    "estimated": "worked out with a guess at something that they do not give",
}


@dataclass(frozen=True)
class Figure:
    """A number with its source.

    Attributes:
        value: above zero.
        unit: one of those of the quantity in ``QUANTITIES``.
        how: one of ``HOW``.
        by: who worked it out; empty if the makers report it.
        working: how it was worked out, as far as that is known.
        source: the key of what it was taken from, in ``references.bib``.
        place: where it stands there.
        text: the source for a reader: authors and year.
        link: its address.
    """

    value: float
    unit: str
    how: str
    by: str
    working: str
    source: str
    place: str
    text: str
    link: str


@dataclass(frozen=True)
class System:
    """A system that learned, with a figure for its parameters, its training compute and its data, or none.

    Attributes:
        name: different for all systems.
        date: when it was made public.
        organisation: where it was made.
        domain: one of ``DOMAINS``.
        paper: the key of what describes it, in ``references.bib``.
        parameters: all of them, also those that a token does not use.
        compute: operations of the whole training run, additions and multiplications apart.
        data: what there was to learn from, each example counted once.
        missing: quantity → why there is no figure.
        others: further figures for the training compute, by others or of another year.
    """

    name: str
    date: date
    organisation: str
    domain: str
    paper: str
    parameters: Figure | None
    compute: Figure | None
    data: Figure | None
    missing: Mapping[str, str] = field(hash=False)
    others: tuple[Figure, ...] = ()

    @property
    def year(self) -> float:
        """When it was made public, in years: 1958.0 is the first of January 1958."""
        start = date(self.date.year, 1, 1)
        return self.date.year + (self.date - start).days / (date(self.date.year + 1, 1, 1) - start).days


def systems(path: Path = FILE) -> list[System]:
    """Return the systems, oldest first.

    Raises ``ValueError`` with the name of the system for what is not as it must be: a date, a domain, a figure.
    """
    kept = json.loads(path.read_text(encoding="utf-8"))
    found = [_system(entry, kept["sources"]) for entry in kept["systems"]]
    for before, after in pairwise(found):
        if after.date < before.date:
            raise ValueError(f"the oldest system stands first; {after.name} stands after {before.name}")
    if len({system.name for system in found}) < len(found):
        raise ValueError("two systems have the same name")
    return found


def _system(entry: dict, sources: dict) -> System:
    name = entry.get("name", "a system without a name")
    try:
        kinds = {"name", "date", "organisation", "domain", "paper", *QUANTITIES}
        if not kinds <= set(entry) <= kinds | {"others"}:
            raise ValueError(f"it takes {', '.join(sorted(kinds))} and perhaps others; got {', '.join(sorted(entry))}")
        if entry["domain"] not in DOMAINS:
            raise ValueError(f"its domain must be one of {', '.join(DOMAINS)}; got {entry['domain']!r}")
        if entry["paper"] not in sources:
            raise ValueError(f"its paper {entry['paper']!r} is not among the sources")
        figures = {quantity: _figure(quantity, entry[quantity], sources) for quantity in QUANTITIES}
        return System(
            name,
            date.fromisoformat(entry["date"]),
            entry["organisation"],
            entry["domain"],
            entry["paper"],
            **figures,
            missing={quantity: entry[quantity] for quantity, figure in figures.items() if figure is None},
            others=tuple(_figure("compute", other, sources) for other in entry.get("others", ())),
        )
    except (ValueError, KeyError) as problem:
        raise ValueError(f"{name}: {problem}") from problem


def _figure(quantity: str, entry: dict | str, sources: dict) -> Figure | None:
    """Return the figure, or nothing where the entry says in words why there is none."""
    if isinstance(entry, str):
        if not entry.strip():
            raise ValueError(f"say why there is no figure for its {quantity}")
        return None
    value, units = entry["value"], QUANTITIES[quantity]
    unit = entry.get("unit", units[0])
    if not (isinstance(value, int | float) and math.isfinite(value) and value > 0):
        raise ValueError(f"its {quantity} must be a number above 0; got {value!r}")
    if unit not in units:
        raise ValueError(f"the unit of its {quantity} must be one of {', '.join(units)}; got {unit!r}")
    if entry["how"] not in HOW:
        raise ValueError(f"how its {quantity} is known must be one of {', '.join(HOW)}; got {entry['how']!r}")
    if (entry["how"] == "reported") == bool(entry.get("by")):
        raise ValueError(f"its {quantity} is {entry['how']}: only what others worked out has a by")
    if entry["source"] not in sources or not entry["place"]:
        raise ValueError(f"its {quantity} needs a source among the sources, and a place in it")
    source = sources[entry["source"]]
    return Figure(
        float(value),
        unit,
        entry["how"],
        entry.get("by", ""),
        entry.get("working", ""),
        entry["source"],
        entry["place"],
        source["text"],
        source["link"],
    )
