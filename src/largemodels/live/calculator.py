"""A calculator of anything: named numbers go in, named numbers come out, and published ones stand beside them."""

import re
from collections.abc import Mapping, Sequence
from math import isfinite
from numbers import Real
from typing import ClassVar, Protocol
from urllib.parse import urlsplit

import torch
from torch import Tensor, nn

from largemodels.live.view import View

PRESET = {"source", "published"}  # what a preset holds beside its numbers


class Quantity(Protocol):
    """What a calculator has to know of a number; ``largemodels.estimate.Quantity`` is one."""

    name: str
    label: str
    unit: str
    low: float
    high: float
    whole: bool


class Calculator(View):
    """Fields and sliders for the numbers that a formula takes, and beside them what it gives.

    Bind it to a module from tensors ``(1,)`` to a dictionary of tensors ``(1,)``, or ``(2,)`` from low to high::

        formula = TrainingRun()
        view = Calculator("training", formula.takes, formula.gives, presets=runs, choices={"Chip": chips})
        live(view, formula, view.start({"parameters": 405.9e9, …}))

    The reader's numbers stand in the address of the page, so that they can be sent: see ``kit/address.js``.

    Args:
        key: the name in the address: a letter, then letters and digits, in lower case, that no other widget of the
            page has.
        takes: the quantities that go in, in the order of the module's arguments. A plain number (no unit) from 0 to 1
            is a share, and is read and written in per cent.
        gives: those that come out. ``x_low`` and ``x_high`` are shown as the range of ``x``.
        presets: name → numbers by name, or an option by the name of a choice; what is not named is as at the start.
            ``"source"`` is a link, or a text and a link, and ``"published"`` has published results by name.
        choices: name → option → numbers, all options of a choice for the same quantities.
        formulas: name of a result → how it is computed, in a line.
        title: what a screen reader calls the calculator.

    Raises:
        ValueError: a key or name of another form, a name that is there twice or not at all, limits that are no limits,
            a number out of them, or a source that is no link.
    """

    parts: ClassVar[tuple[str, ...]] = (
        "calculator/read",
        "calculator/write",
        "calculator/steps",
        "calculator/field",
        "calculator/choosing",
        "calculator/results",
    )

    def __init__(
        self,
        key: str,
        takes: Sequence[Quantity],
        gives: Sequence[Quantity],
        presets: Mapping[str, Mapping] | None = None,
        choices: Mapping[str, Mapping[str, Mapping[str, float]]] | None = None,
        formulas: Mapping[str, str] | None = None,
        title: str = "",
        **traits,
    ):
        if not re.fullmatch("[a-z][a-z0-9]*", key):
            raise ValueError(f"a key is a letter, then letters and digits, in lower case; got {key!r}")
        self._takes, self._gives = {each.name: each for each in takes}, {each.name: each for each in gives}
        _check_quantities(takes, gives)
        for name in formulas or {}:
            self._check_name(name, self._gives, "a formula")
        settings = {
            "key": key,
            "title": title or f"Calculator: {key}",
            "takes": [_plain(each) for each in takes],
            "gives": [_plain(each) | {"formula": (formulas or {}).get(each.name, "")} for each in gives],
            "groups": [self._choice(name, options) for name, options in (choices or {}).items()],
            "presets": [self._preset(name, choices or {}, preset) for name, preset in (presets or {}).items()],
        }
        super().__init__(settings=settings, **traits)

    def start(self, numbers: Mapping[str, float]) -> dict[str, Tensor]:
        """Return the inputs to begin with, from a number for each quantity. Raises ``ValueError`` for others."""
        if set(numbers) != set(self._takes):
            raise ValueError(f"it takes {', '.join(self._takes)}; got {', '.join(numbers) or 'nothing'}")
        return {name: torch.tensor([self._checked(name, numbers[name], "the start")]) for name in self._takes}

    def bind(self, function: nn.Module, example: dict[str, Tensor], dynamic=None) -> "Calculator":
        """Let ``function`` answer from now on, beginning with ``example``, which is where Reset leads."""
        if tuple(example) != tuple(self._takes) or any(each.shape != (1,) for each in example.values()):
            got = ", ".join(f"{name} {tuple(each.shape)}" for name, each in example.items()) or "nothing"
            raise ValueError(f"it takes {', '.join(self._takes)}, in this order, each (1,); got {got}")
        decimal = {name: float(str(each.numpy().astype("float32")[0])) for name, each in example.items()}  # 0.1 is 0.1
        start = self._numbers(decimal, "the start")
        presets = [each | {"values": start | each["values"]} for each in self.settings["presets"]]
        super().bind(function, example, dynamic)
        if missing := set(self._gives) ^ set(self.outputs):
            raise ValueError(
                f"the function gives {', '.join(self.outputs)}; named were {', '.join(self._gives)}: {missing}"
            )
        self.settings = self.settings | {"start": start, "presets": presets}
        return self

    def _choice(self, name: str, options: Mapping[str, Mapping[str, float]]) -> dict:
        if not options or len({frozenset(values) for values in options.values()}) != 1:
            raise ValueError(f"each option of {name!r} must set the same quantities, at least one")
        checked = [{"name": option, "values": self._numbers(values, option)} for option, values in options.items()]
        return {"name": name, "options": checked}

    def _preset(self, name: str, choices: Mapping[str, Mapping], preset: Mapping) -> dict:
        """Check a preset, and put the numbers of the options that it names in their place."""
        given = {key: value for key, value in preset.items() if key not in PRESET}
        values = {}
        for choice in (each for each in choices if each in given):  # in their order: the last one has the word
            if given[choice] not in choices[choice]:
                raise ValueError(f"{name!r} has {choice} {given[choice]!r}; choose one of {', '.join(choices[choice])}")
            values |= choices[choice][given.pop(choice)]
        source = preset.get("source", "")
        text, link = source if isinstance(source, tuple) else (urlsplit(source).netloc or source, source)
        if link and urlsplit(link).scheme not in ("http", "https"):
            raise ValueError(f"the source of {name!r} is a link, or a text and a link; got {source!r}")
        published = dict(preset.get("published", {}))
        for result, number in published.items():
            self._check_name(result, self._gives, name)
            if not (isinstance(number, Real) and isfinite(number) and number > 0):
                raise ValueError(f"{name!r} has {result} published as {number}; it has to be above 0")
        numbers = self._numbers(values | given, name)
        return {"name": name, "values": numbers, "source": text, "link": link, "published": published}

    def _numbers(self, values: Mapping[str, float], where: str) -> dict[str, float]:
        return {name: self._checked(name, value, where) for name, value in values.items()}

    def _checked(self, name: str, number: float, where: str) -> float:
        """Return a number that is allowed for a quantity; ``where`` it stands goes into the complaint."""
        self._check_name(name, self._takes, where)
        one = self._takes[name]
        number = float(number)
        if not one.low <= number <= one.high or (one.whole and number != round(number)):
            kind = "a whole number " if one.whole else ""
            raise ValueError(f"{where}: {name} takes {kind}from {one.low:g} to {one.high:g}; got {number:g}")
        return number

    @staticmethod
    def _check_name(name: str, known: Mapping, where: str) -> None:
        if name not in known:
            raise ValueError(f"{where} names {name!r}; there are {', '.join(known)}")


def _plain(quantity: Quantity) -> dict:
    """Return a quantity as a page can hold it, which knows no infinity."""
    limits = {name: getattr(quantity, name) for name in ("low", "high") if isfinite(getattr(quantity, name))}
    return {name: getattr(quantity, name) for name in ("name", "label", "unit", "whole")} | limits


def _check_quantities(takes: Sequence[Quantity], gives: Sequence[Quantity]) -> None:
    names = [each.name for each in (*takes, *gives)]
    if not takes or not gives or len(set(names)) < len(names):
        raise ValueError(f"give at least one input and one output, each with a name of its own; got {', '.join(names)}")
    if wrong := [name for name in names if not re.fullmatch("[a-z][a-z0-9_]*", name)]:
        raise ValueError(f"a name is a letter, then letters, digits and _, in lower case; got {', '.join(wrong)}")
    for each in takes:
        if not (isfinite(each.low) and isfinite(each.high) and each.low < each.high):
            raise ValueError(f"{each.name} has to lie between two numbers; got {each.low} and {each.high}")
