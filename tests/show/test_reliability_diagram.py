"""A reliability diagram has its points where they were measured, with Wilson's intervals."""

import math

import pytest
import torch

from largemodels.show import reliability_diagram

GROUPS = (torch.tensor([0.5, 0.9, 1.0]), torch.tensor([0.4, 1.0, 0.0]), torch.tensor([25, 7, 3]))


def test_points_stand_at_confidence_and_share_beside_the_diagonal():
    axes = reliability_diagram({"a": GROUPS}).axes[0]
    diagonal, points = axes.lines[:2]
    assert diagonal.get_xdata().tolist() == diagonal.get_ydata().tolist() == [0, 1]
    assert points.get_ydata().tolist() == pytest.approx([0.4, 1.0, 0.0])


def test_the_bars_end_where_the_share_is_two_standard_errors_away():
    axes = reliability_diagram({"a": GROUPS}).axes[0]
    segments = axes.collections[0].get_segments()
    for (_, low), (_, high) in segments:
        assert 0 <= low < high <= 1
    for p in (segments[0][0][1], segments[0][1][1]):  # Wilson: |0.4 − p| is two standard errors of p, not of 0.4
        assert abs(0.4 - p) == pytest.approx(2 * math.sqrt(p * (1 - p) / 25))


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ({}, "no series"),
        ({"a": GROUPS[:2]}, "'a' takes confidence"),
        ({"a": (*GROUPS[:2], torch.tensor([25, 0, 3]))}, "no answers"),
    ],
)
def test_what_cannot_be_drawn_is_said(series, said):
    with pytest.raises(ValueError, match=said):
        reliability_diagram(series)
