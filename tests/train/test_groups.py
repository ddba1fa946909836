"""Errors by group: as fairlearn counts them, with intervals that hold, and thresholds that do what they say."""

import math

import pytest
import torch
from fairlearn.metrics import MetricFrame, false_negative_rate, false_positive_rate, selection_rate
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_score

from largemodels.train import difference, equal_false_alarms, errors_by_group, rate, shuffled_gaps

N = 211


def cases(seed=0, n=N):
    draw = torch.Generator().manual_seed(seed)
    group = torch.randint(3, (n,), generator=draw)
    labels = torch.rand(n, generator=draw) < 0.2 + 0.15 * group
    scores = torch.randn(n, generator=draw) + labels + 0.3 * group
    return scores, labels, group


def test_errors_are_those_that_fairlearn_counts():
    scores, labels, group = cases()
    flagged = scores > 0.7
    referee = {
        "flagged": selection_rate,
        "false_alarms": false_positive_rate,
        "misses": false_negative_rate,
        "precision": precision_score,
    }
    frame = MetricFrame(
        metrics=referee, y_true=labels.numpy(), y_pred=flagged.numpy(), sensitive_features=group.numpy()
    ).by_group
    for number, own in enumerate(errors_by_group(flagged, labels, group)):
        for name in referee:
            assert getattr(own, name).value == pytest.approx(frame[name][number])


def test_the_identity_of_chouldechova_ties_three_rates_and_the_base_rate():
    scores, labels, group = cases()
    for number, own in enumerate(errors_by_group(scores > 0.5, labels, group)):
        base = labels[group == number].double().mean().item()
        odds, precision = base / (1 - base), own.precision.value
        assert own.false_alarms.value == pytest.approx(odds * (1 - precision) / precision * (1 - own.misses.value))


@given(st.integers(1, 400), st.floats(0, 1))
def test_an_interval_of_wilson_solves_its_equation(n, share):
    hits = torch.zeros(n)
    hits[: round(share * n)] = 1
    found = rate(hits)
    p = found.value
    for end in (found.low, found.high):  # (p - end)² = 4 · end (1 - end) / n, but where it is cut at 0 or 1
        assert math.isclose((p - end) ** 2, 4 * end * (1 - end) / n, abs_tol=1e-9) or end in (0, 1)


def test_intervals_hold_the_truth_about_nineteen_times_in_twenty():
    draw, held = torch.Generator().manual_seed(1), 0
    for _ in range(400):
        one = rate((torch.rand(67, generator=draw) < 0.2).float())
        other = rate((torch.rand(283, generator=draw) < 0.08).float())
        gap = difference(one, other)
        held += gap.low <= 0.12 <= gap.high
    assert 0.92 < held / 400 < 0.99


def test_runs_that_disagree_widen_the_interval_and_agreeing_ones_do_not():
    hits = (torch.arange(97) % 5 == 0).float()
    alone, thrice = rate(hits), rate(hits.expand(3, -1))
    assert (alone.low, alone.high) == pytest.approx((thrice.low, thrice.high))
    other = rate(torch.stack([hits, 1 - hits]))
    assert other.value == 0.5
    assert other.low < 0.05 < 0.95 < other.high


@pytest.mark.parametrize("runs", [2, 3, 5])
def test_few_runs_widen_the_interval_as_student_says(runs):
    cases, truth, drawn = 4000, 0.5, torch.Generator().manual_seed(runs)
    shares = truth + 0.1 * torch.randn(400, runs, generator=drawn)  # so many cases that the runs alone count
    held = 0
    for row in (shares * cases).round():
        found = rate(torch.arange(cases) < row[:, None])
        held += found.low <= truth <= found.high
    assert 0.92 < held / len(shares) < 0.98


def test_a_rate_of_nobody_is_unknown():
    found = rate(torch.zeros(0))
    assert math.isnan(found.value)
    assert (found.low, found.high, found.cases) == (0, 1, 0)
    with pytest.raises(ValueError, match=r"hits are \(n,\) or \(runs, n\)"):
        rate(torch.zeros(2, 3, 5))


