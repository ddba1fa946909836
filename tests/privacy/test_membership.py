"""An attack finds who was inside where there is something to find, and nobody where there is not."""

import math

import pytest
import torch
from scipy.stats import binomtest, norm

from largemodels.privacy import by_group, judge_attack, likelihood_ratio, logit_of_truth


def world(models=41, n=101, gain=0.0, seed=0):
    """Return scores that are ``gain`` higher for the examples inside, each example easy or hard in its own way."""
    chance = torch.Generator().manual_seed(seed)
    inside = torch.rand(models, n, generator=chance) < 0.5
    ease = 3 * torch.randn(n, generator=chance)
    return ease + torch.randn(models, n, generator=chance) + gain * inside, inside


def test_the_logit_of_the_truth_is_the_log_odds_of_its_probability():
    logits, labels = torch.randn(7, 5, 3, dtype=torch.float64), torch.randint(3, (7, 5))
    p = logits.softmax(-1).gather(-1, labels[..., None])[..., 0]
    torch.testing.assert_close(logit_of_truth(logits, labels), p.log() - (1 - p).log())


def test_it_is_finite_where_the_probability_rounds_to_one_or_zero():
    logits, labels = torch.tensor([[300.0, 0.0], [0.0, 300.0]]), torch.tensor([0, 0])
    assert logits.softmax(1)[0, 0] == 1
    assert logit_of_truth(logits, labels).tolist() == [300, -300]


def test_the_score_of_a_group_is_the_mean_of_its_members():
    scores, group = torch.randn(2, 3, 11), torch.tensor([0, 1, 2, 0, 1, 2, 2, 2, 0, 1, 0])
    for g in range(3):
        torch.testing.assert_close(by_group(scores, group)[..., g], scores[..., group == g].mean(-1))


def test_the_ratio_is_that_of_two_normal_distributions_fitted_to_the_other_models():
    scores, inside = world(19, 7, gain=1.0)
    ratios = likelihood_ratio(scores, inside)
    for target in (0, 5):
        others = [m for m in range(19) if m != target]
        sides = []
        for side in (True, False):
            groups = [[scores[m, i].item() for m in others if inside[m, i] == side] for i in range(7)]
            means = [sum(group) / len(group) for group in groups]
            squares = sum((x - mean) ** 2 for group, mean in zip(groups, means, strict=True) for x in group)
            spread = math.sqrt(squares / sum(len(group) - 1 for group in groups))
            sides.append([norm.logpdf(scores[target, i].item(), means[i], spread) for i in range(7)])
        expected = [a - b for a, b in zip(*sides, strict=True)]
        torch.testing.assert_close(ratios[target], torch.tensor(expected, dtype=torch.float64), atol=1e-5, rtol=1e-5)


def test_it_finds_members_better_than_one_threshold_for_all_where_examples_differ_in_ease():
    scores, inside = world(gain=2.0)
    by_loss, by_ratio = judge_attack(scores, inside), judge_attack(likelihood_ratio(scores, inside), inside)
    assert by_loss.area < 0.75
    assert by_ratio.area > 0.85
    assert by_ratio.found[0.01] > 3 * by_loss.found[0.01]


def test_it_finds_nobody_where_a_model_scores_members_as_it_scores_strangers():
    areas = []
    for seed in range(8):
        scores, inside = world(gain=0.0, seed=seed)
        areas.append(judge_attack(likelihood_ratio(scores, inside), inside).area)
    assert abs(sum(areas) / 8 - 0.5) < 0.02


def test_an_attack_is_judged_by_order_alone():
    inside = torch.tensor([[True, False], [False, True]])
    perfect = judge_attack(torch.tensor([[9.0, 1.0], [0.0, 2.0]]), inside)
    assert (perfect.area, perfect.found) == (1.0, {0.01: 1.0, 0.05: 1.0})
    assert judge_attack(torch.tensor([[0.0, 2.0], [9.0, 1.0]]), inside).area == 0
    assert judge_attack(torch.zeros(2, 2), inside).area == 0.5


def test_members_found_are_counted_at_the_highest_rate_that_is_allowed():
    scores = torch.arange(200.0)
    inside = torch.zeros(200, dtype=torch.bool)
    inside[100:200:2] = True  # of the 50 highest pairs, the stranger is always above
    found = judge_attack(scores, inside, (0.01, 0.1)).found
    assert found == {0.01: 1 / 50, 0.1: 15 / 50}


def test_what_is_found_comes_with_the_interval_of_its_count():
    judged = judge_attack(torch.arange(200.0), torch.arange(200) % 4 == 3, (0.02, 0.1))
    for rate, share in judged.found.items():
        exact = binomtest(round(50 * share), 50).proportion_ci(0.95)
        assert judged.between[rate] == pytest.approx((exact.low, exact.high))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: logit_of_truth(torch.zeros(3, 5), torch.zeros(2, dtype=torch.long)), r"got \(3, 5\) and \(2,\)"),
        (lambda: logit_of_truth(torch.zeros(3, 1), torch.zeros(3, dtype=torch.long)), "at least 2 classes"),
        (lambda: by_group(torch.zeros(3), torch.tensor([0, 2, 2])), "group 1 has no member"),
        (lambda: by_group(torch.zeros(3), torch.tensor([0, 1])), r"got \(3,\) and \(2,\)"),
        (lambda: likelihood_ratio(torch.zeros(5, 2), torch.ones(5, 2)), "3 outside; got 0"),
        (lambda: likelihood_ratio(torch.zeros(5, 2), torch.ones(5, 3)), r"got \(5, 2\), \(5, 3\)"),
        (lambda: judge_attack(torch.zeros(2), torch.ones(2, dtype=torch.bool)), "2 inside"),
    ],
)
def test_what_cannot_be_attacked_is_said(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_labels_groups_and_scores_that_cannot_be_are_refused():
    for labels in (torch.tensor([0, 3]), torch.tensor([0, -1]), torch.tensor([0.0, 1.0])):
        with pytest.raises(ValueError, match="labels are classes, int64 from 0 to 2"):
            logit_of_truth(torch.zeros(2, 3), labels)
    for group in (torch.tensor([0, -1]), torch.tensor([0.0, 1.0])):
        with pytest.raises(ValueError, match="groups are numbered from 0"):
            by_group(torch.zeros(2), group)
    scores, inside = world()
    scores[3, 5] = math.nan
    for judge in (likelihood_ratio, judge_attack):
        with pytest.raises(ValueError, match="1 of 4141 scores are NaN"):
            judge(scores, inside)
    with pytest.raises(ValueError, match="inside is True or False"):
        judge_attack(torch.zeros(3), torch.tensor([0, 1, 2]))
    with pytest.raises(ValueError, match="a false-positive rate lies between 0 and 1"):
        judge_attack(torch.zeros(2), torch.tensor([0, 1]), (-0.1,))


def test_means_of_many_narrow_numbers_are_right():
    assert by_group(torch.ones(5_000).bfloat16(), torch.zeros(5_000, dtype=torch.long)).tolist() == [1]  # was 0.05


def test_an_attack_that_is_infinitely_sure_is_judged_by_its_order():
    found = judge_attack(torch.tensor([1.0, math.inf, 0, -math.inf], requires_grad=True), torch.tensor([1, 1, 0, 0]))
    assert found.area == 1
