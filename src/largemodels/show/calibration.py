"""Whether a model is right as often as it says."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from largemodels.show.style import COLOURS, figure, numbers, styled


@styled
def reliability_diagram(series: Mapping[str, Sequence], low: float = 0.0) -> Figure:
    """Draw how many answers of a confidence are right, beside the diagonal where the two are equal.

    The bars are two standard errors of a share, by Wilson's formula, which holds for few answers and near 0 and 1.

    Args:
        series: name → mean confidence, share right, count, each ``(groups,)``.
        low: where the axes begin.

    Raises:
        ValueError: no series, one without these three, or a group without answers.
    """
    if not series:
        raise ValueError("there is no series to draw")
    fig, (axes,) = figure(1, 1, 4.6, 4.2)
    axes.plot([low, 1], [low, 1], color=COLOURS["grey"], lw=1, ls="--")
    for (name, groups), colour in zip(series.items(), COLOURS.values(), strict=False):
        values = [numbers(each) for each in groups]
        if len(values) != 3 or len({each.shape for each in values}) != 1 or values[0].ndim != 1:
            raise ValueError(f"{name!r} takes confidence, share right and count, each (groups,)")
        sure, right, count = values
        if (count < 1).any():
            raise ValueError(f"a group of {name!r} has no answers; leave it out")
        middle = (right + 2 / count) / (1 + 4 / count)
        reach = 2 / (1 + 4 / count) * np.sqrt(right * (1 - right) / count + 1 / count**2)
        bars = np.maximum(0, [right - middle + reach, middle + reach - right])
        axes.errorbar(sure, right, yerr=bars, fmt="o-", ms=4, lw=1.2, elinewidth=1, color=colour, label=name)
    axes.set(xlabel="how sure", ylabel="share right", xlim=(low, 1.01), ylim=(low, 1.02))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid()
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(series))
    return fig
