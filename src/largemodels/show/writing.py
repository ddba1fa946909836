"""A model that writes: what it is asked while it learns, and what it may write next."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from largemodels.show.style import COLOURS, figure, styled

READ, ASKED, HIDDEN = "#DBEAFE", "#FFEDD5", "#F3F4F6"
NAMES = {" ": "␣", "\n": "⏎", "$": r"\$"}  # as they can be seen, and as matplotlib does not take for a formula


@styled
def staircase(text: Sequence[str], shares: Sequence[float] | None = None) -> Figure:
    """Show all that a passage asks of a model at once: a row for each next character, with what may be read for it.

    Args:
        text: the passage ``(t + 1,)``: its characters but the last are read, all but the first are asked for.
        shares: the probability ``(t,)`` that a model gave to each character asked for.

    Raises:
        ValueError: fewer than two characters, or not a probability for each that is asked for.
    """
    t = len(text) - 1
    if t < 1:
        raise ValueError(f"a passage that asks for a character has two or more; got {len(text)}")
    shares = None if shares is None else np.asarray(_plain(shares), dtype=float)
    if shares is not None and shares.shape != (t,):
        raise ValueError(f"{t} characters are asked for, each with a probability; got shape {shares.shape}")
    fig, (axes,) = figure(1, 1, 7.0, 0.55 + 0.3 * t)
    for row in range(t):
        for column, symbol in enumerate(text):
            read, asked = column <= row, column == row + 1
            face = READ if read else ASKED if asked else HIDDEN
            edge = COLOURS["orange"] if asked else "white"
            axes.add_patch(Rectangle((column + 0.04, row + 0.06), 0.92, 0.88, facecolor=face, edgecolor=edge, lw=1.2))
            if read or asked:
                axes.text(column + 0.5, row + 0.53, _seen(symbol), family="monospace", ha="center", va="center")
        if shares is not None:
            axes.text(t + 1.9, row + 0.53, f"{100 * shares[row]:.1f} %", ha="right", va="center", color="#374151")
    axes.text(0.05, -0.25, "reads", color=COLOURS["blue"])
    axes.text(1.95, -0.25, "is asked for", color=COLOURS["orange"])
    if shares is not None:
        axes.text(t + 1.9, -0.25, "gives it", ha="right", color="#374151")
    axes.set(xlim=(0, t + 1 + (shares is not None)), ylim=(t + 0.05, -0.8), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return fig


@styled
def next_symbols(symbols: Sequence[str], ways: Mapping[str, object], most: int = 12) -> Figure:
    """Compare distributions of the next symbol: a panel for each, with the first one's outline in all of them.

    Args:
        symbols: all that there are, ``(n,)``.
        ways: name → probabilities ``(n,)``. The likeliest symbols of the first are shown, in its order.
        most: how many.

    Raises:
        ValueError: no distribution, or one without a probability for each symbol.
    """
    if not ways:
        raise ValueError("there is no distribution to show")
    values = {name: np.asarray(_plain(p), dtype=float) for name, p in ways.items()}
    for name, p in values.items():
        if p.shape != (len(symbols),):
            raise ValueError(f"{name!r} takes a probability for each of {len(symbols)} symbols; got shape {p.shape}")
    first = next(iter(values.values()))
    order = np.argsort(-first, kind="stable")[:most]
    across, places = min(2, len(values)), np.arange(len(order))
    down = math.ceil(len(values) / across)
    fig, panels = figure(down, across, 5.6, 0.2 + 1.6 * down, sharey=True)
    for axes, (name, p) in zip(panels, values.items(), strict=False):
        axes.bar(places, p[order], color=COLOURS["blue"], width=0.8)
        axes.bar(places, first[order], facecolor="none", edgecolor=COLOURS["grey"], lw=0.9, width=0.8)
        axes.set_xticks(places, [_seen(symbols[i]) for i in order], family="monospace")
        axes.tick_params(length=0)
        axes.set_title(name)
        axes.text(
            0.98, 0.92, f"{(p > 0).sum()} possible", transform=axes.transAxes, ha="right", color="#374151", size=9
        )
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
    for axes in panels[len(values) :]:
        axes.set_visible(False)
    return fig


@styled
def along_text(symbols: Sequence[str], values, ylabel: str, height: float = 2.0) -> Figure:
    """Draw a bar above each symbol of a text, with its number.

    Args:
        symbols: of the text, ``(t,)``.
        values: ``(t,)``, none of them negative.
        ylabel: what the numbers are.
        height: of the figure, in inches.

    Raises:
        ValueError: no text, or not a number for each of its symbols.
    """
    values = np.asarray(_plain(values), dtype=float)
    if not len(symbols) or values.shape != (len(symbols),):
        raise ValueError(f"{len(symbols)} symbols need as many numbers, at least one; got shape {values.shape}")
    fig, (axes,) = figure(1, 1, min(7.0, 0.6 + 0.25 * len(symbols)), height)
    places = np.arange(len(symbols))
    drawn = axes.bar(places, values, color=COLOURS["blue"], width=0.8)
    axes.bar_label(drawn, [f"{value:.3g}" for value in values], size=8, color="#374151", padding=1)
    axes.set_xticks(places, [_seen(symbol) for symbol in symbols], family="monospace")
    axes.set(ylabel=ylabel, xlim=(-0.6, len(symbols) - 0.4), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)
    return fig


def _seen(symbol: str) -> str:
    return NAMES.get(symbol, symbol)


def _plain(values):
    return values.detach().cpu() if hasattr(values, "detach") else values
