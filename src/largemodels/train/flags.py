"""The flags of the command line, read off the dataclasses that they fill."""

import argparse
from dataclasses import fields, replace
from typing import Any

from largemodels.data import ImageData
from largemodels.device import PRECISIONS
from largemodels.train.recipe import SCHEDULES, Recipe
from largemodels.train.registry import DATA, MODELS, Entry

GIVEN_BY_DATA = ("size", "channels", "classes")
CHOICES = {"schedule": SCHEDULES, "precision": tuple(PRECISIONS)}


def make_parser() -> argparse.ArgumentParser:
    """Return the parser: one command a model, with a flag for each field of its configuration."""
    parser = argparse.ArgumentParser(
        prog="python -m largemodels.train",
        description="Train one of the book's models. `… cnn --help` lists the flags of a model.",
    )
    commands = parser.add_subparsers(dest="model", required=True, metavar="|".join(MODELS))
    for name, entry in MODELS.items():
        command = commands.add_parser(name, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        command.add_argument("--data", choices=tuple(DATA), default="digits", help="what to learn")
        command.add_argument("--epochs", type=int, default=entry.epochs, help="how often to see every example")
        command.add_argument("--batch", type=int, default=entry.batch, help="examples a step, all processes together")
        command.add_argument("--shift", type=int, default=entry.shift, help="move images by up to so many pixels")
        command.add_argument("--seed", type=int, default=0, help="decides first weights, order and augmentation")
        command.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
        command.add_argument("--shard", action="store_true", help="under torchrun: split the weights, too (FSDP2)")
        command.add_argument("--out", default=None, help="folder for weights and metrics; runs/MODEL-DATA if not given")
        command.add_argument("--checkpoint-every", type=int, metavar="STEPS", help="once an epoch if not given")
        command.add_argument("--resume", action="store_true", help="go on from the checkpoint in the folder, if any")
        _add_fields(command.add_argument_group("recipe"), entry.recipe)
        _add_fields(command.add_argument_group("model"), entry.config)
    return parser


def read_recipe(arguments: argparse.Namespace) -> Recipe:
    """Return the recipe that the flags give."""
    return Recipe(**{field.name: getattr(arguments, field.name) for field in fields(Recipe)})


def read_config(arguments: argparse.Namespace, entry: Entry, data: ImageData) -> Any:
    """Return the configuration that the flags and the data give."""
    _, channels, size, _ = data.train.images.shape
    given = {"size": size, "channels": channels, "classes": len(data.names)}
    names = [field.name for field in fields(entry.config)]
    flags = {name: getattr(arguments, name) for name in names if name not in GIVEN_BY_DATA}
    flags = {name: tuple(value) if isinstance(value, list) else value for name, value in flags.items()}
    return replace(entry.config, **flags, **{name: given[name] for name in GIVEN_BY_DATA if name in names})


def _add_fields(group, defaults: Any) -> None:
    for field in fields(defaults):
        value = getattr(defaults, field.name)
        flag = "--" + field.name.replace("_", "-")
        if field.name in GIVEN_BY_DATA:
            continue
        if isinstance(value, bool):
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=value, help=" ")
        elif isinstance(value, tuple):
            group.add_argument(flag, nargs="+", type=type(value[0]), default=value, metavar="N", help=" ")
        else:
            kind = float if value is None else type(value)  # None: no limit
            group.add_argument(flag, type=kind, default=value, choices=CHOICES.get(field.name), help=" ")
