"""Figures that were measured on a sample, each with its interval."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from largemodels.show.style import COLOURS, figure, numbers, styled


@styled
def intervals(names: Sequence[str], series: dict[str, object], xlabel: str, percent: bool = False) -> Figure:
    """Compare what was measured under some conditions, each as a point with its interval, one row for each name.

    Args:
        names: of the rows, the first on top.
        series: condition → ``(n, 3)``: value, lower end, upper end; NaN where nothing was measured.
        xlabel: what was measured.
        percent: label the axis in per cent.

    Raises:
        ValueError: not three numbers for each name, or a value outside its interval.
    """
    fig, (axes,) = figure(1, 1, 7.0, 0.9 + (0.14 + 0.16 * len(series)) * len(names))
    for i, ((condition, values), colour) in enumerate(zip(series.items(), COLOURS.values(), strict=False)):
        values = numbers(values)
        if values.shape != (len(names), 3):
            raise ValueError(f"{len(names)} names take values ({len(names)}, 3); {condition} has {values.shape}")
        value, low, high = values.T
        if (low > value).any() or (value > high).any():
            raise ValueError(f"a value of {condition} lies outside its interval")
        rows = np.arange(len(names)) + 0.22 * (i - (len(series) - 1) / 2)
        axes.errorbar(value, rows, xerr=[value - low, high - value], fmt="o", ms=5, color=colour, label=condition)
    axes.set(yticks=range(len(names)), yticklabels=names, xlabel=xlabel)
    if percent:
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.invert_yaxis()
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.legend(ncols=len(series), loc="lower left", bbox_to_anchor=(0, 1))
    return fig
