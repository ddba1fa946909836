"""What things cost, and by how much one is cheaper than another."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from largemodels.show.style import COLOURS, figure, styled


@styled
def bars(
    names: Sequence[str], values, xlabel: str, log: bool = False, form: str = "{:,.0f}", mark: str | None = None
) -> Figure:
    """Compare numbers by the length of bars, the first on top, each with its number.

    Args:
        names: one for each bar.
        values: ``(n,)``, or ``(runs, n)`` for the mean with a line from the lowest to the highest. NaN stands for a
            run that one of them does not have.
        xlabel: what the numbers are.
        log: draw the axis in powers of ten.
        form: how a number is written.
        mark: the name of a bar to draw in another colour.

    Raises:
        ValueError: not as many values as names.
    """
    runs = np.atleast_2d(np.asarray(values, dtype=float))
    if runs.shape[1:] != (len(names),):
        raise ValueError(f"{len(names)} names need as many values per run; got shape {runs.shape}")
    mean = np.nanmean(runs, 0)
    reach = np.abs([mean - np.nanmin(runs, 0), np.nanmax(runs, 0) - mean]) if len(runs) > 1 else None
    fig, (axes,) = figure(1, 1, 7.0, 0.5 + 0.36 * len(names))
    colours = [COLOURS["orange" if name == mark else "blue"] for name in names]
    drawn = axes.barh(names, mean, xerr=reach, color=colours, error_kw={"ecolor": "black", "lw": 1.2})
    axes.bar_label(drawn, [form.format(value) for value in mean], padding=5, color="#374151")
    axes.invert_yaxis()
    axes.set(xlabel=xlabel, xscale="log" if log else "linear")
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.12)
    return fig


@styled
def shares(names: Sequence[str], columns: dict[str, Sequence[float]]) -> Figure:
    """Show what share of each total every layer takes: a strip for each total, a colour for each layer.

    Args:
        names: of the layers.
        columns: what is totalled → ``(layers,)``.
    """
    fig, (axes,) = figure(1, 1, 7.0, 0.7 + 0.5 * len(columns))
    for row, values in enumerate(columns.values()):
        values = np.asarray(values, dtype=float)
        start = 0.0
        for name, share, colour in zip(names, values / values.sum(), COLOURS.values(), strict=False):
            axes.barh(row, share, left=start, color=colour, label=name if row == 0 else None, height=0.62)
            if share > 0.07:
                axes.text(start + share / 2, row, f"{100 * share:.0f} %", ha="center", va="center", color="white")
            start += share
    axes.set(yticks=range(len(columns)), yticklabels=list(columns), xlim=(0, 1), xticks=[])
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.legend(ncols=len(names), loc="lower left", bbox_to_anchor=(0, 1), handlelength=1, columnspacing=1.2)
    return fig
