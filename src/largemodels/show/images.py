"""Images, patches of images, and the kernels that slide over them."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from largemodels.show.style import COLOURS, DIVERGING, figure, numbers, picture, styled

GREY = {"cmap": "gray", "vmin": 0, "vmax": 1}


@styled
def gallery(
    images: Sequence, titles: Sequence[str] = (), columns: int = 6, width: float = 7.0, signed: bool = False
) -> Figure:
    """Show images side by side, row by row.

    Args:
        images: each ``(h, w)`` or ``(1, h, w)`` in grey, or ``(3, h, w)`` in colour, in [0, 1].
        titles: one for each image, or none.
        columns: images per row.
        width: of the figure, in inches.
        signed: the images are feature maps: blue below 0, red above, white at 0, one scale for all.

    Raises:
        ValueError: no images, or not as many titles.
    """
    if len(images) == 0:
        raise ValueError("there are no images to show")
    if len(titles) not in (0, len(images)):
        raise ValueError(f"{len(images)} images need as many titles or none; got {len(titles)}")
    arrays = [_array(image) for image in images]
    columns = min(columns, len(arrays))
    rows = math.ceil(len(arrays) / columns)
    each = width / columns
    h, w = arrays[0].shape[:2]
    fig, axes = figure(rows, columns, width, rows * (each * h / w + (0.3 if titles else 0.05)))
    largest = max(float(np.abs(a).max()) for a in arrays) or 1.0
    scale = {"cmap": DIVERGING, "vmin": -largest, "vmax": largest} if signed else GREY
    for place, array, title in zip(axes, arrays, titles or [""] * len(arrays), strict=False):
        picture(place, array, title, **scale)
    for place in axes[len(arrays) :]:
        place.set_axis_off()
    if signed:
        fig.colorbar(axes[0].images[0], ax=axes, shrink=0.8, aspect=30, pad=0.02)
    return fig


@styled
def seen_through(image, values) -> Figure:
    """Show a grey image ``(h, w)`` in [0, 1] beside a feature map ``(h, w)`` of it, blue below 0 and red above."""
    image, values = _array(image), _array(values)
    h, w = values.shape
    fig, (left, right) = figure(1, 2, 7.0, 3.2 * h / w + 0.35)
    picture(left, image, "image", **GREY)
    picture(right, values, "feature map", **_signed(values))
    fig.colorbar(right.images[0], ax=right, shrink=0.9, aspect=25, pad=0.02)
    return fig


@styled
def patch_of(image, row: int, column: int, size: int = 3) -> Figure:
    """Show where a patch of a grey image lies, and its numbers.

    Args:
        image: ``(h, w)`` or ``(1, h, w)`` in [0, 1].
        row: of the patch's upper left corner.
        column: of the patch's upper left corner.
        size: side of the patch.

    Raises:
        ValueError: a patch that reaches over the edge.
    """
    image = _array(image)
    h, w = image.shape
    if not (0 <= row <= h - size and 0 <= column <= w - size):
        raise ValueError(f"a patch of {size} × {size} at ({row}, {column}) does not lie in an image of {h} × {w}")
    fig, (whole, near) = figure(1, 2, 7.0, 2.9, width_ratios=[1.75, 1])
    picture(whole, image, f"{h} × {w} numbers", **GREY)
    whole.add_patch(Rectangle((column - 0.5, row - 0.5), size, size, fill=False, color=COLOURS["orange"], lw=2))
    _grid(near, image[row : row + size, column : column + size], f"rows {row}–{row + size - 1}, columns "
          f"{column}–{column + size - 1}", **GREY)  # fmt: skip
    near.spines[:].set(visible=True, color=COLOURS["orange"], linewidth=2)
    return fig


@styled
def sum_of_products(patch, kernel, bias: float = 0.0) -> Figure:
    """Show one number of a feature map as it comes about: patch × kernel, number by number, then the sum.

    Args:
        patch: ``(p, q)``, what the kernel covers, in [0, 1].
        kernel: ``(p, q)``, its weights.
        bias: what is added at the end.

    Raises:
        ValueError: patch and kernel differ in shape.
    """
    patch, kernel = _array(patch), _array(kernel)
    if patch.shape != kernel.shape:
        raise ValueError(f"patch and kernel must have one shape; got {patch.shape} and {kernel.shape}")
    products = patch * kernel
    fig, axes = figure(1, 4, 7.0, 2.0)
    _grid(axes[0], patch, "patch", **GREY)
    _grid(axes[1], kernel, "× kernel", **_signed(kernel))
    _grid(axes[2], products, "= products", **_signed(products))
    axes[3].set_axis_off()
    axes[3].set_box_aspect(patch.shape[0] / patch.shape[1])
    axes[3].set_title("their sum" + (" + bias" if bias else ""))
    axes[3].text(0.5, 0.5, _number(products.sum() + bias), ha="center", va="center", size=20, color=COLOURS["orange"])
    return fig


@styled
def kernels_at_work(
    kernels: Mapping[str, object], maps: Mapping[str, object], pictures: Sequence[str] = (), columns: int = 3
) -> Figure:
    """Show each kernel ``(p, q)`` in the corner of the feature map ``(h, w)`` that it makes.

    Maps are drawn blue below 0 and red above; those named in ``pictures`` in grey, from 0 to 1.
    Raises ``ValueError`` unless kernels and maps have the same names.
    """
    if list(kernels) != list(maps) or not maps:
        raise ValueError(f"each kernel takes a map of its name; got {list(kernels)} and {list(maps)}")
    h, w = _array(next(iter(maps.values()))).shape
    rows = math.ceil(len(maps) / columns)
    fig, axes = figure(rows, columns, 7.0, rows * (7.0 / columns * h / w + 0.32))
    for place, (name, values) in zip(axes, maps.items(), strict=False):
        values = _array(values)
        scale = GREY if name in pictures else _signed(values)
        picture(place, values, name, **scale)
        corner = place.inset_axes([0.0, 0.0, 0.3 * h / w, 0.3])
        kernel = _array(kernels[name])
        corner.imshow(kernel, **_signed(kernel))
        corner.set(xticks=[], yticks=[])
        corner.spines[:].set(visible=True, color="black", linewidth=1)
    for place in axes[len(maps) :]:
        place.set_axis_off()
    return fig


@styled
def window_positions(cases: Sequence[tuple[int, int, int, int]]) -> Figure:
    """Draw where a square window comes to lie on a square image, one picture for each case.

    White cells are the image, grey ones the padding, the frame is the first window, and each dot is the
    middle of one: as many dots as numbers in the feature map.

    Args:
        cases: ``(size, kernel, stride, padding)`` each, as arguments of a convolution.
    """
    fig, axes = figure(1, len(cases), 7.0, 2.5)
    for place, (size, kernel, stride, padding) in zip(axes, cases, strict=True):
        whole = size + 2 * padding
        count = (whole - kernel) // stride + 1
        for i in range(whole):
            for j in range(whole):
                inside = padding <= i < padding + size and padding <= j < padding + size
                face = "#FFFFFF" if inside else "#E5E7EB"
                place.add_patch(Rectangle((j, i), 1, 1, facecolor=face, edgecolor="#9CA3AF", lw=0.7))
        middles = [i * stride + kernel / 2 for i in range(count)]
        place.plot(*zip(*[(x, y) for y in middles for x in middles], strict=True), "o", color=COLOURS["orange"], ms=4.5)
        place.add_patch(Rectangle((0, 0), kernel, kernel, fill=False, color=COLOURS["orange"], lw=2.2))
        place.set(xlim=(-0.1, whole + 0.1), ylim=(whole + 0.1, -0.1), aspect="equal", xticks=[], yticks=[])
        place.spines[:].set_visible(False)
        place.set_title(f"stride {stride}, padding {padding}: {count} × {count}")
    return fig


@styled
def matrix(values, title: str = "", rows: str = "", columns: str = "", width: float = 5.0) -> Figure:
    """Show a matrix ``(n, m)`` as a picture, white at 0. ``rows`` and ``columns`` say what they count."""
    values = _array(values)
    n, m = values.shape
    fig, (place,) = figure(1, 1, width, width * n / m + 0.6)
    picture(place, values, title, **_signed(values))
    place.set(xlabel=columns, ylabel=rows)
    place.spines[:].set_visible(True)
    return fig


def _array(image) -> np.ndarray:
    """Return ``(h, w)`` or ``(h, w, 3)`` from a tensor or array ``(h, w)``, ``(1, h, w)`` or ``(3, h, w)``."""
    array = numbers(image)
    if array.ndim == 3 and array.shape[0] in (1, 3):
        array = np.moveaxis(array, 0, -1) if array.shape[0] == 3 else array[0]
    if array.ndim not in (2, 3):
        raise ValueError(f"an image has shape (h, w), (1, h, w) or (3, h, w); got {array.shape}")
    return array


def _signed(values: np.ndarray) -> dict:
    largest = float(np.abs(values).max()) or 1.0
    return {"cmap": DIVERGING, "vmin": -largest, "vmax": largest}


def _grid(place: Axes, values: np.ndarray, title: str, **scale) -> None:
    """Show a small array as coloured cells with their numbers."""
    picture(place, values, title, **scale)
    for (i, j), value in np.ndenumerate(values):
        red, green, blue, _ = place.images[0].cmap(place.images[0].norm(value))
        ink = "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"
        place.text(j, i, _number(value), ha="center", va="center", color=ink)


def _number(value: float) -> str:
    """Write a number with two decimals at most and a true minus sign."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "0") else text.replace("-", "−")
