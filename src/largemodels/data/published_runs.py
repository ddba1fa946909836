"""Training runs as published: every figure with the place where it stands, and how its source came by it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path
from types import MappingProxyType

FILE = Path(__file__).with_name("published_runs.json")

# kind of figure → its unit
UNITS = {
    "parameters": "",
    "active": "",
    "tokens": "tokens",
    "context": "tokens",
    "compute": "FLOP",
    "per_token": "FLOP/token",
    "chips": "chips",
    "chip_hours": "h",
    "throughput": "tokens/s",
    "mfu": "",
    "hfu": "",
    "watts": "W",
    "pue": "",
    "energy": "MWh",
    "carbon": "kg/kWh",
    "co2": "t",
    "price": "$",
}
MEASURED, REPORTED = "measured", "reported"
COMPUTED, ASSUMED = "computed by its source", "assumed by its source"
SECOND = "second source"


@dataclass(frozen=True)
class PublishedFigure:
    """One published number.

    Attributes:
        value: as printed, in ``unit``; shares, such as of MFU, from 0 to 1.
        unit: one of :data:`UNITS`.
        source: key in ``references.bib`` of who published it.
        place: where it stands there: page, section or table.
        how: whether its source measured it, reports it without saying, computed it, or assumed it.
        formula: from what it was computed, where the source says.
        via: where it was read, if not at the source: a key in ``references.bib``, or ``second source`` for a
            quotation without a name worth citing. Empty if it was read at the source.
        circular: whether its source computed it by the formula of an estimate, so that the estimate, agreeing with
            it, confirms nothing.
        scope: of energy alone: ``chips``, or ``building`` with cooling and losses, as the PUE has them.

    Raises ``ValueError`` for a figure that is not positive or says too little; it tells what is missing.
    """

    value: float
    unit: str
    source: str
    place: str
    how: str
    formula: str = ""
    via: str = ""
    circular: bool = False
    scope: str = ""

    def __post_init__(self):
        if type(self.value) not in (int, float) or not (isfinite(self.value) and self.value > 0):
            raise ValueError(f"a figure is a positive number; got {self.value!r} from {self.source}")
        if not (self.source and self.place):
            raise ValueError(f"{self.value!r} says neither where it was published nor on which page: {self}")
        if self.unit not in UNITS.values():
            raise ValueError(f"{self.unit!r} is no unit of a figure; choose one of {sorted(set(UNITS.values()))}")
        if self.how not in (MEASURED, REPORTED, COMPUTED, ASSUMED):
            raise ValueError(f"a figure is {MEASURED}, {REPORTED}, {COMPUTED} or {ASSUMED}; got {self.how!r}")
        if self.circular and not self.formula:
            raise ValueError(f"a figure is circular by a formula; {self.value!r} from {self.source} names none")
        if (self.scope in ("chips", "building")) != (self.unit == "MWh"):
            raise ValueError(f"energy, and nothing else, is that of chips or of a building; got {self.scope!r}")


@dataclass(frozen=True)
class PublishedRun:
    """A training run as published. Figures that are not known are empty; where sources disagree, all stand there.

    Attributes:
        key, name, date, organisation: of the run; the date is that of its publication, ``2020-05``.
        chip: what it ran on, a name of :data:`largemodels.estimate.CHIPS` where that has it; empty if not known.
        note: what to know about the figures.
        settings: sizes of the model, in the words of a ``config.json``; ``None`` if they are not public.
        parameters, active: numbers of the model, and those that one token passes, of a mixture of experts.
        tokens, context: read in training, and in one text.
        compute, per_token: operations of the run, and of one token, forward and backward.
        chips, chip_hours: at work, and for how long together. TPUs count as chips, not cores.
        throughput: tokens per second and chip.
        mfu, hfu: shares of the dense peak, without and with what is computed twice.
        watts, pue: power of one chip with what belongs to it, and the factor of the building.
        energy, carbon, co2, price: of the run; the carbon intensity is that of the electricity.
    """

    key: str
    name: str
    date: str
    organisation: str
    chip: str
    note: str
    settings: Mapping | None
    parameters: tuple[PublishedFigure, ...] = ()
    active: tuple[PublishedFigure, ...] = ()
    tokens: tuple[PublishedFigure, ...] = ()
    context: tuple[PublishedFigure, ...] = ()
    compute: tuple[PublishedFigure, ...] = ()
    per_token: tuple[PublishedFigure, ...] = ()
    chips: tuple[PublishedFigure, ...] = ()
    chip_hours: tuple[PublishedFigure, ...] = ()
    throughput: tuple[PublishedFigure, ...] = ()
    mfu: tuple[PublishedFigure, ...] = ()
    hfu: tuple[PublishedFigure, ...] = ()
    watts: tuple[PublishedFigure, ...] = ()
    pue: tuple[PublishedFigure, ...] = ()
    energy: tuple[PublishedFigure, ...] = ()
    carbon: tuple[PublishedFigure, ...] = ()
    co2: tuple[PublishedFigure, ...] = ()
    price: tuple[PublishedFigure, ...] = ()

    def figures(self) -> dict[str, tuple[PublishedFigure, ...]]:
        """Return kind → figures, for those kinds that are known."""
        return {kind: found for kind in UNITS if (found := getattr(self, kind))}


def _kept() -> dict:
    return json.loads(FILE.read_text(encoding="utf-8"))


@cache
def _read() -> dict[str, PublishedRun]:
    runs = {}
    for entry in _kept()["runs"]:
        figures = entry.pop("figures")
        if unknown := set(figures) - set(UNITS):
            raise ValueError(f"{entry['key']} has figures of unknown kinds: {', '.join(sorted(unknown))}")
        found = {kind: tuple(PublishedFigure(**figure) for figure in given) for kind, given in figures.items()}
        for kind, given in found.items():
            if any(figure.unit != UNITS[kind] for figure in given):
                raise ValueError(
                    f"{kind} of {entry['key']} is in {UNITS[kind] or 'plain numbers'}, not in another unit"
                )
        if entry["key"] in runs:
            raise ValueError(f"{entry['key']} stands twice in {FILE.name}")
        if entry["settings"] is not None:
            entry["settings"] = MappingProxyType(entry["settings"])  # all who ask get the same run
        runs[entry["key"]] = PublishedRun(**entry, **found)
    return runs


def published_runs() -> list[PublishedRun]:
    """Return the published training runs of ``published_runs.json``, one for each model."""
    return list(_read().values())


def published_sources() -> dict[str, tuple[str, str]]:
    """Return key → (authors and year, address) of every source of :func:`published_runs`, as in ``references.bib``."""
    return {key: (source["text"], source["link"]) for key, source in _kept()["sources"].items()}