def test_group_thresholds_make_false_alarms_equal_and_flag_as_many():
    scores, labels, group = cases(n=4001)
    thresholds = equal_false_alarms(scores, labels, group, 0.3)
    flagged = scores > thresholds[group]
    assert flagged.double().mean() == pytest.approx(0.3, abs=2e-3)
    found = [own.false_alarms.value for own in errors_by_group(flagged, labels, group)]
    assert max(found) - min(found) < 5e-3
    single = [own.false_alarms.value for own in errors_by_group(scores > scores.quantile(0.7), labels, group)]
    assert max(single) - min(single) > 0.1  # there was something to make equal


def test_shuffled_gaps_lie_around_zero_as_far_as_chance_goes():
    values = torch.cat([torch.ones(30), torch.zeros(170)])
    members = torch.arange(200) < 40
    gaps = shuffled_gaps(values, members, 2000, torch.Generator().manual_seed(0))
    p = 0.15
    expected = math.sqrt(p * (1 - p) * 200 / 199 * (1 / 40 + 1 / 160))
    assert gaps.shape == (2000,)
    assert abs(gaps.mean()) < 0.005
    assert gaps.std() == pytest.approx(expected, rel=0.06)
    assert gaps.abs().max() < values[members].mean() - values[~members].mean()


def test_what_does_not_fit_is_told():
    scores, labels, group = cases()
    with pytest.raises(ValueError, match="flagged must be 0 or 1"):
        errors_by_group(scores, labels, group)
    with pytest.raises(ValueError, match="labels and group are"):
        errors_by_group(labels, labels[:-1], group)
    with pytest.raises(ValueError, match="between 0 and 1"):
        equal_false_alarms(scores, labels, group, 1.0)
    with pytest.raises(ValueError, match=r"groups \[1\] have no case"):
        equal_false_alarms(scores, labels | (group == 1), group, 0.3)
    with pytest.raises(ValueError, match="with some members"):
        shuffled_gaps(scores, torch.ones(N, dtype=torch.bool), 10, torch.Generator())


def test_a_run_that_flags_nobody_has_no_precision_to_count():
    flagged = torch.tensor([[1, 1, 0, 0], [0, 0, 0, 0]])
    (found,) = errors_by_group(flagged, torch.tensor([1, 1, 0, 0]), torch.zeros(4, dtype=torch.long))
    assert found.precision.value == 1  # was a half
    assert found.flagged.value == 0.25


def test_groups_and_hits_that_cannot_be_are_refused():
    """Those below 0 were left out by one function, and were the last group for the other."""
    scores, labels, group = cases()
    for wrong in (group - 1, group / 2):
        for call in (errors_by_group, lambda *three: equal_false_alarms(*three, 0.3)):
            with pytest.raises(ValueError, match="groups are numbered from 0"):
                call(scores.sigmoid().round(), labels, wrong)
    for hits in (torch.tensor([math.nan, 1]), torch.tensor([2.0, 1])):
        with pytest.raises(ValueError, match="hits must be 0 or 1"):
            rate(hits)
    with pytest.raises(ValueError, match="hits are"):
        rate(torch.zeros(0, 3))
    with pytest.raises(ValueError, match="no score is NaN"):
        equal_false_alarms(scores * math.nan, labels, group, 0.3)
    with pytest.raises(ValueError, match="scores, labels and group are"):
        equal_false_alarms(scores, labels[1:], group, 0.3)
    with pytest.raises(ValueError, match="members must be 0 or 1"):
        shuffled_gaps(scores, group, 3, torch.Generator())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64])
def test_thresholds_of_narrow_scores_are_those_of_the_same_numbers_in_float64(dtype):
    scores, labels, group = cases()
    narrow = (10 * scores).to(dtype)
    found = equal_false_alarms(narrow, labels, group, 0.3)
    torch.testing.assert_close(found, equal_false_alarms(narrow.double(), labels, group, 0.3))
