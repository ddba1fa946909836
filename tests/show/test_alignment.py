"""What the figures of cross-attention and of patches draw, and what they refuse."""

import numpy as np
import pytest
import torch

from largemodels.show import alignment, gaze_sheet, likeness, patches


def test_an_alignment_has_a_row_for_each_symbol_written_and_a_column_for_each_read():
    weights = torch.rand(3, 5)
    fig = alignment({"one": weights, "other": 1 - weights}, "ab cd", "xyz", [(range(1, 3), range(2, 5))])
    assert [axes.get_title(loc="left") for axes in fig.axes] == ["one", "other"]
    for axes, values in zip(fig.axes, (weights, 1 - weights), strict=True):
        assert np.asarray(axes.images[0].get_array()) == pytest.approx(values.numpy())
        assert axes.images[0].get_clim() == (0, 1)
        assert [label.get_text() for label in axes.get_xticklabels()] == list("ab␣cd")
        assert [label.get_text() for label in axes.get_yticklabels()] == list("xyz")
        (box,) = axes.patches
        assert (*box.get_xy(), box.get_width(), box.get_height()) == (1.5, 0.5, 3, 2)
    with pytest.raises(ValueError, match="'one' takes a row for each of 3 and a column for each of 5"):
        alignment({"one": weights.T}, "ab cd", "xyz")
    with pytest.raises(ValueError, match="no map"):
        alignment({}, "a", "b")


def test_patches_are_the_image_in_pieces_and_numbered():
    image = torch.rand(6, 6)
    fig = patches(image, 3)
    cut = np.asarray(fig.axes[1].images[0].get_array().filled(np.nan))
    assert cut.shape == (8, 8)
    assert np.isnan(cut[2]).all()
    assert cut[3:5, 6:8] == pytest.approx(image[2:4, 4:6].numpy())
    assert [text.get_text() for text in fig.axes[1].texts] == [str(i) for i in range(1, 10)]
    with pytest.raises(ValueError, match=r"4 × 4 patches must tile a square image; got \(6, 6\)"):
        patches(image, 4)


def test_a_gaze_sheet_has_the_weights_as_colours_and_the_ink_over_them():
    image = torch.zeros(4, 4)
    image[0, 0] = 1
    weights = torch.zeros(2, 3, 5)
    weights[1, 2, 4] = 0.4  # the last patch: the largest of all
    weights[1, 2, 0] = 0.1  # a quarter of it, so half the way up the scale
    fig = gaze_sheet(image, weights, 3)
    assert len(fig.axes) == 6 + 1  # and the bar of colours
    shown = [np.asarray(axes.images[0].get_array()) for axes in fig.axes[:6]]
    assert shown[0].shape == (8, 5, 3)
    paper = np.array([0xF4, 0xF4, 0xF1]) / 255
    assert shown[0][0, 0] == pytest.approx(paper, abs=0.01)  # the class token
    assert shown[0][3, 1] == pytest.approx(paper, abs=0.01)
    assert shown[0][3, 0] == pytest.approx(0.15 * paper, abs=0.01)  # ink
    assert shown[5][7, 4] == pytest.approx(np.array([0xDD, 0x6F, 0x16]) / 255, abs=0.01)
    assert shown[5][0, 0] == pytest.approx(np.array([0xF7, 0xC4, 0x81]) / 255, abs=0.01)
    (box,) = fig.axes[0].patches
    assert box.get_xy() == pytest.approx((-0.7, 5.3))  # the third patch: second row, first column
    for wrong, asks in ((weights[..., :4], 0), (weights[0], 0), (weights, 5)):
        with pytest.raises(ValueError, match="one place asks"):
            gaze_sheet(image, wrong, asks)


def test_likeness_lays_each_patchs_row_out_where_the_patch_lies():
    table = torch.rand(9, 9)
    fig = likeness(table, 3, "of positions")
    sheet = np.asarray(fig.axes[0].images[0].get_array().filled(np.nan))
    assert sheet.shape == (11, 11)
    assert sheet[4:7, 8:11] == pytest.approx(table[5].view(3, 3).numpy())
    assert fig.axes[0].images[0].get_clim() == (-1, 1)
    with pytest.raises(ValueError, match=r"take a table \(9, 9\)"):
        likeness(table[:8], 3)
