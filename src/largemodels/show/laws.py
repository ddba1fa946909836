"""Laws over many powers of ten: what was measured, the lines that were fitted, and how far they can be trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from matplotlib.figure import Figure

from largemodels.show.style import COLOURS, figure, numbers, styled

PALETTE = [*COLOURS.values()] * 3


@dataclass(frozen=True)
class OnLogs:
    """One picture with a horizontal axis in powers of ten.

    Attributes:
        xlabel: what the horizontal axis counts.
        ylabel: what the vertical one counts.
        points: name → x and y, both ``(n,)``; hollow if the name stands in brackets.
        lines: name → x and y, both ``(m,)``, or x, y and the lower and upper end of an interval. A line has the colour
            of the points of its name, and is dashed if its name stands in brackets.
        names: x, y and text of what has a name of its own.
        log: draw the vertical axis in powers of ten as well.
        title: of the picture.
    """

    xlabel: str
    ylabel: str
    points: Mapping[str, tuple] = field(default_factory=dict)
    lines: Mapping[str, tuple] = field(default_factory=dict)
    names: Sequence[tuple[float, float, str]] = ()
    log: bool = False
    title: str = ""


@styled
def on_logs(*pictures: OnLogs, width: float = 7.4, height: float = 3.6) -> Figure:
    """Draw one picture or more beside each other.

    Raises:
        ValueError: no picture, one with nothing in it, or x and y of different lengths.
    """
    if not pictures:
        raise ValueError("there is no picture to draw")
    fig, all_axes = figure(1, len(pictures), width, height)
    for axes, picture in zip(all_axes, pictures, strict=True):
        names = dict.fromkeys(_plain(name) for name in (*picture.points, *picture.lines))
        if not names:
            raise ValueError("a picture takes points or lines; it has neither")
        colours = dict(zip(names, PALETTE, strict=False))
        for name, values in picture.lines.items():
            x, y, *ends = _checked(name, values)
            plain = _plain(name)
            style = {"color": colours[plain], "ls": "--" if name.startswith("(") else "-"}
            axes.plot(x, y, lw=1.5, label=None if plain in map(_plain, picture.points) else plain, **style)
            if ends:
                axes.fill_between(x, *ends, color=colours[plain], alpha=0.18, lw=0)
        for name, values in picture.points.items():
            x, y = _checked(name, values)
            colour = colours[_plain(name)]
            face = "white" if name.startswith("(") else colour
            axes.plot(x, y, "o", ms=5, color=colour, mfc=face, label=_plain(name), zorder=3)
        for x, y, text in picture.names:
            axes.plot([x], [y], "D", ms=5, color=COLOURS["grey"], zorder=4)
            axes.annotate(text, (x, y), (6, -9), textcoords="offset points", fontsize=8)
        axes.set_xscale("log")
        if picture.log:
            axes.set_yscale("log")
        axes.set(xlabel=picture.xlabel, ylabel=picture.ylabel, title=picture.title)
        axes.grid(axis="y")
        axes.legend(fontsize=8)
    return fig


def _plain(name: str) -> str:
    return name.strip("()")


def _checked(name: str, values) -> list:
    arrays = [numbers(each) for each in values]
    if any(each.shape != arrays[0].shape for each in arrays) or arrays[0].ndim != 1:
        raise ValueError(f"{name!r} takes as many y as x; got {[each.shape for each in arrays]}")
    return arrays
