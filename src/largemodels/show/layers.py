"""What was measured at every layer: at each position of a text, or for each head."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from largemodels.show.style import DIVERGING, SEQUENTIAL, figure, numbers, styled

LONGEST = 11  # characters of a token that are shown
SIGNS = {" ": "·", "\n": "⏎", "\t": "⇥", "$": r"\$"}


@styled
def layer_table(
    values,
    layers: Sequence,
    tokens: Sequence[str],
    label: str,
    words: Sequence[Sequence[str]] | None = None,
    most: float | None = None,
) -> Figure:
    """Show a number for each layer and position, the first layer on top, as a colour, with a word or the number in it.

    Args:
        values: ``(layers, positions)``. With negative numbers from blue to red, white at 0; else from black to yellow.
        layers: names of the rows.
        tokens: of the columns; a space is shown as a dot.
        label: what the colours are.
        words: what to write instead of the numbers, as many rows and columns.
        most: the end of the colours; the largest number if not given.

    Raises:
        ValueError: names or words that are not as many as the numbers.
    """
    values = numbers(values)
    shape = (len(layers), len(tokens))
    given = [values.shape] + ([] if words is None else [(len(words), *{len(row) for row in words})])
    if not all(shape) or any(each != shape for each in given):
        raise ValueError(f"{shape[0]} layers and {shape[1]} tokens need as many rows and columns; got {given}")
    signed = values.min() < -0.05 * abs(values).max()
    most = most or float(abs(values).max()) or 1.0
    palette, scale = colormaps[DIVERGING if signed else SEQUENTIAL], Normalize(-most if signed else 0, most)
    fig, (axes,) = figure(1, 1, 7.0, 0.85 + 0.23 * shape[0])
    axes.imshow(values, cmap=palette, norm=scale, aspect="auto")
    size = 8.5 if words is None else min(8.0, 62 / shape[1])
    for (row, column), value in np.ndenumerate(values):
        word = _number(value) if words is None else _seen(words[row][column])
        red, green, blue, _ = palette(scale(value))
        ink = "black" if 0.3 * red + 0.59 * green + 0.11 * blue > 0.5 else "white"
        axes.text(column, row, word, ha="center", va="center", size=size, color=ink)
    axes.set_xticks(range(shape[1]), [_seen(token) for token in tokens], size=8.5)
    axes.set_yticks(range(shape[0]), [str(layer) for layer in layers], size=8.5)
    axes.set(ylabel="after layer")
    axes.tick_params(length=0, top=True, bottom=False, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    fig.colorbar(axes.images[0], ax=axes, label=label, aspect=30, pad=0.02)
    return fig


def _number(value: float) -> str:
    """Write a number with two decimals and a true minus sign, but none before 0.00."""
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def _seen(token: str) -> str:
    """Return a token as something that can be seen, is not too long, and does not start a formula."""
    token = token if len(token) <= LONGEST else token[: LONGEST - 1] + "…"
    return "".join(SIGNS.get(sign, sign if sign.isprintable() and sign < "\u2e80" else "□") for sign in token)


@styled
def head_grid(panels: Mapping[str, object]) -> Figure:
    """Show one number from 0 to 1 for every head of a model: a panel for each kind, a column for each layer.

    Layers and heads are counted from 1. Colours go from black (0) to bright (1).

    Args:
        panels: name → ``(layers, heads)``; all of one shape.

    Raises:
        ValueError: no panel, or shapes that differ.
    """
    grids = {name: numbers(grid) for name, grid in panels.items()}
    shapes = {grid.shape for grid in grids.values()}
    if len(shapes) != 1 or len(shape := next(iter(shapes))) != 2:
        raise ValueError(f"panels take one shape (layers, heads); got {sorted(shapes)}")
    layers, heads = shape
    height = 0.32 + 6.2 * heads / max(layers, 2 * heads)
    fig, axes = figure(len(grids), 1, 7.0, 0.3 + height * len(grids), sharex=True)
    for place, (name, grid) in zip(axes, grids.items(), strict=True):
        place.imshow(
            grid.T, cmap=SEQUENTIAL, vmin=0, vmax=1, extent=(0.5, layers + 0.5, heads + 0.5, 0.5), aspect="auto"
        )
        place.set(title=name, ylabel="head", yticks=range(1, heads + 1, 2))
        place.tick_params(length=2)
        place.spines[:].set_visible(False)
    axes[-1].set_xlabel("layer")
    fig.colorbar(axes[0].images[0], ax=axes, label="mean weight there", aspect=40, pad=0.02)
    return fig
