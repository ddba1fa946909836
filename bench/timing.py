"""Measure programs in turns, so that a change in the machine's speed meets all of them alike."""

from collections.abc import Callable, Sequence
from statistics import median, quantiles


def in_turns(tasks: dict[str, Callable[[], float]], rounds: int, warm_up: int = 1) -> dict[str, list[float]]:
    """Run every task once a round and return what each measured, without the first ``warm_up`` rounds.

    Each round starts with another task, so that none always follows the same one.
    """
    if rounds < 2 or not tasks:
        raise ValueError(f"quartiles take a task and at least two rounds; got {len(tasks)} tasks, {rounds} rounds")
    names = list(tasks)
    measured = {name: [] for name in names}
    for number in range(warm_up + rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            value = tasks[name]()
            if number >= warm_up:
                measured[name].append(value)
    return measured


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median and the quartiles."""
    lower, _, upper = quantiles(values, n=4, method="inclusive")
    return {"median": median(values), "lower": lower, "upper": upper}


def ratio(values: Sequence[float], reference: Sequence[float]) -> dict[str, float]:
    """Return median and quartiles of ``values`` by ``reference``, round by round."""
    return spread([value / other for value, other in zip(values, reference, strict=True)])
