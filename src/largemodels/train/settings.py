"""What a model is made of, in words that a file can keep: enough to tell it from others that are almost the same."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from types import BuiltinFunctionType, FunctionType
from typing import Any

import torch
from torch import nn

SETTING = (bool, int, float, complex, str, type(None), torch.dtype)
FUNCTION = (FunctionType, BuiltinFunctionType)
SHOWN = 5  # differences in a message
WRAPPERS = {
    "_orig_mod": "torch.compile",
    "module": "DataParallel or DistributedDataParallel",
    "_module": "a wrapper for per-sample gradients",
}


def describe_model(model: nn.Module) -> dict[str, Any]:
    """Return the class of a model, its configuration, its text, what its parts are set to, and its tensors.

    The text ``str(model)`` leaves much out; so every public attribute of a part counts, too, that is a number, a
    text, a function or a sequence of such.
    """
    return {
        "class": type(model).__name__,
        "config": configuration(model),
        "text": str(model),
        "parts": {
            f"{path}.{name}": value for path, part in model.named_modules() for name, value in _set(part).items()
        },
        "tensors": tensors(model),
    }


def configuration(model: nn.Module) -> dict[str, str]:
    """Return the fields of the dataclass ``model.config``, written out; empty where there is none."""
    config = getattr(model, "config", None)
    if not is_dataclass(config) or isinstance(config, type):
        return {}
    return {field.name: _written(getattr(config, field.name)) for field in fields(config)}


def tensors(model: nn.Module) -> dict[str, str]:
    """Return shape and type of every tensor of ``state_dict`` by its name, and whether it is frozen."""
    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    return {
        name: f"{tuple(x.shape)} {str(x.dtype).removeprefix('torch.')}{' frozen' * (name in frozen)}"
        for name, x in model.state_dict().items()
    }


def model_differences(there: dict[str, Any], here: dict[str, Any]) -> list[str]:
    """Say in words where two models, as :func:`describe_model` gives them, differ; the plainest reason alone."""
    if there["class"] != here["class"]:
        return [f"the model is a {there['class']} there and a {here['class']} here"]
    if found := differences(there["config"], here["config"]):
        return found
    if there["text"] != here["text"]:
        return ["the model is " + _first_difference(there["text"], here["text"])]
    # another version of torch may give a part more attributes: only those that both have are compared
    both = there["parts"].keys() & here["parts"].keys()
    parts = differences(*({name: side["parts"][name] for name in sorted(both)} for side in (there, here)))
    return parts or differences(there["tensors"], here["tensors"])


def differences(there: dict[str, str], here: dict[str, str], sides: tuple[str, str] = ("there", "here")) -> list[str]:
    """Say which values of two dictionaries differ, ``name is 2 there and 4 here``: a few, and how many more."""
    names = [name for name in {**here, **there} if there.get(name) != here.get(name)]
    found = [
        f"{name} is {there.get(name, 'absent')} {sides[0]} and {here.get(name, 'absent')} {sides[1]}" for name in names
    ]
    return found[:SHOWN] + [f"{len(found) - SHOWN} more"] * (len(found) > SHOWN)


def renamed(there: Iterable[str], here: Iterable[str]) -> str:
    """Say which wrapper put which prefix into the names, if the names of two models differ in that alone; else ``""``.

    A wrapper holds the model as a part of itself, so its tensors are called ``module.head.weight``.
    """
    there, here = ({_bare(name): name for name in names} for names in (there, here))
    if there == here or there.keys() != here.keys():
        return ""
    bare = next(name for name in here if there[name] != here[name])
    said = []
    for place, name, other in (("file", there[bare], here[bare]), ("model", here[bare], there[bare])):
        more = Counter(name.split(".")) - Counter(other.split("."))
        said += [f"in the {place} they have the prefix '{part}.' of {WRAPPERS[part]}" for part in more]
    return f"under other names: {' and '.join(said)}. Save and load the model that the wrapper holds"


def _bare(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def _set(part: nn.Module) -> dict[str, str]:
    """Return the public attributes of a part that are plain values, written out."""
    return {name: _written(x) for name, x in vars(part).items() if name[0] != "_" and name != "training" and _plain(x)}


def _plain(x: Any) -> bool:
    return all(map(_plain, x)) if isinstance(x, tuple | list) else isinstance(x, SETTING + FUNCTION)


def _written(x: Any) -> str:
    if isinstance(x, tuple | list):
        return f"({', '.join(map(_written, x))})"
    return x.__qualname__ if isinstance(x, FUNCTION) else repr(x)


def _first_difference(there: str, here: str) -> str:
    for a, b in zip(there.splitlines(), here.splitlines(), strict=False):
        if a != b:
            return f"another: {a.strip()} there and {b.strip()} here"
    return "another: one is longer"
