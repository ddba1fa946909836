"""A law of the loss, found again from losses that follow it."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from largemodels.estimate import Fit, fit_law, resampled
from largemodels.estimate.optimal import FITS

LAWS = [FITS["besiroglu"], FITS["hoffmann"], Fit(0.5, 60.0, 300.0, 0.25, 0.4), Fit(0.9, 20.0, 1e5, 0.3, 0.9)]


@dataclass
class Runs:
    parameters: torch.Tensor
    tokens: torch.Tensor

    def losses(self, law: Fit, noise: float = 0.0, seed: int = 0) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        errors = torch.randn(len(self.tokens), generator=generator, dtype=torch.float64)
        return law.loss(self.parameters, self.tokens) * (1 + noise * errors)


@pytest.fixture(scope="module")
def runs() -> Runs:
    sizes = torch.tensor([28e3, 60e3, 150e3, 340e3, 800e3], dtype=torch.float64)
    return Runs(*torch.cartesian_prod(sizes, 2.0 ** torch.arange(19, 26, dtype=torch.float64)).T)


@pytest.mark.parametrize("law", LAWS, ids=["besiroglu", "hoffmann", "flat", "steep"])
def test_losses_that_follow_a_law_give_it_back(runs, law):
    found = fit_law(runs.parameters, runs.tokens, runs.losses(law))
    np.testing.assert_allclose(found[:5], law[:5], rtol=1e-6)


def test_no_other_search_finds_a_law_that_fits_better(runs):
    """Huber's objective itself, written out and searched without our gradient, from the end and from beside it."""
    losses = runs.losses(LAWS[2], noise=0.003)
    found = fit_law(runs.parameters, runs.tokens, losses)

    def objective(x):
        law = Fit(np.exp(x[0]), np.exp(x[1]), np.exp(x[2]), x[3], x[4])
        off = torch.log(law.loss(runs.parameters, runs.tokens)) - torch.log(losses)
        return 1e6 * torch.nn.functional.huber_loss(off, torch.zeros_like(off), delta=1e-3, reduction="sum").item()

    end = np.array([*np.log(found[:3]), *found[3:5]])
    least = min(
        minimize(objective, end + shift, method="Nelder-Mead", options={"maxiter": 4000, "maxfev": 4000}).fun
        for shift in (0.0, np.array([0.05, 0.1, -0.1, 0.01, -0.01]))
    )
    assert objective(end) <= least * (1 + 1e-3)


def test_the_order_of_the_runs_does_not_matter(runs):
    losses, order = runs.losses(LAWS[0], noise=0.003), torch.randperm(35, generator=torch.Generator().manual_seed(1))
    one = fit_law(runs.parameters, runs.tokens, losses)
    other = fit_law(runs.parameters[order], runs.tokens[order], losses[order])
    np.testing.assert_allclose(one[:5], other[:5], rtol=1e-4)


def test_an_outlier_moves_the_law_little(runs):
    losses = runs.losses(LAWS[2], noise=0.001)
    moved = losses.clone()
    moved[17] *= 1.3
    one, other = (fit_law(runs.parameters, runs.tokens, each) for each in (losses, moved))
    at = torch.tensor([3.2e6, 2.0**25], dtype=torch.float64)
    assert float((one.loss(*at) - other.loss(*at)).abs() / one.loss(*at)) < 0.003


def test_laws_of_drawn_runs_surround_the_truth_and_widen_with_the_noise(runs):
    """Of 60 sets of 25 runs with 100 draws each, 58 of the 95 % intervals held the loss of a larger model."""
    larger = torch.tensor([3.2e6, 2.0**25], dtype=torch.float64)
    truth, held, spreads = LAWS[2].loss(*larger).item(), 0, {}
    for noise in (0.001, 0.004):
        for seed in range(4):
            losses = runs.losses(LAWS[2], noise, seed)
            laws = resampled(runs.parameters, runs.tokens, losses, draws=20, seed=seed)
            found = sorted(law.loss(*larger).item() for law in laws)
            held += found[0] < truth < found[-1]
            spreads[noise] = spreads.get(noise, 0) + found[-1] - found[0]
    assert held >= 6
    assert 2 < spreads[0.004] / spreads[0.001] < 8


def test_the_same_seed_draws_the_same_runs(runs):
    losses = runs.losses(LAWS[2], noise=0.003)
    fit = fit_law(runs.parameters, runs.tokens, losses)
    one, again, other = (resampled(runs.parameters, runs.tokens, losses, 2, seed, fit) for seed in (5, 5, 6))
    assert one == again
    assert one != other


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n, d, x: (n[:5], d[:5], x[:5]), "at least 6 runs"),
        (lambda n, d, x: (n, d[:-1], x), "must be"),
        (lambda n, d, x: (n, d, -x), "losses must be finite and above 0"),
        (lambda n, d, x: (n * float("inf"), d, x), "parameters must be finite and above 0; got inf"),
        (lambda n, d, x: (n, torch.full_like(d, 3.0), x), "at least 3 lengths; got 1"),
        (lambda n, d, x: (n[:14], d[:14], x[:14]), "at least 3 sizes; got 2"),
    ],
)
def test_what_no_law_can_be_fitted_to_is_refused(runs, change, message):
    with pytest.raises(ValueError, match=message):
        fit_law(*change(runs.parameters, runs.tokens, runs.losses(LAWS[0])))


def test_no_draw_at_all_is_refused(runs):
    with pytest.raises(ValueError, match="draws must be at least 1; got 0"):
        resampled(runs.parameters, runs.tokens, runs.losses(LAWS[0]), draws=0)
