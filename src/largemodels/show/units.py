"""How single units of a network answer: to kinds of input, to angles, and what their number is made of."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from largemodels.show.maps import _scale, _stack
from largemodels.show.style import COLOURS, SEQUENTIAL, figure, styled


@styled
def responses(values, rows: str, columns: Sequence[str], xlabel: str = "", each: bool = True) -> Figure:
    """Show what every map answers to every kind of input, maps sorted by the input they like best.

    Args:
        values: ``(maps, kinds)``, none negative.
        rows: what the rows are.
        columns: the kinds.
        xlabel: what the columns are.
        each: divide each row by its largest number, so that weak maps can be seen, too.

    Raises:
        ValueError: not as many columns as names, or a negative value.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 2 or values.shape[1] != len(columns) or values.min() < 0:
        raise ValueError(f"{len(columns)} kinds take values (maps, {len(columns)}), none negative; got {values.shape}")
    if each:
        values = values / np.maximum(values.max(1, keepdims=True), 1e-12)
    values = values[np.lexsort((-values.max(1), values.argmax(1)))]
    fig, (axes,) = figure(1, 1, 6.2, 3.6)
    axes.imshow(values, cmap=SEQUENTIAL, vmin=0, aspect="auto")
    axes.set(xticks=range(len(columns)), xticklabels=columns, xlabel=xlabel, yticks=[], ylabel=rows)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    label = "share of the map's largest answer" if each else "answer"
    fig.colorbar(axes.images[0], ax=axes, label=label, aspect=25, pad=0.02)
    return fig


@styled
def tuning(angles, curves, filters, names: Sequence[str], columns: int = 6) -> Figure:
    """Show how strongly filters answer to a bar at different angles, as a rosette with the filter in its middle.

    Each rosette has its own scale: its line touches the rim at the angle that the filter likes best.

    Args:
        angles: of the bar, ``(n,)``, in degrees from 0 to 180.
        curves: the answers, ``(filters, n)``, none negative.
        filters: ``(filters, p, q)``.
        names: one for each filter.
        columns: rosettes a row.
    """
    angles, curves, filters = np.radians(np.asarray(angles)), np.asarray(curves, dtype=float), _stack(filters, 3)
    if curves.shape != (len(filters), len(angles)) or len(names) != len(filters):
        raise ValueError(
            f"{len(filters)} filters and {len(angles)} angles take curves ({len(filters)}, {len(angles)}) "
            f"and as many names; got {curves.shape} and {len(names)}"
        )
    columns = min(columns, len(filters))
    rows = math.ceil(len(filters) / columns)
    each = 7.0 / columns
    fig, axes = figure(rows, columns, 7.0, rows * (each + 0.25), subplot_kw={"projection": "polar"})
    around = np.concatenate([angles, angles + np.pi, angles[:1]])
    scale = _scale(filters, signed=True)
    for place, curve, kernel, name in zip(axes, curves, filters, names, strict=False):
        curve = curve / max(curve.max(), 1e-12)
        place.plot(around, np.concatenate([curve, curve, curve[:1]]), color=COLOURS["orange"])
        place.set(xticks=[], yticks=[], title=name)
        place.set_ylim(0, 1.05)
        middle = place.inset_axes([0.4, 0.4, 0.2, 0.2])
        middle.imshow(kernel, **scale)
        middle.set(xticks=[], yticks=[])
    for place in axes[len(filters) :]:
        place.set_axis_off()
    return fig


@styled
def contributions(values, bias: float, xlabel: str = "map of the stage before") -> Figure:
    """Show how a unit's number adds up: what every map before it brings, in order, then the bias, then the sum.

    Args:
        values: what each map brings, ``(c,)``.
        bias: added at the end.
        xlabel: what the bars are.
    """
    values = np.asarray(values, dtype=float)
    steps = np.append(values, bias)
    ends = steps.cumsum()
    fig, (axes,) = figure(1, 1, 7.0, 2.6)
    colours = [COLOURS["orange" if step > 0 else "blue"] for step in steps]
    axes.bar(range(len(steps)), steps, bottom=ends - steps, color=colours, width=0.8)
    axes.bar(len(steps) + 0.5, ends[-1], color="black", width=0.9)
    axes.axhline(0, color=COLOURS["grey"], lw=0.8)
    ticks = [*range(0, len(values), 4), len(values), len(steps) + 0.5]
    axes.set(xticks=ticks, xticklabels=[*ticks[:-2], "bias", "\nsum"], xlabel=xlabel, ylabel="running sum")
    return fig
