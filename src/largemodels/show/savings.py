"""What some ways of doing a thing save and what they cost, all on one chart."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from largemodels.show.style import COLOURS, figure, styled

MARKS = "osD^"
Interval = Sequence[float]


@styled
def savings(
    groups: Mapping[str, Mapping[str, Mapping[str, Interval]]],
    saved: Sequence[str],
    cost: str,
    labels: tuple[str, str],
    widest: float | None = None,
) -> Figure:
    """Draw a row for each way: on the left the shares that are left of what it saves, on the right what it costs.

    Args:
        groups: title → way → measure → (value, lower end, upper end); a measure may be missing.
        saved: the measures on the left, four at most, as ratios to the first way of the group.
        cost: the measure on the right, as a difference from it.
        labels: of the two axes.
        widest: where the right axis ends; what lies beyond is drawn at its edge as an arrow, with its number.

    Raises:
        ValueError: no ways, more than four measures, a ratio that is not above 0, or a value outside its interval.
    """
    rows = [(group, way, found) for group, ways in groups.items() for way, found in ways.items()]
    if not rows or not 1 <= len(saved) <= len(MARKS):
        raise ValueError(f"there must be a way, and 1 to {len(MARKS)} measures; got {len(rows)} and {len(saved)}")
    for _, way, found in rows:
        for measure, (value, low, high) in found.items():
            if not low <= value <= high or (measure in saved and low <= 0):
                raise ValueError(f"{way}: {measure} is {value:g}, its interval {low:g} to {high:g}")
    heads = list(groups)
    fig, (left, right) = figure(1, 2, 7.4, 1.1 + 0.2 * (len(rows) + len(heads)), sharey=True, width_ratios=(1.25, 1))
    places, names, place = [], [], 0
    for group, ways in groups.items():
        head = left.text(0.01, place, group, transform=left.get_yaxis_transform(), weight="bold", va="center", zorder=5)
        head.set_in_layout(False)  # it may reach over to the other axes
        place += 1
        for way in ways:
            places.append(place)
            names.append(way)
            place += 1
    for i, (measure, colour) in enumerate(zip(saved, COLOURS.values(), strict=False)):
        there = [(at, found[measure]) for at, (_, _, found) in zip(places, rows, strict=True) if measure in found]
        values = [each[0] for _, each in there]
        spans = [[v - low for v, low, _ in (e for _, e in there)], [high - v for v, _, high in (e for _, e in there)]]
        at = [at + 0.16 * (i - (len(saved) - 1) / 2) for at, _ in there]
        left.errorbar(values, at, xerr=spans, fmt=MARKS[i], ms=4, lw=1, color=colour, label=measure)
    left.axvline(1, color=COLOURS["grey"], lw=0.8, zorder=0)
    left.set_xscale("log", base=2)
    left.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    left.xaxis.set_minor_formatter(NullFormatter())
    for at, (_, _, found) in zip(places, rows, strict=True):
        if cost not in found:
            continue
        value, low, high = found[cost]
        if widest is not None and value > widest:
            right.plot(widest, at, ">", ms=5, color=COLOURS["purple"])
            right.annotate(f"{value:.2f}", (widest, at), (-7, 0), textcoords="offset points", ha="right", va="center")
        else:
            right.errorbar(
                value, at, xerr=[[value - low], [high - value]], fmt="o", ms=4, lw=1, color=COLOURS["purple"]
            )
    right.axvline(0, color=COLOURS["grey"], lw=0.8, zorder=0)
    if widest is not None:
        right.set_xlim(right=widest * 1.06)
    left.set(yticks=places, yticklabels=names, xlabel=labels[0], ylim=(place - 0.4, -0.7))
    right.set(xlabel=labels[1])
    for axes in (left, right):
        axes.grid(axis="x")
        axes.tick_params(axis="y", length=0)
    left.legend(ncols=len(saved), loc="lower left", bbox_to_anchor=(0, 1))
    return fig
