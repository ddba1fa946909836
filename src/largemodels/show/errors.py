"""Where a classifier is wrong, and how sure it was."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from largemodels.show.images import GREY, _array
from largemodels.show.style import COLOURS, figure, picture, styled


@styled
def mistakes(images, labels, probabilities, names: Sequence[str], columns: int = 7) -> Figure:
    """Show the images whose most probable class is not their label, the surest mistake first.

    Under each image: what it is, what the model says, and the probability that it gives to its answer.

    Args:
        images: ``(n, 1, h, w)`` or ``(n, h, w)`` in [0, 1].
        labels: ``(n,)``.
        probabilities: ``(n, classes)``.
        names: of the classes.
        columns: images per row.

    Raises:
        ValueError: shapes that do not fit, or no mistake among the images.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities)
    if not len(images) == len(labels) == len(probabilities) or probabilities.shape[1:] != (len(names),):
        raise ValueError(
            f"{len(images)} images and {len(names)} names take labels ({len(images)},) and probabilities "
            f"({len(images)}, {len(names)}); got {labels.shape} and {probabilities.shape}"
        )
    answers, sure = probabilities.argmax(1), probabilities.max(1)
    wrong = sorted(np.flatnonzero(answers != labels), key=lambda i: -sure[i])
    if not wrong:
        raise ValueError("there is no mistake to show: every answer is the label")
    rows = math.ceil(len(wrong) / columns)
    fig, axes = figure(rows, columns, 7.0, rows * (7.0 / columns + 0.4))
    for place, i in zip(axes, wrong, strict=False):
        picture(place, _array(images[i]), **GREY)
        place.set_title(f"{names[labels[i]]}, not {names[answers[i]]}\n{100 * sure[i]:.0f} % sure", size=9)
    for place in axes[len(wrong) :]:
        place.set_axis_off()
    return fig


@styled
def confusion(counts, names: Sequence[str]) -> Figure:
    """Show how often each class was taken for which; right answers are left pale, so that mistakes stand out.

    Args:
        counts: ``(classes, classes)``; rows are what an example is, columns what the model says.
        names: of the classes.
    """
    counts = np.asarray(counts)
    wrong = counts * (1 - np.eye(len(names), dtype=counts.dtype))
    fig, (axes,) = figure(1, 1, 4.6, 4.4)
    axes.imshow(wrong, cmap="Oranges", vmin=0, vmax=max(1, wrong.max()) * 1.4)
    for (i, j), count in np.ndenumerate(counts):
        if count:
            axes.text(j, i, f"{count:.0f}", ha="center", va="center", color=COLOURS["grey"] if i == j else "black")
    axes.set(xlabel="the model says", ylabel="it is")
    axes.set_xticks(range(len(names)), names, rotation=45 if max(map(len, names)) > 3 else 0)
    axes.set_yticks(range(len(names)), names)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return fig


@styled
def confidence(sure, right, bins: Sequence[float] = (0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 1)) -> Figure:
    """Show how often a model is right when it is how sure.

    Left: the share of right answers among those of one confidence, beside the diagonal on which the two would
    be equal. Right: how many answers have that confidence.

    Args:
        sure: ``(n,)``, the probability of each answer.
        right: ``(n,)``, whether it was right.
        bins: the edges of the groups.
    """
    sure, right = np.asarray(sure, dtype=float), np.asarray(right, dtype=bool)
    group = np.clip(np.digitize(sure, bins) - 1, 0, len(bins) - 2)
    full = [g for g in range(len(bins) - 1) if (group == g).any()]
    mean = [sure[group == g].mean() for g in full]
    share = [right[group == g].mean() for g in full]
    number = [(group == g).sum() for g in full]
    names = [f"{100 * bins[g]:g}–{100 * bins[g + 1]:g} %" for g in full]
    fig, (calibration, size) = figure(1, 2, 7.0, 2.8)
    calibration.plot([0, 1], [0, 1], color=COLOURS["grey"], lw=1, ls="--")
    calibration.plot(mean, share, "o-", color=COLOURS["blue"])
    calibration.set(xlabel="mean confidence", ylabel="share right", xlim=(0.3, 1.02), ylim=(-0.02, 1.05))
    size.barh(names, number, color=COLOURS["blue"])
    size.bar_label(size.containers[0], padding=3, color=COLOURS["grey"])
    size.set(xlabel="answers", ylabel="confidence")
    size.margins(x=0.15)
    return fig
