"""What the figures of feature maps draw, and what they refuse."""

import numpy as np
import pytest
import torch

from largemodels.show import (
    contributions,
    filter_rows,
    map_sheet,
    patch_sheet,
    pooling,
    responses,
    saliency_sheet,
    tuning,
    where_it_looks,
)


def sheet_of(fig, number=0):
    return np.ma.filled(fig.axes[number].images[0].get_array().astype(float), np.nan)


def test_a_sheet_holds_every_number_of_every_map_once():
    maps = torch.rand(7, 11, 13) + 0.1
    sheet = sheet_of(map_sheet(maps, columns=3))
    assert np.sort(sheet[~np.isnan(sheet)]) == pytest.approx(np.sort(maps.numpy().ravel()))
    assert sheet[~np.isnan(sheet).all(1)].shape == (33, 3 * 13 + 2)  # three lines of three maps, a gap between


def test_maps_with_a_sign_are_centred_on_zero_and_others_begin_there():
    for maps, limits in ((torch.tensor([[[-3.0, 1.0]]]), (-3, 3)), (torch.tensor([[[2.0, 5.0]]]), (0, 5))):
        assert map_sheet(maps).axes[0].images[0].get_clim() == limits


def test_maps_are_numbered_or_named():
    texts = [text.get_text() for text in map_sheet(torch.rand(3, 5, 5)).axes[0].texts]
    assert texts == ["0", "1", "2"]
    with pytest.raises(ValueError, match="3 maps need as many names; got 2"):
        map_sheet(torch.rand(3, 5, 5), names=["a", "b"])
    with pytest.raises(ValueError, match="3 axes"):
        map_sheet(torch.rand(5, 5))


def test_sets_of_filters_share_one_scale():
    fig = filter_rows({"before": torch.full((5, 3, 3), 0.5), "after": torch.full((5, 3, 3), -2.0)}, columns=3)
    assert [axes.get_title(loc="left") for axes in fig.axes] == ["before", "after"]
    assert {axes.images[0].get_clim() for axes in fig.axes} == {(-2, 2)}
    with pytest.raises(ValueError, match="one shape"):
        filter_rows({"a": torch.rand(2, 3, 3), "b": torch.rand(5, 3, 3)})


def test_windows_are_drawn_around_their_pixels():
    fig = where_it_looks([np.zeros((13, 17)), -np.ones((13, 17))], {"unit": (range(2, 5), range(7, 12))}, ["a", "b"])
    for axes in fig.axes:
        (box,) = axes.patches
        assert (*box.get_xy(), box.get_width(), box.get_height()) == (6.5, 1.5, 5, 3)
    assert fig.axes[1].images[0].get_clim() == (-1, 1)
    with pytest.raises(ValueError, match="as many titles"):
        where_it_looks([np.zeros((2, 2))], {}, ["a", "b"])


def test_patches_stand_in_rows_with_their_marks():
    fig = patch_sheet(torch.rand(2, 3, 5, 5), ["one", "two"], [["a", "b", "c"], ["d", "e", "f"]])
    assert [text.get_text() for text in fig.axes[0].texts] == list("abcdef")
    assert [label.get_text() for label in fig.axes[0].get_yticklabels()] == ["one", "two"]
    with pytest.raises(ValueError, match="3 marks each"):
        patch_sheet(torch.rand(2, 3, 5, 5), ["one", "two"], [["a"], ["b"]])


def test_responses_are_sorted_by_the_input_they_like_best():
    fig = responses([[0, 2.0], [3.0, 1.5], [1.0, 4.0]], "maps", ["x", "y"])
    assert sheet_of(fig) == pytest.approx(np.array([[1, 0.5], [0, 1], [0.25, 1]]))
    with pytest.raises(ValueError, match="none negative"):
        responses([[-1.0, 2.0]], "maps", ["x", "y"])


def test_a_rosette_closes_and_touches_its_rim():
    fig = tuning([0, 60, 120], [[1, 2, 4.0], [0, 0, 0]], torch.rand(2, 3, 3), ["a", "b"])
    first = fig.axes[0].lines[0]
    assert first.get_ydata() == pytest.approx([0.25, 0.5, 1, 0.25, 0.5, 1, 0.25])
    assert np.degrees(first.get_xdata()) == pytest.approx([0, 60, 120, 180, 240, 300, 0])
    with pytest.raises(ValueError, match=r"take curves \(2, 3\)"):
        tuning([0, 60, 120], [[1, 2.0]], torch.rand(2, 3, 3), ["a", "b"])


def test_pooling_shows_before_winners_and_after():
    fig = pooling(torch.rand(10, 14), torch.randint(4, (5, 7)), torch.rand(5, 7))
    assert [axes.get_title(loc="left") for axes in fig.axes] == [
        "before: 10 × 14",
        "which of the four won",
        "after: 5 × 7",
    ]


def test_contributions_add_up_to_the_last_bar():
    fig = contributions([2.0, -0.5], bias=1.0)
    first, second, bias, total = fig.axes[0].patches
    assert (second.get_y() + second.get_height(), bias.get_y()) == (1.5, 1.5)
    assert (first.get_height(), total.get_height(), total.get_y()) == (2.0, 2.5, 0)


def test_saliency_stands_below_its_image():
    fig = saliency_sheet(torch.rand(2, 5, 7), {"gradient": torch.randn(2, 5, 7), "size": torch.rand(2, 5, 7)})
    assert len(fig.axes) == 6
    with pytest.raises(ValueError, match=r"'gradient' takes the images' shape \(2, 5, 7\)"):
        saliency_sheet(torch.rand(2, 5, 7), {"gradient": torch.rand(2, 7, 5)})
    fig = saliency_sheet(torch.rand(2, 5, 7), {"size": torch.rand(2, 5, 7)}, signed=True)
    assert fig.axes[2].images[0].norm.vmin == -fig.axes[2].images[0].norm.vmax  # white at 0, though nothing is negative
