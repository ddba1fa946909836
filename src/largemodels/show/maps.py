"""What the units of a network respond to: sheets of feature maps, filters, patches, and where they look."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from largemodels.show.style import COLOURS, DIVERGING, SEQUENTIAL, figure, numbers, picture, styled

PLACES = ("upper left", "upper right", "lower left", "lower right")


@styled
def map_sheet(maps, title: str = "", columns: int = 16, names: Sequence = ()) -> Figure:
    """Show all feature maps of one layer on one sheet, on one scale.

    Maps that are never negative run from black (0) to yellow; others from blue over white (0) to red.

    Args:
        maps: ``(c, h, w)``.
        title: of the sheet.
        columns: maps per row.
        names: one for each map, written into its corner; their numbers if not given.

    Raises:
        ValueError: not three axes, no map, or not as many names.
    """
    maps = _stack(maps, 3)
    names = list(names) or [str(i) for i in range(len(maps))]
    if len(names) != len(maps):
        raise ValueError(f"{len(maps)} maps need as many names; got {len(names)}")
    columns = min(columns, len(maps))
    tiled, corners = _tile(maps, columns)
    fig, (axes,) = figure(1, 1, 7.0, 0.45 + 6.3 * tiled.shape[0] / tiled.shape[1])
    picture(axes, tiled, title, **_scale(maps))
    for (row, column), name in zip(corners, names, strict=True):
        axes.text(column - 0.5, row - 0.7, name, size=6, color=COLOURS["grey"], va="bottom", ha="left")
    fig.colorbar(axes.images[0], ax=axes, aspect=25, pad=0.015, shrink=0.9)
    return fig


@styled
def filter_rows(rows: Mapping[str, object], columns: int = 16) -> Figure:
    """Show sets of small filters, one set above the other in the same order, all on one scale.

    Args:
        rows: name → ``(n, p, q)``; every set has as many filters of the same size.
        columns: filters per line.

    Raises:
        ValueError: sets of different shapes.
    """
    stacks = {name: _stack(filters, 3) for name, filters in rows.items()}
    shapes = {stack.shape for stack in stacks.values()}
    if len(shapes) != 1:
        raise ValueError(f"every set must have filters of one shape; got {sorted(shapes)}")
    n, _, _ = shapes.pop()
    scale = _scale(np.stack(list(stacks.values())), signed=True)
    lines, each = math.ceil(n / columns), 7.0 / min(n, columns)
    fig, axes = figure(len(stacks), 1, 7.0, len(stacks) * (lines * each + 0.3))
    for place, (name, stack) in zip(axes, stacks.items(), strict=True):
        picture(place, _tile(stack, min(n, columns))[0], name, **scale)
    return fig


@styled
def where_it_looks(images: Sequence, windows: Mapping[str, tuple[range, range]], titles: Sequence[str] = ()) -> Figure:
    """Draw windows of the image, one colour each, over pictures of the same size.

    Args:
        images: ``(h, w)`` each, in grey; a picture with negative numbers is drawn blue and red, white at 0.
        windows: name → the rows and the columns that a unit sees.
        titles: one for each picture.

    Raises:
        ValueError: no picture, or not as many titles.
    """
    images = [np.asarray(image, dtype=float) for image in images]
    if not images or len(titles) not in (0, len(images)):
        raise ValueError(f"at least one picture, and as many titles or none; got {len(images)} and {len(titles)}")
    each = min(2.8, 5.4 / len(images))
    fig, axes = figure(1, len(images), len(images) * each + 1.6, each + 0.3)
    for place, image, title in zip(axes, images, titles or [""] * len(images), strict=True):
        picture(place, image, title, **(_scale(image, signed=True) if image.min() < 0 else {"cmap": "gray"}))
        for (name, (rows, columns)), colour in zip(windows.items(), COLOURS.values(), strict=False):
            corner = (columns.start - 0.5, rows.start - 0.5)
            box = Rectangle(corner, len(columns), len(rows), fill=False, color=colour, lw=2, label=name)
            place.add_patch(box)
        place.set(xlim=(-0.6, image.shape[1] - 0.4), ylim=(image.shape[0] - 0.4, -0.6))
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside right center")
    return fig


@styled
def patch_sheet(patches, names: Sequence[str], marks: Sequence[Sequence[str]]) -> Figure:
    """Show the patches of images that excite some units most: a row for each unit, the strongest first.

    Args:
        patches: ``(units, n, h, w)`` in [0, 1].
        names: one for each unit.
        marks: what to write into the corner of each patch, ``units`` rows of ``n``.

    Raises:
        ValueError: not four axes, or not as many names or marks.
    """
    patches = _stack(patches, 4)
    units, n, h, w = patches.shape
    if len(names) != units or [len(row) for row in marks] != [n] * units:
        raise ValueError(
            f"{units} units need as many names, and {n} marks each; got {len(names)} and {len(marks)} rows"
        )
    tiled, corners = _tile(patches.reshape(-1, h, w), n)
    fig, (axes,) = figure(1, 1, 7.0, 0.1 + 6.4 * tiled.shape[0] / tiled.shape[1])
    picture(axes, tiled, cmap=_with_gaps("gray"), vmin=0, vmax=1)
    for (row, column), mark in zip(corners, [mark for line in marks for mark in line], strict=True):
        text = axes.text(column - 0.3, row - 0.3, mark, size=8, color="#FFD27A", va="top", ha="left", weight="bold")
        text.set_path_effects([withStroke(linewidth=2, foreground="black")])
    middles = [corners[i * n][0] + (h - 1) / 2 for i in range(units)]
    axes.set(yticks=middles, yticklabels=names)
    axes.tick_params(length=0)
    return fig


@styled
def pooling(before, winners, after) -> Figure:
    """Show a map before max pooling by 2, which of each four won, and what is left.

    Args:
        before: ``(2h, 2w)``.
        winners: ``(h, w)``, 0 to 3: upper left, upper right, lower left, lower right.
        after: ``(h, w)``.
    """
    before, winners, after = (np.asarray(array, dtype=float) for array in (before, winners, after))
    fig, axes = figure(1, 3, 7.0, 2.7)
    scale = _scale(np.concatenate([before.ravel(), after.ravel()]))
    picture(axes[0], before, "before: {} × {}".format(*before.shape), **scale)
    colours = ListedColormap([COLOURS[name] for name in ("grey", "blue", "orange", "yellow")])
    picture(axes[1], winners, "which of the four won", cmap=colours, vmin=-0.5, vmax=3.5)
    picture(axes[2], after, "after: {} × {}".format(*after.shape), **scale)
    handles = [Rectangle((0, 0), 1, 1, color=colours(i)) for i in range(4)]
    axes[1].legend(handles, PLACES, ncols=2, loc="upper center", bbox_to_anchor=(0.5, 0), handlelength=1, fontsize=8)
    return fig


@styled
def saliency_sheet(images, rows: Mapping[str, object], signed: bool | None = None) -> Figure:
    """Show what different explanations mark in the same images, each map on its own scale.

    Args:
        images: ``(n, h, w)`` in [0, 1], the first row.
        rows: name → ``(n, h, w)``; with negative numbers blue and red, else from black to yellow.
        signed: draw all in blue and red, or all from black to yellow.

    Raises:
        ValueError: maps of another shape than the images.
    """
    images = _stack(images, 3)
    n = len(images)
    each = min(1.35, 6.0 / n)
    fig, axes = figure(1 + len(rows), n, n * each + 1.0, (1 + len(rows)) * each)
    for place, image in zip(axes, images, strict=False):
        picture(place, image, cmap="gray", vmin=0, vmax=1)
    axes[0].set_ylabel("image", rotation=0, ha="right", va="center")
    for i, (name, maps) in enumerate(rows.items(), start=1):
        maps = np.asarray(maps, dtype=float)
        if maps.shape != images.shape:
            raise ValueError(f"{name!r} takes the images' shape {images.shape}; got {maps.shape}")
        for place, values in zip(axes[i * n : (i + 1) * n], maps, strict=True):
            picture(place, values, **_scale(values, signed))
        axes[i * n].set_ylabel(name, rotation=0, ha="right", va="center")
    return fig


def _stack(arrays, ndim: int) -> np.ndarray:
    stack = numbers(arrays)
    if stack.ndim != ndim or 0 in stack.shape:
        raise ValueError(f"takes an array of {ndim} axes, none of them 0; got {stack.shape}")
    return stack


def _scale(values: np.ndarray, signed: bool | None = None) -> dict:
    """Colours for one scale: from 0 up, or both ways from 0 when any number is negative."""
    largest = float(np.abs(values).max()) or 1.0
    if values.min() < 0 if signed is None else signed:
        return {"cmap": _with_gaps(DIVERGING), "vmin": -largest, "vmax": largest}
    return {"cmap": _with_gaps(SEQUENTIAL), "vmin": 0, "vmax": largest}


def _with_gaps(name: str):
    return colormaps[name].with_extremes(bad="white")


def _tile(stack: np.ndarray, columns: int) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Lay ``(n, h, w)`` out on one sheet with a gap between; also return every tile's first row and column."""
    n, h, w = stack.shape
    gap = max(1, round(h / 10))
    above = gap if h < 6 else max(gap, round(h / 5))  # room for a number
    rows = math.ceil(n / columns)
    sheet = np.full((rows * (h + above), columns * (w + gap) - gap), np.nan)
    corners = [(i // columns * (h + above) + above, i % columns * (w + gap)) for i in range(n)]
    for (row, column), tile in zip(corners, stack, strict=True):
        sheet[row : row + h, column : column + w] = tile
    return sheet, corners
