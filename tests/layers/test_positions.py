"""Positions: what they promise of distances holds."""

import math

import pytest
import torch
from torch.testing import assert_close

from largemodels.layers import rotate, sinusoidal


def test_sinusoidal_positions_are_the_papers_formula():
    found = sinusoidal(11, 6)
    for p in range(11):
        for i in range(3):
            angle = p / 10_000 ** (2 * i / 6)
            assert found[p, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
            assert found[p, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


def test_sinusoidal_positions_a_distance_apart_have_one_product():
    x = sinusoidal(31, 8)
    products = x @ x.T
    for distance in (1, 5, 13):
        assert_close(products.diagonal(distance), products[0, distance].expand(31 - distance), atol=1e-5, rtol=0)


def test_products_of_rotated_vectors_depend_on_the_distance_alone():
    q, k = torch.randn(2, 6)
    at = torch.arange(23)
    products = rotate(q.expand(23, 6), at) @ rotate(k.expand(23, 6), at).T
    for distance in (-7, 0, 11):
        assert_close(
            products.diagonal(distance), products.diagonal(distance)[:1].expand(23 - abs(distance)), atol=1e-5, rtol=0
        )
    assert products.diagonal(0)[0].item() == pytest.approx((q @ k).item(), abs=1e-5)


def test_rotation_changes_no_length_and_leaves_position_0():
    x = torch.randn(2, 3, 11, 6)
    assert_close(rotate(x).norm(dim=-1), x.norm(dim=-1))
    assert torch.equal(rotate(x)[..., 0, :], x[..., 0, :])


def test_rotation_is_multiplication_by_complex_numbers():
    x, at = torch.randn(5, 6, dtype=torch.float64), torch.tensor([0, 1, 4, 100, 1000])
    turned = torch.complex(*x.chunk(2, -1)) * torch.polar(
        torch.ones(5, 3, dtype=torch.float64), at[:, None] * 10_000.0 ** (-torch.arange(3) * 2 / 6).double()
    )
    assert_close(rotate(x, at), torch.cat([turned.real, turned.imag], -1), atol=1e-3, rtol=0)
    assert_close(rotate(x, at)[:3], torch.cat([turned.real, turned.imag], -1)[:3], atol=1e-6, rtol=1e-6)


def test_a_part_of_a_sequence_rotates_as_in_the_whole():
    x = torch.randn(2, 11, 6)
    assert_close(rotate(x[:, 7:], torch.arange(7, 11)), rotate(x)[:, 7:])


def test_wrong_sizes_are_named():
    with pytest.raises(ValueError, match="an even width and at least one of them; got 3 of width 5"):
        sinusoidal(3, 5)
    with pytest.raises(ValueError, match="got 3 of width 7"):
        rotate(torch.zeros(3, 7))
    with pytest.raises(ValueError, match=r"3 queries or keys need as many positions, \(3,\); got \(4,\)"):
        rotate(torch.zeros(3, 6), torch.arange(4))


def test_the_slowest_pair_of_64_turns_once_in_47117_positions():
    x = torch.zeros(1, 64)
    x[0, [31, 63]] = torch.tensor([0.6, 0.8])  # the last pair
    once = round(2 * math.pi * 10_000 ** (62 / 64))
    assert once == 47_117
    assert_close(rotate(x, torch.tensor([once])), x, atol=1e-4, rtol=0)
    assert_close(rotate(x, torch.tensor([once // 2])), -x, atol=1e-3, rtol=0)
