"""The flags of the command line, read off the dataclasses that they fill."""

import argparse
from dataclasses import fields, replace
from typing import Any

from largemodels.device import PRECISIONS
from largemodels.train.recipe import OPTIMIZERS, SCHEDULES, Recipe
from largemodels.train.registry import MODELS, Entry
from largemodels.train.tasks import Task

CHOICES = {"schedule": SCHEDULES, "precision": tuple(PRECISIONS), "optimizer": OPTIMIZERS}
HELP = {
    "epochs": "how often to see every example",
    "steps": "how many batches to learn from",
    "batch": "examples per step, all processes together",
    "shift": "move images by up to so many pixels",
    "context": "characters per passage to learn from",
    "measure_every": "steps from one measurement to the next",
}


def make_parser() -> argparse.ArgumentParser:
    """Return the parser: one command for each model, with a flag for each field of its configuration."""
    parser = argparse.ArgumentParser(
        prog="python -m largemodels.train",
        description="Train one of the book's models. `… cnn --help` lists the flags of a model.",
    )
    commands = parser.add_subparsers(dest="model", required=True, metavar="|".join(MODELS))
    for name, entry in MODELS.items():
        command = commands.add_parser(name, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        command.add_argument("--data", choices=entry.task.data, default=entry.task.data[0], help="what to learn")
        _add_fields(command, entry.task)
        command.add_argument("--seed", type=int, default=0, help="decides first weights, order and augmentation")
        command.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
        command.add_argument("--shard", action="store_true", help="under torchrun: split the weights, too (FSDP2)")
        command.add_argument("--out", default=None, help="folder for weights and metrics; runs/MODEL-DATA if not given")
        command.add_argument("--checkpoint-every", type=int, metavar="STEPS", help="at every measurement if not given")
        command.add_argument("--resume", action="store_true", help="go on from the checkpoint in the folder, if any")
        _add_fields(command.add_argument_group("recipe"), entry.recipe)
        _add_fields(command.add_argument_group("model"), entry.config, leave_out=entry.task.gives)
    return parser


def read_task(arguments: argparse.Namespace, entry: Entry) -> Task:
    """Return what to learn, as the flags say."""
    return replace(entry.task, **_values(arguments, entry.task))


def read_recipe(arguments: argparse.Namespace) -> Recipe:
    """Return the recipe that the flags give."""
    return Recipe(**_values(arguments, Recipe()))


def read_config(arguments: argparse.Namespace, entry: Entry, data: Any) -> Any:
    """Return the configuration that the flags and the data give."""
    names = {field.name for field in fields(entry.config)}
    given = {name: value for name, value in read_task(arguments, entry).given(data).items() if name in names}
    return replace(entry.config, **{**_values(arguments, entry.config), **given})


def _values(arguments: argparse.Namespace, defaults: Any) -> dict[str, Any]:
    """Return the values that flags give to the fields of a dataclass."""
    values = {field.name: getattr(arguments, field.name) for field in fields(defaults) if field.name in arguments}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _add_fields(group, defaults: Any, leave_out: tuple[str, ...] = ()) -> None:
    for field in fields(defaults):
        value = getattr(defaults, field.name)
        flag = "--" + field.name.replace("_", "-")
        about = HELP.get(field.name, " ")
        if field.name in leave_out:
            continue
        if isinstance(value, bool):
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=value, help=about)
        elif isinstance(value, tuple):
            group.add_argument(flag, nargs="+", type=type(value[0]), default=value, metavar="N", help=about)
        else:
            kind = float if value is None else type(value)  # None: no limit
            group.add_argument(flag, type=kind, default=value, choices=CHOICES.get(field.name), help=about)
