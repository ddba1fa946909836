"""Sound beside its images, what was found in a picture, and which model reads which sense."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from largemodels.show.style import COLOURS, SEQUENTIAL, figure, numbers, picture, styled

INK = "#374151"
IN, AS, BY = 0.0, 3.4, 7.4  # where the three columns of the map stand
STREAMS = (  # what comes in, as what, which model reads it, and whether this book runs it
    ("text", "tokens", "Transformer", True),
    ("images", "patches", "Transformer", True),
    ("images", "pixels", "ConvNet", True),
    ("sound", "spectrogram", "ConvNet", True),
    ("sound", "spectrogram", "Transformer", False),
)


@styled
def sound_and_image(signal, rate: int, images: Sequence[tuple[str, object, Sequence[str]]]) -> Figure:
    """Show a sound as it swings, and below each other images of it; time runs to the right in all of them.

    Args:
        signal: ``(n,)``.
        rate: samples in a second.
        images: title, ``(h, w)`` with the lowest frequency in the last row, and what to write beside the last and the
            first row.

    Raises:
        ValueError: a signal of another shape, or no images.
    """
    signal = numbers(signal)
    if signal.ndim != 1 or len(signal) == 0 or len(images) == 0:
        raise ValueError(f"takes a signal (n,) and at least one image; got {signal.shape} and {len(images)}")
    fig, axes = figure(1 + len(images), 1, 7.0, 1.1 + 1.5 * len(images))
    axes[0].plot(np.arange(len(signal)) / rate, signal, lw=0.5, color=COLOURS["blue"])
    axes[0].set(xlim=(0, len(signal) / rate), yticks=[], xlabel="seconds", title="the sound")
    for place, (title, image, (low, high)) in zip(axes[1:], images, strict=True):
        image = numbers(image)
        place.imshow(image, cmap=SEQUENTIAL, aspect="auto")
        place.set(title=title, xticks=[], yticks=[0, len(image) - 1], yticklabels=[high, low])
    return fig


@styled
def found_in(pictures: Sequence, marks: Sequence[Sequence[tuple[float, float, str, bool]]], side: float) -> Figure:
    """Show pictures side by side, a square around everything that was found in them.

    Args:
        pictures: grey, each ``(h, w)``.
        marks: for each picture (row, column, name, right): the middle of a square, what it is taken for, and whether
            that is right: green if so, else orange with a cross.
        side: of the squares, in pixels.

    Raises:
        ValueError: no pictures, or not as many lists of marks.
    """
    if len(pictures) == 0 or len(pictures) != len(marks):
        raise ValueError(f"each picture takes a list of marks; got {len(pictures)} pictures and {len(marks)} lists")
    fig, axes = figure(1, len(pictures), 7.0, 7.0 / len(pictures) + 0.1)
    for place, image, found in zip(axes, pictures, marks, strict=True):
        picture(place, numbers(image), cmap="gray", vmin=0, vmax=1)
        for row, column, name, right in found:
            colour = "#4ADE80" if right else "#FB923C"
            corner = (column - side / 2 - 0.5, row - side / 2 - 0.5)
            place.add_patch(Rectangle(corner, side, side, fill=False, color=colour, lw=1.4))
            text = name if right else f"{name} ✗"
            place.text(corner[0] + 2, corner[1] + 2, text, color=colour, va="top", size=9, weight="bold")
    return fig


@styled
def which_model_reads_what() -> Figure:
    """Draw text, images and sound, the form in which each is read, and the two kinds of model that read it."""
    fig, (axes,) = figure(1, 1, 7.0, 2.9)
    axes.set(xlim=(-0.9, 8.6), ylim=(-0.6, 3.7), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    columns = [
        (IN, {"text": 3.0, "images": 1.5, "sound": 0.0}, 1.3, "green"),
        (AS, {"tokens": 3.0, "patches": 2.0, "pixels": 1.0, "spectrogram": 0.0}, 1.8, "purple"),
        (BY, {"Transformer": 2.3, "ConvNet": 0.5}, 1.8, "blue"),
    ]
    for x, places, width, colour in columns:
        for name, y in places.items():
            frame = FancyBboxPatch((x - width / 2, y - 0.26), width, 0.52, boxstyle="round,pad=0.06", lw=1.3)
            frame.set(facecolor="#FFFFFF", edgecolor=COLOURS[colour], zorder=3)
            axes.add_patch(frame)
            axes.text(x, y, name, ha="center", va="center", size=9.5, color=INK, zorder=4)
    (_, first, left, _), (_, second, middle, _), (_, third, right, _) = columns
    ways = ((IN + left / 2, first, AS - middle / 2, second), (AS + middle / 2, second, BY - right / 2, third))
    drawn = {}  # an arrow is solid if any stream that takes it is
    for come, read, model, here in STREAMS:
        for way, pair in zip(ways, ((come, read), (read, model)), strict=True):
            drawn[pair] = (way, drawn.get(pair, (way, False))[1] or here)
    for (start, end), ((x, ys, to, ends), here) in drawn.items():
        arrow = {"arrowstyle": "-|>", "color": INK if here else COLOURS["grey"], "lw": 1.3, "mutation_scale": 11}
        arrow["linestyle"] = "-" if here else (0, (4, 3))
        axes.annotate("", (to - 0.1, ends[end]), (x + 0.1, ys[start]), arrowprops=arrow)
    heads = zip((IN, AS, BY), ("what comes in", "how it is cut up", "what reads it"), strict=True)
    for x, head in heads:
        axes.text(x, 3.55, head, ha="center", size=9, color=COLOURS["grey"])
    return fig
