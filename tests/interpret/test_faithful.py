"""Shares of a map's mass, and what is left of an answer as pixels go or come."""

import pytest
import torch
from torch import nn

from largemodels.interpret import deletion, first_pixels, insertion, share_inside


class Ink(nn.Module):
    """Two classes: the ink in the left half, and nothing."""

    def forward(self, x):
        return torch.stack([x[..., :5].sum((1, 2, 3)), torch.zeros(len(x))], 1)


def test_the_share_counts_magnitudes_and_a_map_of_zeros_has_none():
    maps, where = torch.zeros(3, 1, 5, 7), torch.zeros(3, 1, 5, 7, dtype=torch.bool)
    where[:, :, :2, :3] = True
    maps[0, 0, 0, 0], maps[0, 0, 4, 4] = -3.0, 1.0
    maps[1] = 1.0
    found = share_inside(maps, where)
    torch.testing.assert_close(found[:2], torch.tensor([0.75, 6 / 35]))
    assert found[2].isnan()
    with pytest.raises(ValueError, match="inside or outside"):
        share_inside(maps, where[:2])


def test_the_first_pixels_are_the_largest_with_their_sign_and_ties_go_by_place():
    maps = torch.tensor([[[[-9.0, 2.0, 0.0], [0.0, 1.0, 2.0]]]])
    assert first_pixels(maps, 1).flatten().tolist() == [False, True, False, False, False, False]
    assert first_pixels(maps, 4).flatten().tolist() == [False, True, True, False, True, True]
    assert not first_pixels(maps, 0).any()
    assert first_pixels(maps, 6).all()
    for count in (-1, 7):
        with pytest.raises(ValueError, match="0 to 6 pixels"):
            first_pixels(maps, count)


def test_deletion_blanks_the_first_and_insertion_all_others():
    images = torch.ones(2, 1, 1, 10)
    order = -torch.arange(10.0).expand(2, 1, 1, 10)  # from the left
    classes, counts = torch.tensor([0, 1]), (0, 2, 5, 10)
    gone, come = (way(Ink(), images, classes, order, counts) for way in (deletion, insertion))
    left = torch.tensor([5.0, 3.0, 0.0, 0.0]).sigmoid()
    back = torch.tensor([0.0, 2.0, 5.0, 5.0]).sigmoid()
    torch.testing.assert_close(gone, torch.stack([left, 1 - left]))
    torch.testing.assert_close(come, torch.stack([back, 1 - back]))
    assert torch.equal(images, torch.ones(2, 1, 1, 10))
