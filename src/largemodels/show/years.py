"""What is known for some years only: points over time, lines with their intervals, levels to compare with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from largemodels.show.style import COLOURS, figure, numbers, styled


@dataclass(frozen=True)
class OverYears:
    """One picture over time.

    Attributes:
        ylabel: what was measured.
        series: name → years and values, both ``(n,)``; hollow if the name stands in brackets.
        lines: name → years, line, and the lower and upper end of its interval, all ``(m,)``.
        names: year, value and text of the points that have a name.
        levels: text → value: horizontal lines to compare with.
        log: draw the vertical axis in powers of ten.
        title: of the picture.
    """

    ylabel: str
    series: Mapping[str, tuple]
    lines: Mapping[str, tuple] = field(default_factory=dict)
    names: Sequence[tuple[float, float, str]] = ()
    levels: Mapping[str, float] = field(default_factory=dict)
    log: bool = True
    title: str = ""


@styled
def over_years(*pictures: OverYears, width: float = 7.0, height: float = 3.6) -> Figure:
    """Draw one picture or more beside each other, each with its own vertical axis.

    Raises:
        ValueError: no picture, or years and values of different lengths.
    """
    if not pictures:
        raise ValueError("there is no picture to draw")
    fig, all_axes = figure(1, len(pictures), width, height)
    for axes, picture in zip(all_axes, pictures, strict=True):
        for (name, (years, values)), colour in zip(picture.series.items(), [*COLOURS.values()] * 3, strict=False):
            years, values = numbers(years), numbers(values)
            if years.shape != values.shape or years.ndim != 1:
                raise ValueError(f"{name!r} takes as many values as years; got {values.shape} and {years.shape}")
            if len(years):
                face = "white" if name.startswith("(") else colour
                axes.plot(years, values, "o", ms=4.5, color=colour, mfc=face, label=name.strip("()"), zorder=3)
        for (name, (years, line, low, high)), colour in zip(picture.lines.items(), COLOURS.values(), strict=False):
            axes.plot(numbers(years), numbers(line), color=colour, lw=1.5, label=name)
            axes.fill_between(numbers(years), numbers(low), numbers(high), color=colour, alpha=0.18, lw=0)
        for year, value, text in picture.names:
            axes.annotate(text, (year, value), (-4, 3), textcoords="offset points", ha="right", fontsize=7.5)
        if picture.log:
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(numticks=8))
            axes.yaxis.set_minor_locator(NullLocator())
        else:
            axes.set_ylim(0, 1.07 * max([axes.dataLim.y1, *picture.levels.values()]))
        if picture.names:
            axes.margins(x=0.22)
        for text, value in picture.levels.items():
            axes.axhline(value, color=COLOURS["grey"], lw=1, ls="--")
            place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
            axes.annotate(text, (0, value), (4, 3), **place, color=COLOURS["grey"], fontsize=8)
        axes.set(ylabel=picture.ylabel, title=picture.title)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(axis="y")
        if len(axes.get_legend_handles_labels()[1]) > 1:
            axes.legend(fontsize=8, loc="upper left")
    return fig
