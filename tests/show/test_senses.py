"""Sounds, findings and the map of models: everything that was measured is drawn, where it belongs."""

import numpy as np
import pytest

from largemodels.show import found_in, sound_and_image, which_model_reads_what
from largemodels.show.senses import STREAMS


def test_a_sound_lasts_as_long_as_it_does_and_images_have_their_scales():
    fig = sound_and_image(np.sin(np.arange(4000)), 8000, [("power", np.eye(7), ("0 Hz", "4 kHz"))])
    wave, image = fig.axes
    assert wave.get_xlim() == (0, 0.5)
    assert wave.lines[0].get_xdata()[-1] == pytest.approx(3999 / 8000)
    assert [label.get_text() for label in image.get_yticklabels()] == ["4 kHz", "0 Hz"], "high frequencies on top"
    assert image.get_title(loc="left") == "power"


def test_what_was_found_stands_where_it_was_found_and_mistakes_are_marked():
    (axes,) = found_in([np.zeros((40, 60))], [[(10, 20, "7", True), (30, 45, "3", False)]], 8).axes
    corners = [(frame.get_x(), frame.get_y(), frame.get_width()) for frame in axes.patches]
    assert corners == [(15.5, 5.5, 8), (40.5, 25.5, 8)]
    assert [text.get_text() for text in axes.texts] == ["7", "3 ✗"]
    assert axes.patches[0].get_edgecolor() != axes.patches[1].get_edgecolor()


def test_the_map_names_every_station_and_dashes_only_what_the_book_does_not_run():
    (axes,) = which_model_reads_what().axes
    words = {text.get_text() for text in axes.texts}
    assert {station for stream in STREAMS for station in stream[:3]} <= words
    arrows = [text.arrow_patch for text in axes.texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == len({pair for come, read, by, _ in STREAMS for pair in ((come, read), (read, by))})
    assert sum(arrow.get_linestyle() != "-" for arrow in arrows) == 1


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match=r"got \(3, 4\) and 1"):
        sound_and_image(np.ones((3, 4)), 8000, [("a", np.eye(2), ("", ""))])
    with pytest.raises(ValueError, match="got 1 pictures and 0 lists"):
        found_in([np.eye(3)], [], 4)
