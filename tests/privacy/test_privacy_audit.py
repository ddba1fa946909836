"""A measured ε is a bound: right as often as it says, and near the truth where the attack is the best there is."""

import math

import pytest
import torch
from scipy.stats import binomtest, norm

from largemodels.privacy import PoissonBatches, Privacy, clopper_pearson, epsilon, fit_privately, measured_epsilon


@pytest.mark.parametrize(("hits", "trials"), [(0, 7), (7, 7), (3, 11), (97, 101), (1, 1000), (999, 1000)])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
def test_the_interval_is_the_exact_one_of_scipy(hits, trials, confidence):
    theirs = binomtest(hits, trials).proportion_ci(confidence, "exact")
    assert clopper_pearson(hits, trials, confidence) == pytest.approx((theirs.low, theirs.high), rel=1e-9, abs=1e-12)


def test_the_bound_is_what_the_ends_of_the_intervals_give():
    true, false = binomtest(90, 100).proportion_ci(0.95).low, binomtest(5, 200).proportion_ci(0.95).high
    first, second = math.log((true - 0.01) / false), math.log((1 - false - 0.01) / (1 - true))
    assert first > second
    assert measured_epsilon(90, 100, 5, 200, delta=0.01) == pytest.approx(first, rel=1e-9)
    # with the roles of members and strangers, and of the answers, exchanged it is the same
    assert measured_epsilon(195, 200, 10, 100, delta=0.01) == pytest.approx(first, rel=1e-9)


def test_a_perfect_attack_proves_no_more_than_its_trials_can():
    for n in (10, 100, 1000):
        edge = 0.025 ** (1 / n)
        assert measured_epsilon(n, n, 0, n) == pytest.approx(math.log(edge / (1 - edge)), rel=1e-9)
    assert measured_epsilon(1000, 1000, 0, 1000) == pytest.approx(math.log(1000 / 3.7), abs=0.01)


def test_nothing_is_proven_by_chance_or_by_an_attack_that_is_wrong():
    assert measured_epsilon(50, 100, 50, 100) == 0
    assert measured_epsilon(2, 1000, 2, 1000, delta=0.5) == 0
    assert measured_epsilon(0, 100, 0, 100) == measured_epsilon(100, 100, 100, 100) == 0


def gaussian(sigma, trials, threshold, generator):
    """Attack one number that is 1 with a person and 0 without, plus noise, the best way: by a threshold."""
    drawn = torch.randn(2, trials, generator=generator, dtype=torch.float64) * sigma
    return int((drawn[0] + 1 > threshold).sum()), int((drawn[1] > threshold).sum())


def least_epsilon(sigma, delta):
    """Return the ε of the Gaussian mechanism at δ, exactly (Dong, Roth and Su 2019, corollary 2.13), by bisection."""
    low, high = 0.0, 50.0
    while high - low > 1e-9:
        e = (low + high) / 2
        costs = norm.cdf(0.5 / sigma - e * sigma) - math.exp(e) * norm.cdf(-0.5 / sigma - e * sigma)
        low, high = (e, high) if costs > delta else (low, e)
    return high


def test_the_bound_is_above_the_truth_as_rarely_as_it_says():
    chance = torch.Generator().manual_seed(0)
    truth, above = least_epsilon(1.0, 0.01), 0
    for _ in range(400):
        found, accused = gaussian(1.0, 200, 1.2, chance)
        above += measured_epsilon(found, 200, accused, 200, delta=0.01) > truth
    assert above <= 20  # 5 % of 400; the bound is careful, so there are far fewer


def test_many_trials_of_the_best_attack_come_near_the_truth():
    sigma, delta = 1.0, 0.05
    truth = least_epsilon(sigma, delta)
    found, accused = gaussian(sigma, 1_000_000, sigma**2 * truth + 0.5, torch.Generator().manual_seed(1))
    proven = measured_epsilon(found, 1_000_000, accused, 1_000_000, delta)
    assert 0.97 * truth < proven <= truth


def said_member(noise, inside, trials, first):
    """Train one weight in one step, with one person or without; return how often it moved by more than a half."""
    x, y = torch.ones(4, 1), torch.zeros(4, 1)  # without the person, no example moves the weight
    y[3] = 100.0 if inside else 0.0
    hits = 0
    for seed in range(first, first + trials):
        model = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.zeros_(model.weight)
        batches = PoissonBatches(x, y, 1.0, 1)
        optimizer = torch.optim.SGD(model.parameters(), batches.expected)  # so the step is the noisy sum
        list(fit_privately(model, batches, optimizer, Privacy(1.0, noise), seed, torch.nn.functional.mse_loss))
        hits += model.weight.item() > 0.5
    return hits


def test_what_is_measured_of_private_training_keeps_to_the_promise_unless_the_noise_is_forgotten():
    promised = epsilon(1.0, 1.0, 1, 0.01)
    found, accused = said_member(1.0, True, 300, 0), said_member(1.0, False, 300, 300)
    assert 0.3 < measured_epsilon(found, 300, accused, 300, 0.01) < promised < 4
    found, accused = (300 * said_member(0.0, inside, 1, 0) for inside in (True, False))  # the same every time
    assert measured_epsilon(found, 300, accused, 300, 0.01) > promised


def test_impossible_counts_are_refused():
    for hits, trials, confidence in ((0, 0, 0.9), (-1, 3, 0.9), (4, 3, 0.9), (1, 3, 0), (1, 3, 1)):
        with pytest.raises(ValueError, match="hits of at least one trial, and a confidence between 0 and 1"):
            clopper_pearson(hits, trials, confidence)
    for delta in (-0.1, 1.0):
        with pytest.raises(ValueError, match="delta is 0 or more and below 1"):
            measured_epsilon(1, 2, 1, 2, delta)
