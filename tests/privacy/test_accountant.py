"""The accountant's ε is that of Opacus, near dp-accounting's and above the tighter PRV accountant's."""

import math

import pytest
import torch
from opacus.accountants import PRVAccountant, RDPAccountant
from opacus.accountants.analysis.rdp import compute_rdp
from scipy.integrate import quad
from scipy.stats import norm

from largemodels.privacy import ORDERS, epsilon, noise_for, renyi

# rate, noise, steps, delta; epsilon of dp-accounting 0.6.0 (RdpAccountant, its own orders), which is not installed with
# the book: it wants attrs below 24
RUNS = [
    (0.01, 1.0, 1000, 1e-5, 2.101366525420273),
    (0.05, 0.7, 300, 1e-5, 14.361076346225357),
    (1.0, 4.0, 20, 1e-6, 5.926821861079906),
    (0.2, 2.0, 50, 1e-5, 3.8498338465384045),
    (0.01, 0.5, 100, 1e-5, 8.034119713902147),
]


@pytest.mark.parametrize(("rate", "noise", "steps", "delta", "theirs"), RUNS)
def test_epsilon_is_that_of_opacus_and_of_dp_accounting(rate, noise, steps, delta, theirs):
    opacus = RDPAccountant()
    opacus.history = [(noise, rate, steps)]
    ours = epsilon(rate, noise, steps, delta)
    assert ours == pytest.approx(opacus.get_epsilon(delta), rel=1e-6)
    # dp-accounting takes a bound of the divergence at orders that are not whole, which is above it
    assert ours <= theirs * (1 + 1e-9)
    assert ours == pytest.approx(theirs, rel=0.004)


def test_the_run_of_the_text_costs_what_it_says_and_the_tighter_accountant_finds_less():
    ours = epsilon(0.01, 1.0, 1000, 1e-5)
    assert ours == pytest.approx(2.101, abs=5e-4)
    tight = PRVAccountant()
    tight.history = [(1.0, 0.01, 1000)]
    assert tight.get_epsilon(1e-5) == pytest.approx(1.838, abs=5e-3)
    assert tight.get_epsilon(1e-5) < ours


@pytest.mark.parametrize("rate", [1e-4, 0.01, 0.3])
@pytest.mark.parametrize("noise", [0.4, 1.0, 6.0])
def test_the_divergence_is_that_of_opacus_at_whole_orders_and_between(rate, noise):
    for order in (1.1, 1.7, 2.0, 2.3, 7.8, 10.9, 12.0, 63.0):
        theirs = float(compute_rdp(q=rate, noise_multiplier=noise, steps=1, orders=order))
        # Opacus breaks its series off at a summand of e^-30
        assert renyi(rate, noise, order) == pytest.approx(theirs, rel=1e-5, abs=2e-12)


@pytest.mark.parametrize("order", [1.5, 2.0, 3.7, 5.0])
def test_it_is_the_divergence_between_the_two_distributions(order):
    q, sigma = 0.07, 0.8

    def integrand(z):
        without = norm.pdf(z, 0, sigma)
        return without * (1 - q + q * norm.pdf(z, 1, sigma) / without) ** order

    total = quad(integrand, -12, 20, limit=500, epsabs=1e-13, epsrel=1e-11)[0]
    assert renyi(q, sigma, order) == pytest.approx(math.log(total) / (order - 1), rel=1e-7)


def test_everyone_in_every_batch_is_the_gaussian_mechanism():
    assert renyi(1.0, 3.0, 5.0) == 5 / 18
    assert renyi(1 - 1e-9, 3.0, 2.5) == pytest.approx(2.5 / 18, rel=1e-6)


def test_more_steps_a_higher_rate_and_less_noise_cost_more():
    costs = [epsilon(0.01, 1.0, steps, 1e-5) for steps in (10, 100, 1000)]
    assert costs == sorted(costs)
    costs = [epsilon(rate, 1.0, 100, 1e-5) for rate in (0.001, 0.01, 0.1, 1)]
    assert costs == sorted(costs)
    costs = [epsilon(0.01, noise, 100, 1e-5) for noise in (4, 2, 1, 0.5, 0.2, 0.05)]
    assert costs == sorted(costs)


def test_the_ends():
    assert epsilon(0.0, 1.0, 10, 1e-5) == epsilon(0.5, 1.0, 0, 1e-5) == renyi(0, 1, 2) == 0
    assert epsilon(0.5, 0.0, 1, 1e-5) == renyi(0.1, 0, 2) == math.inf
    assert epsilon(1e-6, 100.0, 1, 0.5) == 0  # never below


@pytest.mark.parametrize("target", [0.5, 3.0, 30.0])
def test_the_noise_for_an_epsilon_gives_it(target):
    noise = noise_for(target, 0.02, 400, 1e-5)
    assert 0.98 * target < epsilon(0.02, noise, 400, 1e-5) <= target


def test_orders_are_above_one_and_in_order():
    assert list(ORDERS) == sorted(set(ORDERS))
    assert ORDERS[0] > 1


def test_impossible_numbers_are_refused():
    for rate, noise in ((-0.1, 1), (1.1, 1), (0.5, -1), (0.5, math.inf), (math.nan, 1)):
        with pytest.raises(ValueError, match="the rate lies between 0 and 1"):
            renyi(rate, noise, 2)
    for order in (1, 0.5, math.inf):
        with pytest.raises(ValueError, match="an order is above 1"):
            renyi(0.1, 1, order)
    for steps, delta in ((-1, 1e-5), (1, 0), (1, 1)):
        with pytest.raises(ValueError, match="delta between 0 and 1"):
            epsilon(0.1, 1, steps, delta)
    with pytest.raises(ValueError, match="the target is an epsilon above 0"):
        noise_for(0, 0.1, 1, 1e-5)
    with pytest.raises(ValueError, match=r"no noise up to 10000 reaches epsilon 1e-05"):
        noise_for(1e-5, 1.0, 10**6, 1e-9)


def test_it_is_float64_throughout():
    assert torch.get_default_dtype() == torch.float32
    assert renyi(1e-3, 2.0, 2) == pytest.approx(math.log1p(1e-6 * math.expm1(0.25)), rel=1e-8)
