"""Which model to take: several that do the same task, and limits on errors, time and memory."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import inf, isfinite

import torch
from torch import Tensor, nn

from largemodels.live.view import View


@dataclass(frozen=True)
class Candidate:
    """A model that can do a task.

    Attributes:
        name: as the reader knows it.
        figures: what is to be small: errors, time, memory, in the order of the task's measures.
        error: what may be added to and taken from the first figure: two standard errors, or 0 where it is not known.
            Never below 0.
        note: what else counts.
    """

    name: str
    figures: tuple[float, ...]
    error: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class Task:
    """A task, what is measured of those that do it, as (label, unit), in two ways or more, and two models or more.

    All figures are above zero, and smaller is better: errors and not right answers.

    Raises:
        ValueError: fewer than two measures, fewer than two models, two of one name, or figures that are not as said.
    """

    name: str
    measures: tuple[tuple[str, str], ...]
    models: tuple[Candidate, ...]

    def __post_init__(self):
        names = [model.name for model in self.models]
        if len(names) < 2 or len(set(names)) < len(names) or len(self.measures) < 2:
            raise ValueError(
                f"a task needs at least two measures, to be plotted against each other, and at least two models, "
                f"each with a name of its own; got {self.measures} and {names}"
            )
        for model in self.models:
            if len(model.figures) != len(self.measures) or not all(isfinite(x) and x > 0 for x in model.figures):
                raise ValueError(f"{model.name} needs {len(self.measures)} figures above 0; got {model.figures}")
            if not 0 <= model.error < inf:
                raise ValueError(f"{model.name} has an error of {model.error}; it must be 0 or more")

    def figures(self) -> Tensor:
        """Return the figures of all models, ``(n, measures)``."""
        return torch.tensor([model.figures for model in self.models])


class Choose(nn.Module):
    """Which models keep within limits, which is the best of them, and which another beats: for a `ModelChooser`."""

    def forward(self, figures: Tensor, limits: Tensor) -> dict[str, Tensor]:
        """Take ``figures`` ``(n, m)``, of which small ones are good, and ``limits`` ``(m,)``, each the most allowed.

        Returns:
            ``over``: each figure as a multiple of its limit, ``(n, m)``; ``fits``: 1 where none is above 1, else 0;
            ``best``: 1 for those that fit with the smallest first figure; ``beaten``: by which model a model is
            beaten, counted from 1: one that is at least as good in everything and better in something; 0 if there is
            none; the last three ``(n,)``.

        Raises:
            ValueError: shapes that do not fit, or a number that is not above 0.
        """
        if not torch.compiler.is_compiling():
            if figures.ndim != 2 or limits.shape != figures.shape[1:]:
                raise ValueError(
                    f"it takes figures (n, m) and limits (m,); got {tuple(figures.shape)} and {tuple(limits.shape)}"
                )
            if not ((figures > 0).all() and (limits > 0).all()):
                raise ValueError("figures and limits must be above 0")
        over = figures / limits
        fits = (over <= 1).all(1).float()
        first = torch.where(fits > 0, figures[:, 0], torch.inf)
        best = fits * (first <= first.min()).float()
        as_good = (figures[None] <= figures[:, None]).all(2)  # (n, n): is the second at least as good as the first?
        better = (figures[None] < figures[:, None]).any(2)
        wins = (as_good & better).float()
        beaten = torch.where(wins.amax(1) > 0, wins.argmax(1).float() + 1, 0.0)
        return {"over": over, "fits": fits, "best": best, "beaten": beaten}


class ModelChooser(View):
    """Models for a task, with a limit for each measure; it names the best that keeps within all of them.

    Bind it to :class:`Choose`, with what it has prepared; ``n`` may change, where tasks have more or fewer models::

        view = ModelChooser(tasks)
        live(view, Choose(), view.start(), dynamic={"figures": {0: "n"}})

    Raises:
        ValueError: no task, tasks with different numbers of measures, or two with the same figures, which a page
            could not tell apart.
    """

    def __init__(self, tasks: Sequence[Task], **traits):
        if len({len(task.measures) for task in tasks}) != 1:
            raise ValueError(f"give at least one task, all with equally many measures; got {len(tasks)}")
        if len({tuple(model.figures for model in task.models) for task in tasks}) < len(tasks):
            raise ValueError("two tasks have the same figures, so a page cannot tell which is chosen")
        self._tasks = tuple(tasks)
        super().__init__(settings={"tasks": [asdict(task) for task in tasks]}, **traits)

    def start(self) -> dict[str, Tensor]:
        """Return the inputs to begin with: the first task, with limits that all of its models keep."""
        figures = self._tasks[0].figures()
        return {"figures": figures, "limits": figures.amax(0)}
