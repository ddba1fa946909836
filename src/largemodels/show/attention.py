"""Attention: a look-up as a table, who looks where in a text, and what grows with a length or a width."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from largemodels.show.curves import label_ends
from largemodels.show.style import COLOURS, SEQUENTIAL, figure, numbers, styled

INK = "#374151"
NUMBERED = 12  # keys up to which a cell of a map has room for its number
LETTER, LINE = 0.105, 0.46  # the room that a character of a text takes, in inches
LONGEST = 64  # characters of a line that fit on the page
ARCH = 0.17  # height of an arrow over its line, in inches


@styled
def look_up(names: Sequence[str], scores, weights, values) -> Figure:
    """Show one soft look-up as a table: a row for each key, with its score, weight and value; below, the answer.

    Args:
        names: of the keys, ``(n,)``.
        scores: how well each key matches, ``(n,)``.
        weights: what each key gets, ``(n,)``, at least 0 and 1 in all.
        values: what stands there, ``(n,)``.

    Raises:
        ValueError: no keys, numbers that are not one for each key, or weights that do not add up to 1.
    """
    columns = [numbers(column) for column in (scores, weights, values)]
    if not len(names) or any(column.shape != (len(names),) for column in columns):
        raise ValueError(
            f"{len(names)} keys take a score, a weight and a value each, and at least one; "
            f"got shapes {[column.shape for column in columns]}"
        )
    scores, weights, values = columns
    if weights.min() < 0 or abs(weights.sum() - 1) > 1e-4:
        raise ValueError(f"weights share out 1 and are not negative; got {weights.tolist()}")
    n = len(names)
    fig, (axes,) = figure(1, 1, 7.0, 0.34 * (n + 2) + 0.1)
    axes.set(xlim=(0, 10), ylim=(n + 0.75, -1.05), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    places = {"key": 0.1, "score": 1.9, "weight": 2.6, "value": 7.0, "weight × value": 9.9}
    for title, x in places.items():
        side = "left" if title in ("key", "weight") else "right"
        axes.text(x, -0.65, title, ha=side, va="center", color=COLOURS["grey"], size=9.5)
    for row, (name, score, weight, value) in enumerate(zip(names, scores, weights, values, strict=True)):
        axes.text(0.1, row, _literal(name), va="center", family="monospace", color=INK)
        axes.text(1.9, row, _number(score), ha="right", va="center", color=INK)
        axes.add_patch(Rectangle((2.6, row - 0.3), 2.4 * weight, 0.6, color=COLOURS["blue"], lw=0))
        axes.text(2.7 + 2.4 * weight, row, f"{weight:.2f}", va="center", color=COLOURS["blue"])
        axes.text(7.0, row, _number(value), ha="right", va="center", color=INK)
        axes.text(9.9, row, _number(weight * value), ha="right", va="center", color=COLOURS["orange"])
    axes.plot([8.6, 9.95], [n - 0.42] * 2, color=COLOURS["orange"], lw=1)
    axes.text(8.5, n + 0.12, "answer", ha="right", va="center", color=COLOURS["grey"], size=9.5)
    answer = _number((weights * values).sum())
    axes.text(9.9, n + 0.12, answer, ha="right", va="center", color=COLOURS["orange"], weight="bold")
    return fig


@styled
def pointers(text: str, pairs: Iterable[tuple[int, int]]) -> Figure:
    """Show a text as it stands, and an arrow from each character that asks to the one that it looks at.

    Args:
        text: of one or more lines.
        pairs: for each arrow the place in the text that it comes from, and the one that it goes to.

    Raises:
        ValueError: no text, a line too long for the page, or a place that is not in the text.
    """
    lines = text.rstrip("\n").split("\n")
    longest = max(map(len, lines))
    if not longest or longest > LONGEST:
        raise ValueError(f"a line has 1 to {LONGEST} characters to be drawn; the longest has {longest}")
    pairs = list(pairs)
    outside = [place for pair in pairs for place in pair if not 0 <= place < len(text)]
    if outside:
        raise ValueError(f"the text has places 0 to {len(text) - 1}; got {outside[0]}")
    where = [(len(text[:i].rpartition("\n")[2]), text.count("\n", 0, i)) for i in range(len(text))]
    width, height = max(LETTER * longest + 0.3, 3.0), LINE * len(lines) + 0.25
    fig, (axes,) = figure(1, 1, width, height)
    axes.set(xlim=(-0.8, longest - 0.2), ylim=(len(lines) - 0.55, -0.95), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    ends = {place for pair in pairs for place in pair}
    for i, (column, row) in enumerate(where):
        look = {"color": INK, "weight": "bold"} if i in ends else {"color": COLOURS["grey"]}
        if not text[i].isspace():
            axes.text(column, row, _literal(text[i]), family="monospace", ha="center", va="center", size=11, **look)
    for number, (start, end) in enumerate(pairs):
        colour = list(COLOURS.values())[number % (len(COLOURS) - 1)]
        (x, row), (to, other) = where[start], where[end]
        bend = min(0.4, 2 * ARCH / (LETTER * max(abs(x - to), 1))) if row == other else 0.12
        style = {"arrowstyle": "-|>", "mutation_scale": 9, "lw": 1.3, "color": colour, "alpha": 0.9}
        begin, stop = (x, row - 0.27), (to, other - 0.27 if row == other else other + 0.27)
        axes.add_patch(FancyArrowPatch(begin, stop, connectionstyle=f"arc3,rad={bend}", **style))
    return fig


@styled
def attention_maps(
    panels: Mapping[str, object], queries: Sequence[str], keys: Sequence[str] | None = None, height: float | None = None
) -> Figure:
    """Show weights, or masks, side by side: a row for each query, a column for each key, from black (0) to bright (1).

    Up to 12 keys, what is not 0 is written out, unless all is 0 or 1.

    Args:
        panels: title → ``(t, s)`` numbers or booleans, from 0 to 1.
        queries: symbols that ask, ``(t,)``.
        keys: symbols that are looked at, ``(s,)``; the queries if not given.
        height: of the figure, in inches.

    Raises:
        ValueError: no panel, or one that does not fit the symbols.
    """
    keys = queries if keys is None else keys
    arrays = {title: numbers(panel) for title, panel in panels.items()}
    for title, array in arrays.items():
        if array.shape != (len(queries), len(keys)) or 0 in array.shape:
            raise ValueError(f"{title!r} takes ({len(queries)}, {len(keys)}) numbers, not none; got {array.shape}")
    if not arrays:
        raise ValueError("there is nothing to show: give at least one panel")
    width = 7.0 if len(arrays) > 1 else 4.2
    each = width / len(arrays)
    fig, axes = figure(1, len(arrays), width, height or each * len(queries) / len(keys) + 0.45, sharey=True)
    for place, (title, array) in zip(axes, arrays.items(), strict=True):
        place.imshow(array, cmap=SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
        place.set_title(title, pad=16)
        place.set_xticks(range(len(keys)), [_seen(key) for key in keys])
        place.set_yticks(range(len(queries)), [_seen(query) for query in queries])
        place.tick_params(axis="x", top=True, bottom=False, labeltop=True, labelbottom=False)
        place.tick_params(length=0, pad=2)
        for label in (*place.get_xticklabels(), *place.get_yticklabels()):
            label.set(family="monospace", size=9 if len(keys) <= 24 else 6.5)
        place.spines[:].set_visible(False)
        place.set_xticks(np.arange(len(keys) + 1) - 0.5, minor=True)
        place.set_yticks(np.arange(len(queries) + 1) - 0.5, minor=True)
        place.grid(which="minor", color="#4B5563", lw=0.3)
        place.tick_params(which="minor", length=0)
        if len(keys) <= NUMBERED and not np.isin(array, (0, 1)).all():
            for i, j in np.argwhere(array >= 0.005):
                ink = "black" if array[i, j] > 0.6 else "white"
                place.text(j, i, f"{array[i, j]:.2f}", ha="center", va="center", size=7.5, color=ink)
    return fig


@styled
def growth(
    x: Sequence[float],
    series: Mapping[str, object],
    xlabel: str,
    ylabel: str,
    bottom: float | None = None,
) -> Figure:
    """Draw what grows, or shrinks, as something is doubled: both axes in powers, each line named at its end.

    A straight line is a power; its slope is the exponent.

    Args:
        x: ``(n,)``, positive.
        series: name → ``(n,)``, or ``(runs, n)`` for the median with a band from the lowest to the highest.
        xlabel: what is doubled.
        ylabel: what was measured.
        bottom: where the vertical axis begins.

    Raises:
        ValueError: no series, one that does not have as many points as ``x``, or a number that has no logarithm.
    """
    if not series:
        raise ValueError("there is no series to draw")
    fig, (axes,) = figure(1, 1, 7.0, 3.4)
    axes.set(xlabel=xlabel, ylabel=ylabel, xscale="log", yscale="log", xlim=(min(x), max(x)))
    ends = []
    for (name, values), colour in zip(series.items(), [*COLOURS.values()] * 3, strict=False):
        runs = np.atleast_2d(numbers(values))
        if runs.ndim != 2 or runs.shape[1] != len(x):
            raise ValueError(f"{name!r} takes {len(x)} points per run; got shape {runs.shape}")
        if not (runs > 0).all():
            raise ValueError(f"{name!r} must be positive to be drawn in powers; its least is {runs.min():g}")
        middle = np.median(runs, 0)
        axes.plot(x, middle, color=colour, label=name)
        if len(runs) > 1:
            axes.fill_between(x, runs.min(0), runs.max(0), color=colour, alpha=0.2, lw=0)
        ends.append((max(middle[-1], bottom or 0), name, colour))
    axes.set_ylim(bottom=bottom)
    if axes.get_ylim()[0] > 1e-3:
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.set_xticks(list(x), [f"{value:,g}" for value in x])
    axes.minorticks_off()
    axes.grid(axis="y")
    label_ends(axes, ends)
    return fig


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _literal(text: str) -> str:
    """Return a text that matplotlib does not take for a formula."""
    return str(text).replace("$", r"\$")


def _seen(symbol: str) -> str:
    """Return a symbol as something that can be seen and does not start a formula."""
    return {" ": "␣", "\n": "⏎"}.get(symbol, _literal(symbol))
