"""What a program reaches of what a processor can do: operations per second by operations per byte."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from largemodels.show.style import COLOURS, figure, numbers, styled

MARKERS = ("o", "s", "^", "D")
BESIDE = ({"xytext": (-7, -4), "ha": "right"}, {"xytext": (7, -4), "ha": "left"})  # labels: of one series, of the next
OFFSET = {"textcoords": "offset points", "color": "#374151"}


@styled
def roofline(
    peak: float, bandwidth: float, series: Mapping[str, object], labels: Mapping[str, Sequence[str]] | None = None
) -> Figure:
    """Draw the roof that memory and arithmetic make together, and measured points below it (Williams et al. 2009).

    Args:
        peak: the most operations per second.
        bandwidth: the most bytes per second from memory.
        series: name → ``(n, 2)``: operations per byte, and operations per second that were reached.
        labels: name → what to write beside each of its points, ``(n,)``.

    Raises:
        ValueError: no series, points that are not pairs of numbers above 0, or not a label for each.
    """
    points = {name: numbers(values) for name, values in series.items()}
    if not points or min(peak, bandwidth) <= 0:
        raise ValueError(f"it takes a peak and a bandwidth above 0, and points; got {peak}, {bandwidth}, {len(points)}")
    for name, pairs in points.items():
        if pairs.ndim != 2 or pairs.shape[1] != 2 or not (pairs > 0).all():
            raise ValueError(f"points of {name!r} are pairs (n, 2) of numbers above 0; got shape {pairs.shape}")
        if labels and name in labels and len(labels[name]) != len(pairs):
            raise ValueError(f"{name!r} has {len(pairs)} points and {len(labels[name])} labels")
    ridge = peak / bandwidth  # operations per byte from which arithmetic is the limit
    found = np.concatenate([pairs[:, 0] for pairs in points.values()])
    left, right = min(found.min(), ridge) / 2, max(found.max(), ridge) * 3
    fig, (axes,) = figure(1, 1, 7.0, 3.6)
    x = np.array([left, ridge, right])
    axes.plot(x, np.minimum(peak, bandwidth * x) / 1e9, color="#374151", label="_roof")
    axes.axvline(ridge, color=COLOURS["grey"], lw=0.8, ls=":")
    axes.text(right / 1.1, peak / 1e9 * 1.12, f"arithmetic: {peak / 1e9:,.0f} GFLOP/s", ha="right", color="#374151")
    along = left**0.3 * ridge**0.7
    axes.annotate(
        f"memory: {bandwidth / 1e9:,.0f} GB/s", (along, bandwidth * along / 1e9), (-8, 4), ha="right", **OFFSET
    )
    for i, ((name, pairs), colour, marker) in enumerate(zip(points.items(), COLOURS.values(), MARKERS, strict=False)):
        axes.plot(pairs[:, 0], pairs[:, 1] / 1e9, marker, color=colour, ms=6, label=name)
        for (at, reached), label in zip(pairs, (labels or {}).get(name, ()), strict=False):
            axes.annotate(label, (at, reached / 1e9), **BESIDE[i % 2], **OFFSET | {"color": colour})
    axes.set(xscale="log", yscale="log", xlim=(left, right), xlabel="operations per byte", ylabel="GFLOP/s")
    lowest = min(pairs[:, 1].min() for pairs in points.values()) / 1e9
    axes.set_ylim(min(lowest, bandwidth * left / 1e9) / 2.5, peak / 1e9 * 2)
    axes.grid(which="major")
    axes.legend(loc="lower right")
    return fig
