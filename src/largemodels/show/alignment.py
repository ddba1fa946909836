"""What attends to what beyond one text: from a target to its source, and from a patch to an image."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from largemodels.show.style import COLOURS, DIVERGING, SEQUENTIAL, figure, numbers, picture, styled

GAZE = LinearSegmentedColormap.from_list("gaze", ["#f4f4f1", "#fbdcae", "#f3ab54", "#dd6f16"])  # ink shows on all


@styled
def alignment(
    maps: Mapping[str, object],
    source: Sequence[str],
    target: Sequence[str],
    boxes: Sequence[tuple[range, range]] = (),
) -> Figure:
    """Show where in a source each symbol of a target was looked up: one map of weights below the other.

    Args:
        maps: name → ``(t, s)``, from 0 to 1; a row for each symbol that is written.
        source: the symbols that are read, ``(s,)``.
        target: the symbols that are written, ``(t,)``.
        boxes: rows and columns that belong together, outlined.

    Raises:
        ValueError: no map, or one that does not have a row and a column for each symbol.
    """
    if not maps:
        raise ValueError("there is no map to show")
    t, s = len(target), len(source)
    arrays = {name: numbers(values) for name, values in maps.items()}
    for name, values in arrays.items():
        if values.shape != (t, s):
            raise ValueError(f"{name!r} takes a row for each of {t} and a column for each of {s}; got {values.shape}")
    cell = min(0.3, 6.0 / s)
    fig, axes = figure(len(maps), 1, s * cell + 0.8, len(maps) * (t * cell + 0.65))
    for place, (name, values) in zip(axes, arrays.items(), strict=True):
        place.imshow(values, cmap=SEQUENTIAL, vmin=0, vmax=1)
        _symbols(place, source, target)
        place.set_title(name)
        for rows, columns in boxes:
            corner = (columns.start - 0.5, rows.start - 0.5)
            place.add_patch(
                Rectangle(corner, len(columns), len(rows), fill=False, color="#5EC8F8", lw=1.8, clip_on=False)
            )
    return fig


@styled
def patches(image, side: int) -> Figure:
    """Show an image, the same cut into ``side`` × ``side`` patches, and these as the sequence that is read.

    Args:
        image: ``(h, w)`` in [0, 1].
        side: patches in a row and in a column.

    Raises:
        ValueError: an image that is not square, or that the patches do not tile.
    """
    image = numbers(image)
    _check_tiles(image, side)
    patch = len(image) // side
    fig, axes = figure(1, 2, 7.0, 2.6)
    picture(axes[0], image, f"{len(image)} × {len(image)} pixels", cmap="gray", vmin=0, vmax=1)
    picture(axes[1], _cut(image, side), f"{side * side} patches of {patch} × {patch}", **_grey())
    for i in range(side * side):
        row, column = divmod(i, side)
        corner = (column * (patch + 1) + 0.1, row * (patch + 1) + 0.1)
        text = axes[1].text(*corner, str(i + 1), size=6, color="#FFD27A", ha="left", va="top", weight="bold")
        text.set_path_effects([withStroke(linewidth=1.5, foreground="black")])
    return fig


@styled
def gaze_sheet(image, weights, asks: int) -> Figure:
    """Show where every head of every layer looks from one place: its weights, laid over the image.

    The darker a patch, the larger its weight; the square above the image is the class token's. Colours go with the
    root of the weight, so that small ones can be told apart, up to the largest of all.

    Args:
        image: ``(h, w)`` in [0, 1].
        weights: ``(layers, heads, n)``, of the place that looks; place 0 is the class token, the others are patches.
        asks: that place; its patch is outlined.

    Raises:
        ValueError: weights of no whole number of rows of patches, or that do not tile the image.
    """
    image, weights = numbers(image), numbers(weights)
    side = round((weights.shape[-1] - 1) ** 0.5)
    if weights.ndim != 3 or side**2 != weights.shape[-1] - 1 or not 0 <= asks < weights.shape[-1]:
        raise ValueError(f"weights are (layers, heads, 1 + side²), and one place asks; got {weights.shape} and {asks}")
    _check_tiles(image, side)
    layers, heads, _ = weights.shape
    cell = len(image) // side + 1
    fig, axes = figure(layers, heads, 1.5 * heads + 0.9, 1.75 * layers)
    scale = PowerNorm(0.5, 0, weights.max())
    for i, place in enumerate(axes):
        layer, head = divmod(i, heads)
        picture(place, _painted(image, GAZE(scale(weights[layer, head])), side))
        place.text(cell + 0.5, cell / 2 - 0.5, f"layer {layer + 1}, head {head + 1}", size=7.5, va="center")
        row, column = divmod(asks - 1, side) if asks else (-1, 0)
        corner = (column * cell - 0.7, (row + 1) * cell - 0.7)
        place.add_patch(Rectangle(corner, cell - 0.6, cell - 0.6, fill=False, color=COLOURS["blue"], lw=2))
    fig.colorbar(ScalarMappable(scale, GAZE), ax=axes, aspect=40, pad=0.02, shrink=0.8, label="weight")
    return fig


@styled
def likeness(table, side: int, title: str = "") -> Figure:
    """Show how much each of some patches' vectors is like all others': a small map for each, where it lies.

    Args:
        table: ``(side², side²)``, from −1 to 1: row i is what patch i is compared with.
        side: patches in a row and in a column.
        title: of the figure.

    Raises:
        ValueError: a table of another shape.
    """
    table = numbers(table)
    if table.shape != (side**2, side**2):
        raise ValueError(f"{side} × {side} patches take a table ({side**2}, {side**2}); got {table.shape}")
    step = side + 1
    sheet = np.full((side * step - 1, side * step - 1), np.nan)
    for i, row in enumerate(table):
        top, left = (part * step for part in divmod(i, side))
        sheet[top : top + side, left : left + side] = row.reshape(side, side)
    fig, (place,) = figure(1, 1, 4.4, 3.9)
    picture(place, sheet, title, cmap=DIVERGING, vmin=-1, vmax=1)
    fig.colorbar(place.images[0], ax=place, aspect=25, pad=0.02, label="cosine of the angle")
    return fig


def _symbols(place: Axes, source: Sequence[str], target: Sequence[str]) -> None:
    """Write the source above a map and the target to its left."""
    place.set_xticks(range(len(source)), [_seen(symbol) for symbol in source])
    place.set_yticks(range(len(target)), [_seen(symbol) for symbol in target])
    place.tick_params(length=0, top=False, bottom=False, labeltop=False, labelbottom=True)
    for label in (*place.get_xticklabels(), *place.get_yticklabels()):
        label.set(family="monospace", size=10)
    place.spines[:].set_visible(False)


def _seen(symbol: str) -> str:
    return "␣" if symbol == " " else symbol


def _cut(image: np.ndarray, side: int) -> np.ndarray:
    """Pull the patches of an image apart by a gap of one pixel, which is not a number."""
    patch = len(image) // side
    sheet = np.full((side * (patch + 1) - 1,) * 2, np.nan)
    for row in range(side):
        for column in range(side):
            top, left = row * (patch + 1), column * (patch + 1)
            inside = image[row * patch : (row + 1) * patch, column * patch : (column + 1) * patch]
            sheet[top : top + patch, left : left + patch] = inside
    return sheet


def _painted(image: np.ndarray, colours: np.ndarray, side: int) -> np.ndarray:
    """Colour the class token's square and, below, the patches in their colours, ink on top; return ``(h, w, 3)``."""
    cell = len(image) // side + 1
    ink = np.nan_to_num(_cut(image, side))[..., None]
    sheet = np.ones(((side + 1) * cell - 1, side * cell - 1, 3))
    for place, colour in enumerate(colours[:, :3]):
        row, column = divmod(place - 1, side) if place else (-1, 0)
        top, left = (row + 1) * cell, column * cell
        sheet[top : top + cell - 1, left : left + cell - 1] = colour
    sheet[cell:] *= 1 - 0.85 * ink
    return sheet


def _grey() -> dict:
    return {"cmap": "gray", "vmin": 0, "vmax": 1}


def _check_tiles(image: np.ndarray, side: int) -> None:
    if image.ndim != 2 or image.shape[0] != image.shape[1] or side < 1 or image.shape[0] % side:
        raise ValueError(f"{side} × {side} patches must tile a square image; got {image.shape}")
