"""How figures are written: light where that cannot be seen, whole where it can."""

import io

import numpy as np
from PIL import Image

from largemodels.show import curves, gallery


def written(fig, **options) -> Image.Image:
    file = io.BytesIO()
    fig.savefig(file, format="png", **options)
    return Image.open(file)


def test_a_chart_is_written_with_a_palette_and_looks_the_same():
    fig = curves([1, 2, 3], {"a": [[1, 2, 3], [2, 2, 5]], "b": [3, 1, 2]}, "x", "y")
    picture = written(fig)
    whole = np.asarray(fig.canvas.buffer_rgba(), dtype=float)[..., :3]
    assert picture.mode == "P"
    assert np.abs(np.asarray(picture.convert("RGB")) - whole).mean() < 1


def test_a_picture_of_many_colours_is_written_whole():
    noise = np.random.default_rng(0).random((3, 64, 64))
    assert written(gallery([noise])).mode == "RGB"


def test_figures_can_be_cropped_and_written_in_other_formats():
    fig = gallery([np.eye(7)])
    assert written(fig, bbox_inches="tight").size != (0, 0)
    file = io.BytesIO()
    fig.savefig(file, format="svg")
    assert b"<svg" in file.getvalue()
