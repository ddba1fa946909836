"""Simulated learners: answers come out with the chances that are stored, and worlds are what they are said to be."""

import pytest
import torch

from largemodels.data import learners
from largemodels.data.learners import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_answers_come_out_with_their_chances(kind):
    data = learners(kind, 2000)
    for low in (0.1, 0.3, 0.5, 0.7, 0.9):
        some = (data.chance - low).abs() < 0.05
        if some.sum() > 1000:
            error = (data.chance[some] * (1 - data.chance[some])).sum().sqrt() / some.sum()
            assert abs(data.right[some].mean() - data.chance[some].mean()) < 4 * error


@pytest.mark.parametrize("kind", KINDS)
def test_each_skill_is_asked_as_often_and_seeds_differ(kind):
    one, other = learners(kind, 13, 0, 3, 4), learners(kind, 13, 1, 3, 4)
    assert torch.equal(one.skill.sort(1).values, torch.arange(3).repeat_interleave(4).repeat(13, 1))
    assert not torch.equal(one.right, other.right)
    assert torch.equal(one.right, learners(kind, 13, 0, 3, 4).right)


def test_switches_are_never_switched_off():
    data = learners("switches", 300)
    for skill in range(5):
        chances = data.chance[data.skill == skill].view(300, 10)
        assert ((chances[:, 1:] - chances[:, :-1]) >= 0).all()
        assert len(chances.unique()) == 2


def test_strength_fades_in_the_other_world():
    data = learners("forgetting", 300)
    falls = [(data.chance[data.skill == skill].view(300, 10).diff(dim=1) < 0).any() for skill in range(5)]
    assert all(falls)


@pytest.mark.parametrize(("kind", "count"), [("real", 3), ("switches", 0)])
def test_others_are_refused(kind, count):
    with pytest.raises(ValueError, match="learners are of switches or forgetting, numbers at least 1"):
        learners(kind, count)
