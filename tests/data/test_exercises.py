"""Exercises to be marked: the right answers are right, the wrong ones wrong, and both look alike."""

import re

import pytest

from largemodels.data import exercises
from largemodels.data.exercises import KINDS


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", KINDS)
def test_exercises_differ_and_their_two_answers_too(kind, seed):
    drawn = exercises(kind, 30, seed)
    assert len({each.question for each in drawn}) == 30
    assert all(each.right != each.wrong for each in drawn)
    assert drawn == exercises(kind, 30, seed) != exercises(kind, 30, seed + 1)


@pytest.mark.parametrize("kind", KINDS[:2])
def test_right_sums_are_right_and_wrong_ones_are_off_by_1_2_or_10(kind):
    for each in exercises(kind, 30, 0):
        a, b = map(int, re.findall(r"\d+", each.question))
        assert int(each.right) == a + b
        assert abs(int(each.wrong) - a - b) in (1, 2, 10)
        assert int(each.wrong) > 0


def test_the_wrong_capitals_are_the_same_names_as_the_right_ones():
    drawn = exercises("capitals", 30, 0)
    assert {each.right for each in drawn} == {each.wrong for each in drawn}


@pytest.mark.parametrize(
    ("kind", "number"), [("fractions", 5), ("capitals", 1_000), ("one digit", 65), ("capitals", 1)]
)
def test_what_there_is_not_is_refused(kind, number):
    with pytest.raises(ValueError, match="there are"):
        exercises(kind, number, 0)
