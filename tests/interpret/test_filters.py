"""How much of a filter is an edge detector: what must be one is, and what is none is not."""

import math

import pytest
import torch
from skimage.filters import gabor_kernel
from torch.testing import assert_close

from largemodels.interpret import gabor_pairs, share_in_plane, sobel_pair


def test_pairs_are_orthonormal_and_without_a_mean():
    for pairs in (gabor_pairs(11, 5), sobel_pair()):
        flat = pairs.flatten(2)
        assert_close(flat @ flat.mT, torch.eye(2).expand(len(pairs), 2, 2), atol=1e-5, rtol=0)
        assert flat.mean(2).abs().max() < 1e-6


def test_an_edge_in_any_direction_lies_in_sobels_plane():
    upright, level = sobel_pair()[0]
    angles = torch.linspace(0, 2 * math.pi, 17)[:, None, None]
    share, _ = share_in_plane(3 * angles.cos() * upright + 3 * angles.sin() * level + 0.7, sobel_pair())
    assert_close(share, torch.ones(17))


def test_a_third_of_the_energy_elsewhere_leaves_two_thirds():
    upright, _ = sobel_pair()[0]
    spot = torch.tensor([[1.0, -2, 1], [-2, 4, -2], [1, -2, 1]])
    spot = spot / spot.norm()
    share, _ = share_in_plane((upright * 2**0.5 + spot)[None], sobel_pair())
    assert_close(share, torch.tensor([2 / 3]))


def test_a_random_filter_has_a_quarter_of_its_energy_in_sobels_plane():
    filters = torch.randn(4001, 3, 3, generator=torch.Generator().manual_seed(0))
    share, _ = share_in_plane(filters, sobel_pair())
    assert abs(share.mean() - 2 / 8) < 4 * share.std() / 4001**0.5


@pytest.mark.parametrize(("angle", "wave", "phase"), [(0.0, 5.0, 0.0), (0.9, 4.0, 1.3), (2.4, 7.0, -0.6)])
def test_anothers_gabor_function_is_recognised_at_any_phase(angle, wave, phase):
    """The referee is scikit-image's, none of whose settings is among those of the pairs."""
    kernel = gabor_kernel(1 / wave, theta=angle, sigma_x=0.42 * wave, sigma_y=0.6 * wave, offset=phase, n_stds=2)
    kernel = torch.from_numpy(kernel.real).float()
    height, width = kernel.shape
    place = torch.zeros(1, 35, 35)
    place[0, 17 - height // 2 : 17 - height // 2 + height, 17 - width // 2 : 17 - width // 2 + width] = kernel
    share, _ = share_in_plane(place[:, 11:24, 11:24], gabor_pairs(13))
    assert share > 0.8
    noise = torch.randn(50, 13, 13, generator=torch.Generator().manual_seed(0))
    assert share_in_plane(noise, gabor_pairs(13))[0].max() < 0.3


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: gabor_pairs(4), "5 × 5"),
        (lambda: gabor_pairs(9, 0), "got 9 and 0"),
        (lambda: share_in_plane(torch.ones(2, 5, 5), sobel_pair()), r"got \(2, 5, 5\)"),
        (lambda: share_in_plane(torch.ones(2, 3, 3), sobel_pair()), "filter 0 has no contrast"),
    ],
)
def test_what_cannot_be_measured_is_said(call, what):
    with pytest.raises(ValueError, match=what):
        call()


def test_filters_and_pairs_that_cannot_be_compared_are_refused():
    for value in (0.1, 0.3, 1e30):  # their mean is not always just that number
        with pytest.raises(ValueError, match="filter 0 has no contrast"):
            share_in_plane(torch.full((1, 3, 3), value), sobel_pair())
    with pytest.raises(ValueError, match="filter 0 has NaN"):
        share_in_plane(torch.full((1, 3, 3), math.nan), sobel_pair())
    with pytest.raises(ValueError, match="length 1 and stand at a right angle"):
        share_in_plane(torch.rand(1, 3, 3), 3 * sobel_pair())


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_a_share_does_not_depend_on_how_strong_a_filter_is(scale):
    filters = torch.rand(5, 3, 3, generator=torch.Generator().manual_seed(0))
    found = share_in_plane(filters * scale, sobel_pair())
    assert_close(found[0], share_in_plane(filters, sobel_pair())[0])
    half = share_in_plane(filters.half(), sobel_pair())
    assert_close(half[0], share_in_plane(filters.half().float(), sobel_pair())[0])
