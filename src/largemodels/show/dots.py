"""Many things compared under a few conditions: a row for each, a dot for each condition."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from largemodels.show.style import COLOURS, figure, numbers, styled

MARKS = "osD^v"  # so that conditions can be told apart without colour


@styled
def dots(names: Sequence[str], series: Mapping[str, object], xlabel: str, log: bool = False) -> Figure:
    """Draw a row for each name, the first on top, and in it a dot for each condition, joined by a line.

    Args:
        names: of the rows.
        series: condition → one number for each name; five conditions at most.
        xlabel: what the numbers are.
        log: draw the axis in steps of equal ratio.

    Raises:
        ValueError: no or more than five conditions, not one number for each name, or numbers that are not above 0 on
            an axis of ratios.
    """
    if not 1 <= len(series) <= len(MARKS):
        raise ValueError(f"1 to {len(MARKS)} conditions can be told apart; got {len(series)}")
    values = {condition: numbers(row) for condition, row in series.items()}
    for condition, row in values.items():
        if row.shape != (len(names),):
            raise ValueError(f"{len(names)} names need as many numbers; {condition!r} has shape {row.shape}")
        if log and not (row > 0).all():
            raise ValueError(f"on an axis of ratios all numbers are above 0; {condition!r} goes down to {row.min():g}")
    fig, (axes,) = figure(1, 1, 7.0, 1.0 + 0.21 * len(names))
    for place in range(len(names)):
        row = [each[place] for each in values.values()]
        axes.plot([min(row), max(row)], [place, place], color="#D1D5DB", lw=1.2, zorder=1)
    for (condition, row), colour, mark in zip(values.items(), COLOURS.values(), MARKS, strict=False):
        axes.scatter(row, range(len(names)), s=26, marker=mark, color=colour, label=condition, zorder=2)
    if log:
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(yticks=range(len(names)), yticklabels=names, xlabel=xlabel, ylim=(len(names) - 0.4, -0.6))
    axes.grid(axis="x")
    axes.tick_params(axis="y", length=0)
    axes.legend(ncols=len(series), loc="lower left", bbox_to_anchor=(0, 1))
    return fig
