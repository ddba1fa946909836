"""Gates: one step of an LSTM as a drawing, what gates did along a text, and at which tokens they open."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from largemodels.show.style import COLOURS, DIVERGING, SEQUENTIAL, figure, numbers, styled

INK = "#374151"
ACROSS = 50  # tokens side by side in one row
LONGEST = 14  # characters of a token that are shown
LETTER, LINE = 0.075, 0.14  # the room that a small letter takes, in inches


@styled
def lstm_step() -> Figure:
    """Draw one step of an LSTM: the cell above, four sums of the input and the last state below, three products."""
    fig, (axes,) = figure(1, 1, 7.0, 3.1)
    axes.set(xlim=(0, 10.4), ylim=(0.1, 4.1), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    wire, cell = {"color": INK, "lw": 1.3}, {"color": COLOURS["orange"], "lw": 2.6}
    axes.plot([0.9, 9.3], [3.3, 3.3], zorder=1, **cell)
    axes.plot([0.9, 7.3], [0.5, 0.5], zorder=1, **wire)
    places = {"f": 2.2, "i": 3.7, "g": 5.5, "o": 7.3}
    for name, x in places.items():
        colour = COLOURS["green" if name == "g" else "blue"]
        box = {"boxstyle": "round,pad=0.02,rounding_size=0.1", "facecolor": "#FFFFFF", "edgecolor": colour}
        axes.plot([x, x], [0.5, 1.0], zorder=1, **wire)
        axes.add_patch(FancyBboxPatch((x - 0.55, 1.0), 1.1, 0.5, lw=1.6, **box))
        activation = r"\tanh" if name == "g" else r"\sigma"
        axes.text(x, 1.25, f"${name}_t$ : ${activation}$", ha="center", va="center", color=colour, size=11)
    axes.plot([2.2, 2.2], [1.52, 3.3], zorder=1, **wire)
    for x, towards in ((3.7, 4.6), (5.5, 4.6)):
        axes.plot([x, x, towards], [1.52, 2.2, 2.2], zorder=1, **wire)
    axes.plot([4.6, 4.6], [2.2, 3.3], zorder=1, **wire)
    axes.plot([7.3, 7.3, 8.6], [1.52, 1.9, 1.9], zorder=1, **wire)
    axes.plot([8.6, 8.6], [3.3, 1.9], zorder=1, **wire)
    for start, end, y, look in ((8.85, 9.6, 1.9, wire), (9.2, 9.7, 3.3, cell)):
        head = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, "mutation_scale": 14, **look}
        axes.annotate("", (end, y), (start, y), arrowprops=head)
    for x, y, sign in ((2.2, 3.3, "×"), (4.6, 3.3, "+"), (4.6, 2.2, "×"), (8.6, 1.9, "×")):
        axes.scatter([x], [y], s=330, facecolor="#FFFFFF", edgecolor=INK, lw=1.3, zorder=2)
        axes.text(x, y - 0.015, sign, ha="center", va="center", size=13, color=INK, zorder=3)
    tanh = {"boxstyle": "round,pad=0.25", "facecolor": "#FFFFFF", "edgecolor": INK}
    axes.text(8.6, 2.65, "tanh", ha="center", va="center", size=9.5, color=INK, bbox=tanh, zorder=3)
    for x, y, name in ((0.4, 3.3, "c_{t-1}"), (0.4, 0.5, "x_t, h_{t-1}"), (10.0, 3.3, "c_t"), (10.0, 1.9, "h_t")):
        axes.text(x, y, f"${name}$", ha="center", va="center", size=12, color=INK)
    for x, y, word in ((2.2, 3.72, "forget?"), (4.6, 3.72, "add"), (4.6, 1.78, "write?"), (8.6, 1.48, "show?")):
        axes.text(x, y, word, ha="center", va="center", size=9.5, color=COLOURS["grey"])
    return fig


@styled
def along_tokens(tokens: Sequence[str], rows: Mapping[str, object], most: float = 1.0) -> Figure:
    """Show a text token by token, and below each what was measured there; 50 tokens side by side.

    Blue is negative, white 0, red positive.

    Args:
        tokens: the text, ``(t,)``.
        rows: name → ``(t,)`` numbers.
        most: the size of a number that gets the darkest colour.

    Raises:
        ValueError: no tokens or rows, or a row that does not have a number for each token.
    """
    if not tokens or not rows:
        raise ValueError("there is nothing to show: give at least one token and one row")
    values = [numbers(row) for row in rows.values()]
    for name, row in zip(rows, values, strict=True):
        if row.shape != (len(tokens),):
            raise ValueError(f"{name!r} takes a number for each of {len(tokens)} tokens; got shape {row.shape}")
    lines = math.ceil(len(tokens) / ACROSS)
    across = min(len(tokens), ACROSS)
    longest = min(LONGEST, max(map(len, tokens)))
    fig, axes = figure(lines, 1, 7.0, lines * (0.3 + 0.17 * len(rows) + LETTER * longest))
    for line, place in enumerate(axes):
        span = slice(line * ACROSS, (line + 1) * ACROSS)
        shown = np.full((len(rows), across), np.nan)
        shown[:, : len(tokens[span])] = [row[span] for row in values]
        place.imshow(shown, cmap=DIVERGING, vmin=-most, vmax=most, aspect="auto")
        place.set_yticks(range(len(rows)), list(rows), size=8.5)
        place.set_xticks(range(len(tokens[span])), [_plain_text(token) for token in tokens[span]], rotation=90)
        place.tick_params(axis="x", top=True, bottom=False, labeltop=True, labelbottom=False)
        place.tick_params(length=0)
        for label in place.get_xticklabels():
            label.set(family="monospace", size=7.5)
        place.spines[:].set_visible(False)
    return fig


@styled
def gate_sheet(panels: Mapping[str, object], width: float = 7.0, xlabel: str = "step", ylabel: str = "unit") -> Figure:
    """Show what all units did at all steps: a panel for each gate or state, time to the right, a row for each unit.

    What is never negative goes from black (0) to bright (1); what has a sign from blue to red, white in the middle,
    darkest from ±1 on.

    Args:
        panels: name → ``(t, n)`` numbers; all of one shape.
        width: of the figure, in inches.
        xlabel: what goes to the right.
        ylabel: what goes down.

    Raises:
        ValueError: no panel, or shapes that differ.
    """
    arrays = {name: numbers(values) for name, values in panels.items()}
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise ValueError(f"panels take one shape (t, n); got {sorted(shapes)}")
    columns = min(3, len(arrays))
    rows = math.ceil(len(arrays) / columns)
    fig, axes = figure(rows, columns, width, 0.15 + 1.75 * rows, sharex=True, sharey=True)
    for place, (name, array) in zip(axes, arrays.items(), strict=False):
        signed = array.min() < 0
        scale = {"cmap": DIVERGING, "vmin": -1} if signed else {"cmap": SEQUENTIAL, "vmin": 0}
        place.imshow(array.T, vmax=1, aspect="auto", interpolation="nearest", **scale)
        place.set_title(name)
        place.tick_params(length=2)
        place.spines[:].set_visible(False)
    for place in axes[len(arrays) :]:
        place.set_axis_off()
    for number, place in enumerate(axes[: len(arrays)]):
        if number + columns >= len(arrays):
            place.set_xlabel(xlabel)
        if number % columns == 0:
            place.set_ylabel(ylabel)
    return fig


@styled
def word_map(words: Sequence[str], x, y, marked: Sequence[bool], xlabel: str, ylabel: str, legend: tuple[str, str]):
    """Place words by two numbers each; those furthest from the middle get their names, as far as there is room.

    Args:
        words: ``(n,)``.
        x: ``(n,)``, to the right.
        y: ``(n,)``, upwards.
        marked: ``(n,)``, which of them are drawn in the second colour.
        xlabel: what ``x`` is.
        ylabel: what ``y`` is.
        legend: what the words of the first colour are, and what those of the second.

    Raises:
        ValueError: no words, or not a number of each kind for every word.
    """
    x, y, marked = numbers(x), numbers(y), np.asarray(marked, dtype=bool)
    if not len(words) or not x.shape == y.shape == marked.shape == (len(words),):
        raise ValueError(
            f"{len(words)} words need as many x, y and marks, and at least one; "
            f"got {x.shape}, {y.shape} and {marked.shape}"
        )
    fig, (axes,) = figure(1, 1, 7.0, 4.4)
    for which, name, colour in ((~marked, legend[0], "blue"), (marked, legend[1], "orange")):
        axes.scatter(x[which], y[which], s=10, color=COLOURS[colour], alpha=0.5, lw=0, label=name)
    axes.margins(0.08)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, handletextpad=0.2)
    inch = np.array([6.2 / np.ptp(axes.get_xlim()), 3.6 / np.ptp(axes.get_ylim())])
    points = np.stack([x, y], 1) * inch
    taken = []
    # marked ones first, then from the outside in
    far = np.abs((points - points.mean(0)) / points.std(0)).max(1)
    for i in sorted(range(len(words)), key=lambda i: (not marked[i], -far[i])):
        left, bottom = points[i] + [0.05, -LINE / 2]
        box = (left, bottom, left + LETTER * len(words[i]), bottom + LINE)
        if all(box[0] > o[2] or o[0] > box[2] or box[1] > o[3] or o[1] > box[3] for o in taken):
            taken.append(box)
            colour = COLOURS["orange" if marked[i] else "blue"]
            axes.annotate(
                _plain_text(words[i]), (x[i], y[i]), (3.5, 0), textcoords="offset points", color=colour,
                va="center", size=10 if marked[i] else 7.5, family="monospace",
            )  # fmt: skip
    return fig


def _plain_text(token: str) -> str:
    """Return a token, not too long, as matplotlib does not take for a formula."""
    short = token if len(token) <= LONGEST else token[: LONGEST - 1] + "…"
    return short.replace("$", r"\$")
