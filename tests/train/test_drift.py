"""Detectors give as many false alarms as they state, and notice what has changed."""

import math

import pytest
import torch
from scipy.stats import ks_2samp

from largemodels.train import Cusum, shift_p_value


def normal(n, columns=3, shift=0.0, seed=0):
    return torch.randn(n, columns, generator=torch.Generator().manual_seed(seed)) + shift


def test_the_p_value_is_the_smallest_of_the_columns_times_their_number():
    a, b = normal(97, seed=1), normal(31, shift=0.4, seed=2)
    smallest = min(ks_2samp(a[:, i].numpy(), b[:, i].numpy()).pvalue for i in range(3))
    assert shift_p_value(a, b) == pytest.approx(3 * smallest)
    assert shift_p_value(a, a) == 1


def test_no_more_false_alarms_than_stated_and_hardly_a_shift_missed():
    p = [[shift_p_value(normal(200, seed=i), normal(50, 3, shift, 1000 + i)) for i in range(200)] for shift in (0, 1)]
    false, found = (sum(each < 0.05 for each in row) / 200 for row in p)
    assert false <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 200)
    assert found > 0.99


def test_the_sum_is_what_a_loop_finds_and_never_below_zero():
    test, wrong = Cusum(0.1, 0.3, 2.0), torch.rand(5, 53, generator=torch.Generator().manual_seed(0)) < 0.2
    for row, path in zip(wrong.tolist(), test.path(wrong).tolist(), strict=True):
        total = 0.0
        for each, seen in zip(row, path, strict=True):
            total = max(0.0, total + (math.log(3) if each else math.log(0.7 / 0.9)))
            assert seen == pytest.approx(total, abs=1e-5)


def test_the_stated_share_of_streams_without_drift_gives_alarm():
    test = Cusum.calibrated(0.05, 0.2, 100, rate=0.05)
    streams = torch.rand(4000, 100, generator=torch.Generator().manual_seed(77)) < 0.05
    false = (test.path(streams) > test.threshold).any(1).double().mean().item()
    assert 0.02 < false < 0.05 + 2 * math.sqrt(0.05 * 0.95 / 4000)


def test_an_alarm_comes_after_the_change_and_sooner_the_larger_it_is():
    test, usual = Cusum.calibrated(0.05, 0.2, 300), torch.zeros(100, dtype=torch.bool)
    usual[::20] = True
    assert test.alarm(usual) is None
    one_in_two, one_in_five = (torch.arange(100) % n == 0 for n in (2, 5))
    late, soon = (test.alarm(torch.cat([usual, new])) for new in (one_in_five, one_in_two))
    assert 100 < soon < late <= 200


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: shift_p_value(torch.zeros(5, 2), torch.zeros(5, 3)), r"got \(5, 2\) and \(5, 3\)"),
        (lambda: shift_p_value(torch.zeros(5), torch.zeros(5)), r"\(n, columns\)"),
        (lambda: shift_p_value(torch.zeros(5, 2), torch.zeros(0, 2)), r"\(0, 2\)"),
        (lambda: Cusum(0.0, 0.1, 1.0), "got 0 and 0.1"),
        (lambda: Cusum(0.2, 0.1, 1.0), "usual < worse"),
    ],
)
def test_what_cannot_be_tested_is_said(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_model_that_gives_no_numbers_any_more_is_not_taken_for_unchanged():
    """The p-value of a window of NaN was 1; of one NaN in the first column, too."""
    a, b = normal(97, seed=1), normal(31, shift=5.0, seed=2)
    b[0, 0] = math.nan
    with pytest.raises(ValueError, match="1 of 31 examples of the window have NaN"):
        shift_p_value(a, b)
    with pytest.raises(ValueError, match="two samples have examples and the same columns"):
        shift_p_value(a[:, :0], a[:, :0])
    assert shift_p_value(a.bfloat16().requires_grad_(), normal(31, shift=5.0).bfloat16()) < 1e-6


def test_streams_and_thresholds_that_cannot_be_are_refused():
    for threshold in (math.nan, -1.0):  # one never gave an alarm, the other always
        with pytest.raises(ValueError, match="a threshold is at least 0"):
            Cusum(0.1, 0.2, threshold)
    test = Cusum(0.1, 0.2, 3.0)
    for wrong in (torch.zeros(0), torch.tensor(1), torch.tensor([math.nan]), torch.tensor([0.3])):
        with pytest.raises(ValueError, match="answers are"):
            test.path(wrong)
    with pytest.raises(ValueError, match="an alarm is that of one stream"):
        test.alarm(torch.ones(2, 30))
    for length, rate in ((0, 0.1), (5, 2.0)):
        with pytest.raises(ValueError, match="streams have an answer or more, and a rate is from 0 to 1"):
            Cusum.calibrated(0.1, 0.2, length, rate)
