"""Figures of images show what they are given."""

import numpy as np
import pytest
import torch

from largemodels.show import gallery, kernels_at_work, matrix, patch_of, seen_through, sum_of_products, window_positions


def texts(fig):
    return [t.get_text() for axes in fig.axes for t in axes.texts]


def titles(fig):
    return [axes.get_title(loc="left") for axes in fig.axes]


def test_gallery_shows_every_image_with_its_title():
    fig = gallery(torch.rand(5, 1, 11, 13), ["a", "b", "c", "d", "e"], columns=3)
    assert titles(fig) == ["a", "b", "c", "d", "e", ""]
    assert [len(axes.images) for axes in fig.axes] == [1, 1, 1, 1, 1, 0]
    assert fig.axes[0].images[0].get_array().shape == (11, 13)


def test_gallery_takes_colour():
    assert gallery([torch.rand(3, 11, 13)]).axes[0].images[0].get_array().shape == (11, 13, 3)


def test_signed_images_share_one_scale_that_is_white_at_zero():
    fig = gallery([torch.full((3, 5), -2.0), torch.full((3, 5), 1.0)], signed=True)
    assert [axes.images[0].get_clim() for axes in fig.axes[:2]] == [(-2, 2), (-2, 2)]


def test_gallery_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="no images"):
        gallery([])
    with pytest.raises(ValueError, match="2 images need as many titles or none; got 1"):
        gallery(torch.rand(2, 1, 3, 5), ["one"])
    with pytest.raises(ValueError, match=r"got \(2, 3, 5, 7\)"):
        gallery([torch.rand(2, 3, 5, 7)])


def test_patch_shows_its_own_numbers():
    image = torch.arange(35.0).view(1, 5, 7) / 100
    fig = patch_of(image, 1, 2)
    assert texts(fig) == ["0.09", "0.1", "0.11", "0.16", "0.17", "0.18", "0.23", "0.24", "0.25"]
    with pytest.raises(ValueError, match=r"a patch of 3 × 3 at \(3, 0\) does not lie in an image of 5 × 7"):
        patch_of(image, 3, 0)


def test_an_image_is_grey_and_its_map_white_at_zero():
    fig = seen_through(torch.rand(1, 5, 7), torch.tensor([[-1.0, 3], [0, 1]]))
    assert [axes.images[0].get_clim() for axes in fig.axes[:2]] == [(0, 1), (-3, 3)]


def test_sum_of_products_ends_in_the_sum():
    patch, kernel = torch.tensor([[0.5, 0.25], [1.0, 0.0]]), torch.tensor([[1.0, -1.0], [2.0, 3.0]])
    shown = texts(sum_of_products(patch, kernel, bias=0.5))
    assert shown == ["0.5", "0.25", "1", "0", "1", "−1", "2", "3", "0.5", "−0.25", "2", "0", "2.75"]
    with pytest.raises(ValueError, match="must have one shape"):
        sum_of_products(torch.ones(2, 3), torch.ones(3, 2))


def test_kernels_stand_in_their_maps():
    kernels = {"edge": torch.tensor([[-1.0, 1.0]]), "blur": torch.ones(2, 2) / 4}
    maps = {"edge": torch.randn(11, 13), "blur": torch.rand(11, 13)}
    fig = kernels_at_work(kernels, maps, columns=2)
    assert titles(fig)[:2] == ["edge", "blur"]
    assert [axes.child_axes[0].images[0].get_array().shape for axes in fig.axes[:2]] == [(1, 2), (2, 2)]
    with pytest.raises(ValueError, match="each kernel takes a map of its name"):
        kernels_at_work(kernels, {"edge": maps["edge"]})


def test_there_are_as_many_dots_as_numbers_in_the_map():
    fig = window_positions([(5, 3, 1, 0), (7, 3, 2, 1)])
    assert [len(axes.lines[0].get_xdata()) for axes in fig.axes] == [9, 16]
    assert titles(fig) == ["stride 1, padding 0: 3 × 3", "stride 2, padding 1: 4 × 4"]


def test_matrix_is_white_at_zero():
    assert matrix(np.array([[0.0, -3.0, 1.0]])).axes[0].images[0].get_clim() == (-3, 3)
