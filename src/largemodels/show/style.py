"""The look of the book's figures: one palette, one way to open a figure."""

from functools import wraps

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

# Okabe and Ito's colours that can be told apart by the colour-blind, darkened where thin lines need it
COLOURS = {
    "blue": "#0072B2",
    "orange": "#D55E00",
    "green": "#00875F",
    "purple": "#A0507F",
    "yellow": "#B88A00",
    "grey": "#6B7280",
}
SEQUENTIAL = "magma"  # for what is never negative: activations after a ReLU, probabilities
DIVERGING = "RdBu_r"  # for what has a sign: weights, responses before a ReLU; always centred on 0

VISIBLE = 1.0  # mean difference from which a palette would show, in steps of 256

STYLE = {
    "figure.dpi": 110,
    "figure.facecolor": "#FFFFFF",
    "savefig.bbox": "tight",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.labelcolor": "#374151",
    "axes.edgecolor": "#9CA3AF",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": "#E5E7EB",
    "xtick.color": "#4B5563",
    "ytick.color": "#4B5563",
    "axes.prop_cycle": plt.cycler(color=list(COLOURS.values())),
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "image.interpolation": "nearest",
}


class SmallCanvas(FigureCanvasAgg):
    """Writes PNG pictures with a palette of 128 colours where that cannot be seen: a third of the size.

    It keeps notebooks and pages light. A picture that would lose by it, as a colour photograph does, stays as it is.
    """

    def print_png(self, filename_or_obj, **options):
        """Draw the figure and write it to a file or a path; matplotlib's further options are not needed."""
        self.draw()
        whole = Image.fromarray(np.asarray(self.buffer_rgba())).convert("RGB")
        small = whole.quantize(128, dither=Image.Dither.NONE)
        lost = np.abs(np.asarray(whole, dtype=float) - np.asarray(small.convert("RGB"), dtype=float)).mean()
        picture = small if lost < VISIBLE else whole
        picture.save(filename_or_obj, "png", dpi=(self.figure.dpi,) * 2, optimize=True)


def styled(draw):
    """Decorate a figure function so that everything it draws has the book's style."""

    @wraps(draw)
    def drawn(*args, **kwargs):
        with plt.rc_context(STYLE):
            return draw(*args, **kwargs)

    return drawn


def figure(
    rows: int = 1, columns: int = 1, width: float = 7.0, height: float = 3.0, **layout
) -> tuple[Figure, list[Axes]]:
    """Open a figure inside a :func:`styled` function; return it and its axes, row by row.

    Sizes are inches for the whole figure; ``layout`` goes to ``plt.subplots``. The figure is closed to
    pyplot at once, so that a notebook shows it only where a cell returns it.
    """
    fig, axes = plt.subplots(rows, columns, figsize=(width, height), squeeze=False, layout="constrained", **layout)
    plt.close(fig)
    SmallCanvas(fig)
    return fig, list(axes.flat)


def numbers(values) -> np.ndarray:
    """Return a tensor on any device, an array or a list as an array of float64."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values, dtype=float)


def picture(axes: Axes, image, title: str = "", **imshow) -> None:
    """Show a single image ``(h, w)`` or ``(h, w, 3)`` without ticks."""
    axes.imshow(image, **imshow)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(title)
