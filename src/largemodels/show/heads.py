"""Heads of attention: all their maps at a glance, scores in a table, where one character looks, and named points."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator

from largemodels.show.style import COLOURS, SEQUENTIAL, figure, numbers, styled

INK = "#374151"
LONGEST = 64  # characters of a text that fit side by side
LATER = "#D1D5DB"  # what a head may not see


@styled
def head_sheet(weights, framed: Mapping[tuple[int, int], str] | None = None) -> Figure:
    """Show what every head of every layer looks at: a row of maps for each layer, from black (0) to bright (1).

    A map is named layer.head, both counted from 1. In it a row is a character that looks, a column one that is looked
    at. Colours go by the square root, so that small weights can be told apart; what comes later is grey.

    Args:
        weights: ``(layers, h, t, t)``.
        framed: maps to draw a frame around: (layer, head), from 0 → its colour's name.

    Raises:
        ValueError: no weights of four axes, or the last two of different length.
    """
    weights = numbers(weights)
    if weights.ndim != 4 or 0 in weights.shape or weights.shape[2] != weights.shape[3]:
        raise ValueError(f"heads have weights (layers, h, t, t), not none; got {weights.shape}")
    layers, heads, t, _ = weights.shape
    shown = np.where(np.tri(t, dtype=bool), weights, np.nan)
    width = 7.0 if heads > 2 else 4.2
    fig, axes = figure(layers, heads, width, layers * width / heads * 1.04)
    for place, (layer, head) in zip(axes, np.ndindex(layers, heads), strict=True):
        place.set_facecolor(LATER)
        place.imshow(shown[layer, head], cmap=SEQUENTIAL, norm=PowerNorm(0.5, 0, 1))
        place.set(xticks=[], yticks=[])
        colour = (framed or {}).get((layer, head))
        place.set_title(f"{layer + 1}.{head + 1}", size=9, pad=3, color=COLOURS.get(colour, INK))
        for spine in place.spines.values():
            spine.set(visible=colour is not None, color=COLOURS.get(colour, INK), linewidth=2.5)
    return fig


@styled
def score_table(
    scores: Mapping[str, object], rows: Sequence[str], controls: Mapping[str, Sequence[float]] | None = None
) -> Figure:
    """Show scores from 0 to 1 as a table of coloured numbers, and below it what they are to be compared with.

    Args:
        scores: name of a column → a number for each row.
        rows: their names.
        controls: name of a further row → a number for each column.

    Raises:
        ValueError: no columns, or numbers that are not one for each row or column.
    """
    columns = [numbers(column) for column in scores.values()]
    controls = {name: numbers(values) for name, values in (controls or {}).items()}
    shapes = {column.shape for column in columns}
    if shapes != {(len(rows),)} or any(values.shape != (len(columns),) for values in controls.values()):
        raise ValueError(
            f"{len(rows)} rows and {len(columns)} columns need as many numbers, at least one; "
            f"got columns {sorted(shapes)} and controls {[values.shape for values in controls.values()]}"
        )
    width = min(7.0, 2.5 + 0.9 * len(columns))
    fig, (axes,) = figure(1, 1, width, 0.23 * (len(rows) + len(controls)) + 1.05)
    lines = [(name, i, values) for i, (name, values) in enumerate(zip(rows, np.stack(columns, 1), strict=True))]
    lines += [(name, len(rows) + 0.5 + i, values) for i, (name, values) in enumerate(controls.items())]
    palette, scale = colormaps[SEQUENTIAL], PowerNorm(0.7, 0, 1)
    for _, y, values in lines:
        for x, value in enumerate(values):
            axes.add_patch(Rectangle((x, y), 1, 1, color=palette(scale(value)), lw=0))
            ink = "black" if scale(value) > 0.62 else "white"
            axes.text(x + 0.5, y + 0.53, f"{value:.2f}", ha="center", va="center", size=8.5, color=ink)
    axes.set(xlim=(0, len(columns)), ylim=(lines[-1][1] + 1, 0))
    axes.set_xticks(np.arange(len(columns)) + 0.5, [fill(name, 10) for name in scores])
    axes.set_yticks([y + 0.5 for _, y, _ in lines], [name for name, _, _ in lines])
    axes.tick_params(axis="x", top=True, bottom=False, labeltop=True, labelbottom=False, labelsize=9)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return fig


@styled
def where_it_asks(text: Sequence[str], place: int, rows: Mapping[str, object]) -> Figure:
    """Show what one character of a text looks at: the text once for each row, the darker the more weight.

    Args:
        text: its characters ``(t,)``, up to the one that looks or further.
        place: of the character that looks; it is framed.
        rows: name → weights ``(t,)``, from 0 to 1.

    Raises:
        ValueError: no row, a text too long for the page, or weights that are not one for each character.
    """
    t = len(text)
    arrays = {name: numbers(row) for name, row in rows.items()}
    if not arrays or not 1 <= t <= LONGEST or any(row.shape != (t,) for row in arrays.values()):
        raise ValueError(
            f"a text of 1 to {LONGEST} characters takes a weight each, in a row or more; "
            f"got {t} and {[row.shape for row in arrays.values()]}"
        )
    if not 0 <= place < t:
        raise ValueError(f"the text has places 0 to {t - 1}; got {place}")
    fig, (axes,) = figure(1, 1, 7.0, 0.3 * len(arrays) + 0.1)
    axes.set(xlim=(-0.1, t + 0.1), ylim=(1.25 * len(arrays) - 0.1, -0.12), xticks=[])
    size = min(12.0, 400 / t)
    for row, weights in enumerate(arrays.values()):
        y = 1.25 * row
        for x, (symbol, weight) in enumerate(zip(text, weights, strict=True)):
            shade = np.sqrt(np.clip(weight, 0, 1))
            axes.add_patch(Rectangle((x, y), 1, 1, facecolor=COLOURS["blue"], alpha=shade, lw=0))
            ink = "#C0C5CC" if x > place else "white" if shade > 0.55 else INK
            axes.text(
                x + 0.5, y + 0.52, _seen(symbol), ha="center", va="center", family="monospace", size=size, color=ink
            )
        axes.add_patch(Rectangle((place, y), 1, 1, fill=False, edgecolor=COLOURS["orange"], lw=1.8, zorder=3))
    axes.set_yticks([1.25 * row + 0.5 for row in range(len(arrays))], list(arrays))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return fig


@styled
def named_points(
    x,
    y,
    names: Sequence[str],
    xlabel: str,
    ylabel: str,
    marked: Mapping[str, str] | None = None,
    log: bool = False,
    height: float = 3.4,
) -> Figure:
    """Draw points with their names beside them.

    Args:
        x: ``(n,)``.
        y: ``(n,)``.
        names: ``(n,)``.
        xlabel: what ``x`` is.
        ylabel: what ``y`` is.
        marked: name of a point → its colour's name; the others are grey.
        log: draw ``x`` in powers of ten.
        height: of the figure, in inches.

    Raises:
        ValueError: no points, not as many numbers as names, a mark for a point that is not there, or an ``x`` that
            has no logarithm.
    """
    x, y, marked = numbers(x), numbers(y), marked or {}
    if not len(names) or x.shape != (len(names),) or y.shape != (len(names),) or set(marked) - set(names):
        raise ValueError(
            f"{len(names)} points take x, y and a name each, and at least one; "
            f"got {x.shape}, {y.shape} and marks for {sorted(marked)}"
        )
    if log and x.min() <= 0:
        raise ValueError(f"x must be positive to be drawn in powers of ten; its least is {x.min():g}")
    fig, (axes,) = figure(1, 1, 7.0, height)
    axes.set(xlabel=xlabel, ylabel=ylabel, xscale="log" if log else "linear")
    if log:
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_formatter("")
    colours = [COLOURS[marked.get(name, "grey")] for name in names]
    axes.scatter(x, y, c=colours, s=28, zorder=2, lw=0)
    axes.margins(0.08, 0.12)
    _name_points(axes, x, y, names, colours)
    axes.grid(axis="y")
    return fig


def _name_points(axes, x, y, names, colours) -> None:
    """Write each name beside its point, on the side with the most room."""
    axes.figure.draw_without_rendering()
    spots = axes.transData.transform(np.stack([x, y], 1)) * 72 / axes.figure.dpi
    taken = [*spots]
    for i, (name, colour) in enumerate(zip(names, colours, strict=True)):
        along = 2.7 * len(name) + 7  # from the point to the middle of its name
        middles = {spot: spots[i] + spot for spot in ((along, 0), (-along, 0), (0, 10), (0, -10))}
        others = np.delete(taken, i, 0)
        room = {
            spot: np.hypot((others[:, 0] - left) / 1.5, others[:, 1] - down).min(initial=1e9)
            for spot, (left, down) in middles.items()
        }
        best = max(room, key=room.get)
        taken.append(middles[best])
        look = {"ha": "center", "va": "center", "color": colour, "size": 9}
        axes.annotate(name, (x[i], y[i]), xytext=best, textcoords="offset points", **look)


def _seen(symbol: str) -> str:
    """Return a symbol as something that can be seen and does not start a formula."""
    return {" ": "·", "\n": "⏎", "$": r"\$"}.get(symbol, symbol)
