"""Sequences, step by step, and what is left of a step after many others."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from largemodels.show.curves import label_ends
from largemodels.show.style import COLOURS, DIVERGING, figure, styled

INK = "#374151"
NUMBERED = 24  # steps up to which a cell has room for its number
STRIP = 44  # characters side by side in one row


@styled
def unrolled(symbols: Sequence[str]) -> Figure:
    """Draw a recurrence as a loop, and the same laid out in time: one copy of the step for each symbol.

    Args:
        symbols: what is read, one each step; at least two.

    Raises:
        ValueError: fewer than two symbols.
    """
    if len(symbols) < 2:
        raise ValueError(f"a recurrence is unrolled over two steps or more; got {len(symbols)}")
    steps = len(symbols)
    fig, (axes,) = figure(1, 1, 7.0, 2.6)
    axes.set(xlim=(-2.75, steps - 0.3), ylim=(-1.05, 0.92), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    _step(axes, -2.0, "h", "x", "ŷ")
    loop = {"connectionstyle": "arc3,rad=-1.5", "mutation_scale": 12, "color": COLOURS["orange"], "lw": 1.8}
    axes.add_patch(FancyArrowPatch((-1.72, 0.1), (-1.72, -0.1), arrowstyle="-|>", **loop))
    axes.text(-1.25, 0.0, "U", color=COLOURS["orange"], ha="center", va="center", style="italic")
    axes.text(-0.93, 0.0, "=", ha="center", va="center", size=18, color=INK)
    axes.text(-0.55, 0.0, "$h_0$", ha="center", va="center", color=INK)
    for t, symbol in enumerate(symbols, start=1):
        _step(axes, t - 0.6, f"h_{t}", f"x_{t}", f"ŷ_{t}", str(symbol))
        axes.annotate("", (t - 0.9, 0), (t - 1.3 + 0.1 * (t == 1), 0), arrowprops=_arrow("orange"))
        axes.text(t - 1.1, 0.09, "U", color=COLOURS["orange"], ha="center", style="italic")
    return fig


@styled
def read_along(symbols: Sequence[str], rows: Mapping[str, object], most: float = 1.0) -> Figure:
    """Show a text character by character, and below each what was measured there.

    Blue is negative, white 0, red positive. Short texts have their numbers written out, long ones go on below.

    Args:
        symbols: the characters of the text, ``(t,)``.
        rows: name → ``(t,)`` numbers.
        most: the value of the darkest colour.

    Raises:
        ValueError: no text, or a row that does not have a number for each character.
    """
    t = len(symbols)
    if t == 0 or not rows:
        raise ValueError("there is nothing to show: give at least one symbol and one row")
    values = [np.asarray(_plain(row), dtype=float) for row in rows.values()]
    for name, row in zip(rows, values, strict=True):
        if row.shape != (t,):
            raise ValueError(f"{name!r} takes a number for each of {t} symbols; got shape {row.shape}")
    lines = math.ceil(t / STRIP)
    across = min(t, STRIP)
    fig, axes = figure(lines, 1, 7.0, lines * (0.42 + 0.22 * len(rows)) + 0.1)
    for line, place in enumerate(axes):
        span = slice(line * STRIP, (line + 1) * STRIP)
        shown = np.full((len(rows), across), np.nan)
        shown[:, : len(symbols[span])] = [row[span] for row in values]
        place.imshow(shown, cmap=DIVERGING, vmin=-most, vmax=most, aspect="auto")
        place.set_yticks(range(len(rows)), list(rows))
        place.set_xticks(range(len(symbols[span])), [_seen(symbol) for symbol in symbols[span]])
        place.tick_params(axis="x", top=True, bottom=False, labeltop=True, labelbottom=False, length=0)
        place.tick_params(axis="y", length=0)
        for label in place.get_xticklabels():
            label.set(family="monospace", size=10)
        place.spines[:].set_visible(False)
        place.set_xticks(np.arange(across + 1) - 0.5, minor=True)
        place.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
        place.grid(which="minor", color="white", lw=0.8)
        place.tick_params(which="minor", length=0)
        if t <= NUMBERED:
            for (i, j), value in np.ndenumerate(shown):
                ink = "white" if abs(value) > 0.6 * most else "black"
                place.text(j, i, f"{value:.1f}".replace("-", "−"), ha="center", va="center", size=7.5, color=ink)
    return fig


@styled
def padded(texts: Sequence[str]) -> Figure:
    """Show texts of different lengths as one array: a row each, and padding in grey after their ends."""
    if not texts or not max(map(len, texts)):
        raise ValueError("there is no text to show")
    longest = max(map(len, texts))
    fig, (place,) = figure(1, 1, 7.0, 0.3 * len(texts) + 0.4)
    for row, text in enumerate(texts):
        for column in range(longest):
            inside = column < len(text)
            face = "#FFFFFF" if inside else "#E5E7EB"
            place.add_patch(Rectangle((column, row), 1, 1, facecolor=face, edgecolor="#9CA3AF", lw=0.6))
            if inside:
                place.text(column + 0.5, row + 0.52, _seen(text[column]), family="monospace", ha="center", va="center")
    place.set(xlim=(-0.1, longest + 0.1), ylim=(len(texts) + 0.1, -0.1), xticks=[])
    place.set_yticks(np.arange(len(texts)) + 0.5, [f"length {len(text)}" for text in texts])
    place.tick_params(length=0)
    place.spines[:].set_visible(False)
    return fig


@styled
def against_distance(
    distances: Sequence[float],
    series: Mapping[str, object],
    xlabel: str,
    ylabel: str,
    levels: Mapping[str, float] | None = None,
    bottom: float | None = None,
    top: float | None = None,
) -> Figure:
    """Draw what is left after a distance, in powers of ten: over several runs the geometric mean and the range.

    Args:
        distances: ``(n,)``.
        series: name → ``(n,)`` or ``(runs, n)``, all positive.
        xlabel: what is the distance.
        ylabel: what was measured.
        levels: name → a value to compare with, drawn as a dashed line.
        bottom: where the vertical axis begins.
        top: where it ends.

    Raises:
        ValueError: no series, one that does not fit the distances, or a number that has no logarithm.
    """
    if not series:
        raise ValueError("there is no series to draw")
    fig, (axes,) = figure(1, 1, 7.0, 3.4)
    axes.set(xlabel=xlabel, ylabel=ylabel, yscale="log", xlim=(min(distances), max(distances)))
    ends, means, lowest, highest = [], [], bottom, top
    for (name, values), colour in zip(series.items(), [*COLOURS.values()] * 3, strict=False):
        runs = np.atleast_2d(np.asarray(_plain(values), dtype=float))
        if runs.ndim != 2 or runs.shape[1] != len(distances):
            raise ValueError(f"{name!r} takes {len(distances)} points per run; got shape {runs.shape}")
        if not (runs > 0).all():
            raise ValueError(f"{name!r} must be positive to be drawn in powers of ten; its least is {runs.min():g}")
        mean = np.exp(np.log(runs).mean(0))
        means.append(mean)
        axes.plot(distances, mean, color=colour, label=name)
        if len(runs) > 1:
            axes.fill_between(distances, runs.min(0), runs.max(0), color=colour, alpha=0.2, lw=0)
        ends.append((np.clip(mean[-1], bottom, top), name, colour))
    for name, level in (levels or {}).items():
        axes.axhline(level, color=COLOURS["grey"], ls="--", lw=1)
        apart = np.abs(np.log(np.stack(means) / level)).min(0)
        half = max(1, len(apart) // 2)
        right = apart[-half:].min() > 1.1 * apart[:half].min()  # named in the half that the lines keep away from
        end, align = (distances[-1], "right") if right else (distances[0], "left")
        axes.text(end, level, f" {name} ", color=COLOURS["grey"], va="top", ha=align, size=9, zorder=1)
    axes.set_ylim(lowest, highest)
    axes.grid(axis="y")
    label_ends(axes, ends)
    return fig


@styled
def by_lag(lags: Sequence[int], series: Mapping[str, object], chance: float, xlabel: str, ylabel: str) -> Figure:
    """Draw shares of right answers against the lag, from 0 to 1, the lags a constant factor apart.

    Args:
        lags: ``(n,)``, positive.
        series: name → ``(n,)`` or ``(runs, n)``: the mean, and each run as a point.
        chance: the share that guessing gets, drawn as a dashed line.
        xlabel: what the lag is.
        ylabel: what was measured.

    Raises:
        ValueError: no series, or one that does not fit the lags.
    """
    if not series:
        raise ValueError("there is no series to draw")
    fig, (axes,) = figure(1, 1, 7.0, 3.4)
    axes.set(xlabel=xlabel, ylabel=ylabel, xscale="log", xlim=(min(lags) / 1.1, max(lags) * 1.1), ylim=(0, 1.06))
    axes.set_xticks(lags, [str(lag) for lag in lags])
    axes.minorticks_off()
    ends = []
    for (name, values), colour in zip(series.items(), [*COLOURS.values()] * 3, strict=False):
        runs = np.atleast_2d(np.asarray(_plain(values), dtype=float))
        if runs.ndim != 2 or runs.shape[1] != len(lags):
            raise ValueError(f"{name!r} takes {len(lags)} points per run; got shape {runs.shape}")
        axes.plot(lags, runs.mean(0), color=colour, label=name)
        axes.plot(np.tile(lags, len(runs)), runs.ravel(), "o", color=colour, ms=4, alpha=0.6, mew=0)
        ends.append((runs.mean(0)[-1], name, colour))
    axes.axhline(chance, color=COLOURS["grey"], ls="--", lw=1)
    axes.text(min(lags), chance - 0.02, "chance", color=COLOURS["grey"], va="top", size=9)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
    axes.grid(axis="y")
    label_ends(axes, ends)
    return fig


def _step(axes, x: float, state: str, put: str, out: str, symbol: str = "") -> None:
    """Draw one step of a recurrence: input below, state in a box, prediction above."""
    box = {"boxstyle": "round,pad=0.02,rounding_size=0.08", "facecolor": "#EFF6FF", "edgecolor": COLOURS["blue"]}
    axes.add_patch(FancyBboxPatch((x - 0.26, -0.2), 0.52, 0.4, lw=1.5, **box))
    axes.text(x, 0, f"${state}$", ha="center", va="center", size=12, color=INK)
    axes.annotate("", (x, -0.23), (x, -0.58), arrowprops=_arrow("blue"))
    axes.annotate("", (x, 0.6), (x, 0.23), arrowprops=_arrow("green"))
    axes.text(x + 0.07, -0.44, "W", color=COLOURS["blue"], style="italic", va="center")
    axes.text(x + 0.07, 0.38, "$W_y$", color=COLOURS["green"], va="center")
    axes.text(x, -0.68, f"${put}$", ha="center", va="center", size=12, color=INK)
    out = out.replace("ŷ", r"\hat{y}")
    axes.text(x, 0.74, f"${out}$", ha="center", va="center", size=12, color=INK)
    if symbol:
        axes.text(x, -0.93, _seen(symbol), ha="center", va="center", family="monospace", size=12, color=COLOURS["grey"])


def _arrow(colour: str) -> dict:
    return {"arrowstyle": "-|>", "color": COLOURS[colour], "lw": 1.5, "shrinkA": 0, "shrinkB": 0}


def _seen(symbol: str) -> str:
    """Return a character as it can be seen, and as matplotlib does not take for a formula."""
    return {" ": "␣", "\n": "⏎", "$": r"\$"}.get(symbol, symbol)


def _plain(values):
    return values.detach().cpu() if hasattr(values, "detach") else values
