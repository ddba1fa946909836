"""Passages repeat with their own period, and are the same whenever they are asked for."""

import pytest
import torch

from largemodels.data import Repeats


def test_after_its_first_period_a_passage_repeats_and_before_it_is_random():
    x, y = Repeats(23, 61, size=101, periods=(5, 19))[3]
    assert x.shape == y.shape == (101, 61)
    assert x.dtype == torch.int64
    assert torch.equal(x[:, 1:], y[:, :-1])
    assert (x.min(), x.max()) == (1, 23)
    periods = set()
    for passage in x:
        fits = [p for p in range(1, 40) if torch.equal(passage[p:], passage[:-p])]
        periods.add(fits[0])
    assert periods == set(range(5, 20))
    assert x[:, :5].flatten().bincount(minlength=24)[1:].min() > 5, "all symbols, also within the first period"


def test_one_period_can_be_asked_for():
    x, y = Repeats(7, 22, size=3, periods=(11, 11))[0]
    assert torch.equal(x[:, :11], x[:, 11:])
    assert torch.equal(y[:, -1], x[:, 0])


def test_a_batch_is_the_same_whenever_it_is_asked_for_and_others_differ():
    batches = Repeats(23, 17, size=5, steps=7)
    assert len(batches) == 7
    again = Repeats(23, 17, size=5, steps=7)
    assert torch.equal(batches[4][0], again[4][0])
    assert not torch.equal(batches[4][0], batches[5][0])
    assert not torch.equal(batches[4][0], Repeats(23, 17, size=5, steps=7, seed=1)[4][0])
    with pytest.raises(IndexError, match="batch 7 of a run of 7"):
        batches[7]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"symbols": 0}, "at least 1; got 0, 5"),
        ({"context": 0}, "got 3, 0"),
        ({"size": 0}, "at least 1"),
        ({"steps": 0}, "at least 1"),
        ({"periods": (0, 3)}, r"got \(0, 3\)"),
        ({"periods": (4, 3)}, "the shortest first"),
    ],
)
def test_what_cannot_be_is_an_error(change, words):
    with pytest.raises(ValueError, match=words):
        Repeats(**{"symbols": 3, "context": 5, **change})
