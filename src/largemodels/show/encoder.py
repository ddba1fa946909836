"""A layer of a Transformer's encoder as a drawing, and positions as rotations."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from largemodels.show.style import COLOURS, figure, numbers, styled

INK = "#374151"
BEHIND = {"boxstyle": "round,pad=0.15", "facecolor": "#FFFFFF", "edgecolor": "none", "alpha": 0.85}


@styled
def encoder_layer() -> Figure:
    """Draw one layer of an encoder: the residual stream above, and two detours that each add something to it."""
    fig, (axes,) = figure(1, 1, 7.0, 2.5)
    axes.set(xlim=(0, 10.6), ylim=(0.0, 3.7), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    wire = {"color": INK, "lw": 1.3, "zorder": 1}
    stream = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, "mutation_scale": 14, "color": COLOURS["orange"]}
    axes.annotate("", (10.0, 3.0), (0.75, 3.0), arrowprops={**stream, "lw": 2.6})
    for start, name, colour in ((1.2, "attention", "blue"), (5.5, "feed-forward", "green")):
        axes.plot([start, start, start + 3.7, start + 3.7], [3.0, 1.55, 1.55, 3.0], **wire)
        _box(axes, start + 0.85, 1.55, 1.1, "norm", "purple")
        _box(axes, start + 2.55, 1.55, 1.75, name, colour)
        axes.scatter([start + 3.7], [3.0], s=300, facecolor="#FFFFFF", edgecolor=INK, lw=1.3, zorder=3)
        axes.text(start + 3.7, 2.985, "+", ha="center", va="center", size=13, color=INK, zorder=4)
    for x in np.linspace(3.15, 4.35, 5):
        head = {"arrowstyle": "-|>", "color": COLOURS["grey"], "lw": 1.0, "mutation_scale": 8}
        axes.annotate("", (3.75 + 0.75 * (x - 3.75), 1.26), (x, 0.62), arrowprops=head)
    words = {"ha": "center", "va": "center", "size": 9.5, "color": COLOURS["grey"]}
    axes.text(3.75, 0.35, "from all positions", **words)
    axes.text(8.05, 0.9, "each position by itself", **words)
    axes.text(5.3, 3.45, "what is here already stays, and something is added", **words)
    for x, name in ((0.4, "x"), (10.3, "y")):
        axes.text(x, 3.0, f"${name}$", ha="center", va="center", size=13, color=INK)
    return fig


@styled
def turned(pairs, titles: Sequence[str], names: tuple[str, str] = ("query", "key")) -> Figure:
    """Draw pairs of vectors in the plane as arrows, with the angle from one to the other and their product.

    Args:
        pairs: ``(n, 2, 2)``: for each picture two vectors of two entries.
        titles: one for each picture.
        names: of the first vector of every pair, and of the second.

    Raises:
        ValueError: another shape, or not as many titles.
    """
    pairs = numbers(pairs)
    if pairs.ndim != 3 or pairs.shape[1:] != (2, 2) or len(pairs) == 0:
        raise ValueError(f"takes pairs of vectors in the plane, (n, 2, 2), and at least one; got {pairs.shape}")
    if len(titles) != len(pairs):
        raise ValueError(f"{len(pairs)} pictures need as many titles; got {len(titles)}")
    fig, axes = figure(1, len(pairs), 7.0, 0.5 + 6.6 / max(3, len(pairs)))
    reach = 1.12 * np.linalg.norm(pairs, axis=2).max()
    for place, pair, title in zip(axes, pairs, titles, strict=True):
        for radius in np.linalg.norm(pair, axis=1):
            place.add_patch(Circle((0, 0), radius, fill=False, color="#D1D5DB", lw=0.8))
        for vector, name, colour in zip(pair, names, ("blue", "orange"), strict=True):
            head = {"arrowstyle": "-|>", "color": COLOURS[colour], "lw": 1.8, "shrinkA": 0, "shrinkB": 0}
            place.annotate("", vector, (0, 0), arrowprops=head)
            where = vector / np.linalg.norm(vector) * reach * 0.6
            place.text(*where, name, color=COLOURS[colour], ha="center", va="center", size=9.5, bbox=BEHIND)
        place.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[], aspect="equal", title=title)
        place.set_xlabel(f"product {pair[0] @ pair[1]:.2f}".replace("-", "−"))
        place.spines[:].set_visible(False)
    return fig


def _box(axes, x: float, y: float, width: float, name: str, colour: str) -> None:
    shape = {"boxstyle": "round,pad=0.02,rounding_size=0.1", "facecolor": "#FFFFFF", "edgecolor": COLOURS[colour]}
    axes.add_patch(FancyBboxPatch((x - width / 2, y - 0.3), width, 0.6, lw=1.6, zorder=2, **shape))
    axes.text(x, y, name, ha="center", va="center", color=COLOURS[colour], size=10.5, zorder=3)
