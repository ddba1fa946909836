"""What was measured at several points, with the spread over several runs."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from largemodels.show.style import COLOURS, figure, styled


@styled
def curves(
    x: Sequence[float],
    series: Mapping[str, object],
    xlabel: str,
    ylabel: str,
    title: str = "",
    percent: bool = False,
    log: bool = False,
    width: float = 7.0,
    height: float = 3.2,
) -> Figure:
    """Draw one line for each series, labelled at its end; over several runs, their mean and their whole range.

    Args:
        x: the points, ``(n,)``.
        series: name → ``(n,)``, or ``(runs, n)`` for a line with a band from the lowest to the highest.
        xlabel: what ``x`` counts.
        ylabel: what was measured.
        title: of the figure.
        percent: the series are shares from 0 to 1.
        log: draw the vertical axis in powers of ten.
        width: of the figure, in inches.
        height: of the figure, in inches.

    Raises:
        ValueError: no series, or one that does not have as many points as ``x``.
    """
    if not series:
        raise ValueError("there is no series to draw")
    fig, (axes,) = figure(1, 1, width, height)
    ends = []
    for (name, values), colour in zip(series.items(), [*COLOURS.values()] * 3, strict=False):
        runs = np.atleast_2d(np.asarray(values, dtype=float))
        if runs.ndim != 2 or runs.shape[1] != len(x):
            raise ValueError(f"{name!r} takes {len(x)} points per run; got shape {runs.shape}")
        mean = runs.mean(0)
        axes.plot(x, mean, color=colour, label=name)
        if len(runs) > 1:
            axes.fill_between(x, runs.min(0), runs.max(0), color=colour, alpha=0.2, lw=0)
        ends.append((mean[-1], name, colour))
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title, xlim=(min(x), max(x)))
    axes.grid(axis="y")
    if log:
        axes.set_yscale("log")
    if percent:
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
    if len(series) > 1:
        label_ends(axes, ends)
    return fig


def label_ends(axes, ends: list[tuple[float, str, str]]) -> None:
    """Write each name beside the end of its line, pushed apart where lines end close together."""
    to_share = axes.transData + axes.transAxes.inverted()
    ends = sorted(ends)
    places = [to_share.transform((axes.get_xlim()[0], value))[1] for value, _, _ in ends]
    gap = 0.18 / axes.figure.get_figheight()
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + gap)
    for place, (_, name, colour) in zip(places, ends, strict=True):
        axes.text(1.015, place, name, color=colour, transform=axes.transAxes, va="center")
