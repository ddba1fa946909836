"""How near estimates come to what was published."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, NullLocator

from largemodels.show.style import COLOURS, figure, styled

TICKS = (0.1, 0.2, 0.5, 0.7, 1, 1.4, 2, 5, 10)
KINDS = {False: ("o", "blue", "independent"), True: ("D", "grey", "circular")}


@styled
def ratios(panels: Mapping[str, Sequence[tuple[str, float, float, bool]]], tolerance: Mapping[str, float]) -> Figure:
    """Show estimate over published, a point for each figure, on logarithmic axes; names where it misses.

    Args:
        panels: what is estimated, with its unit → (name, published, estimated, whether that is circular) of each.
        tolerance: the same → the share by which an estimate may be off; the band reaches as far below 1 as above.

    Raises:
        ValueError: no points, a number that is not above 0, or no tolerance between 0 and 1 for a panel.
    """
    for title, points in panels.items():
        if not points or any(min(published, estimated) <= 0 for _, published, estimated, _ in points):
            raise ValueError(f"{title!r} takes points with numbers above 0; got {points}")
        if not 0 < tolerance.get(title, 0) < 1:
            raise ValueError(f"{title!r} takes a tolerance between 0 and 1; got {tolerance.get(title)}")
    fig, drawn = figure(len(panels), 1, 7.0, 0.4 + 2.0 * len(panels))
    for axes, (title, points) in zip(drawn, panels.items(), strict=True):
        band = tolerance[title]
        axes.axhspan(1 - band, 1 + band, color=COLOURS["green"], alpha=0.15, lw=0)
        axes.axhline(1, color=COLOURS["grey"], lw=0.8)
        for circular, (marker, colour, label) in KINDS.items():
            found = [(published, estimated / published) for _, published, estimated, c in points if c == circular]
            fill = "none" if circular else COLOURS[colour]
            axes.plot(
                *zip(*found, strict=True) if found else ([], []),
                marker,
                ms=6,
                mfc=fill,
                mec=COLOURS[colour],
                label=label,
            )
        axes.set(xscale="log", yscale="log", title=f"{title}, within {band:.0%}", ylabel="estimated /\npublished")
        far = max(max(ratio, 1 / ratio) for ratio in (e / p for _, p, e, _ in points))
        reach = 1.25 * max(far, 1.6)
        axes.set_ylim(1 / reach, reach)
        axes.yaxis.set(major_locator=FixedLocator(TICKS), minor_locator=NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.margins(x=0.12)
        left, right = axes.get_xlim()
        for name, published, estimated, _ in points:
            if abs(estimated / published - 1) > band:
                side = (
                    {"xytext": (8, -3), "ha": "left"}
                    if published**2 < left * right
                    else {"xytext": (-8, -3), "ha": "right"}
                )
                axes.annotate(
                    name, (published, estimated / published), textcoords="offset points", color="#374151", **side
                )
    drawn[0].legend(ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    return fig
