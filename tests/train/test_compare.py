"""A lead comes with the error that other examples and other seeds would bring."""

import pytest
import torch

from largemodels.train.compare import compare


def simulated(examples_and_runs: int, n: int = 400, runs: int = 3) -> tuple[list[float], list[float]]:
    """Return leads and errors of two equally good models: examples that are hard for both, and runs that vary."""
    generator = torch.Generator().manual_seed(0)
    leads = []
    for _ in range(examples_and_runs):
        ease = torch.rand(n, generator=generator)
        luck = 0.05 * torch.randn(2, runs, 1, generator=generator)
        one, other = (torch.rand(2, runs, n, generator=generator) < ease + luck).float()
        leads.append(compare(one, other))
    return [lead.mean for lead in leads], [lead.error for lead in leads]


def test_the_error_is_how_far_chance_moves_the_lead():
    means, errors = map(torch.tensor, simulated(400))
    assert means.mean().abs() < 0.01
    assert 0.9 < errors.square().mean().sqrt() / means.std() < 1.35  # rather too large than too small


def test_few_leads_of_equal_models_are_decided():
    means, errors = map(torch.tensor, simulated(400, runs=6))
    assert (means.abs() > 2 * errors).float().mean() < 0.1


def test_examples_that_are_hard_for_both_take_no_part():
    hard = torch.tensor([[1.0, 0.0] * 50])
    other = hard.clone()
    other[0, 0] = 0.0
    lead = compare(hard, other)
    assert lead.mean == pytest.approx(0.01)
    assert lead.error == pytest.approx(0.01)  # one example in a hundred
    assert not lead.decided
    assert compare(torch.ones(2, 100), hard).decided


def test_runs_that_differ_make_a_lead_uncertain():
    steady, shaky = torch.full((3, 100), 0.5), torch.tensor([0.0, 0.5, 1.0])[:, None].expand(3, 100)
    assert compare(steady, steady).error == 0
    assert compare(steady, shaky).error == pytest.approx((0.25 / 3) ** 0.5)


@pytest.mark.parametrize(("one", "other"), [((2, 5), (2, 6)), ((5,), (5,)), ((2, 1), (2, 1)), ((2, 5), (0, 5))])
def test_scores_that_do_not_fit_are_named(one, other):
    with pytest.raises(ValueError, match="the same n of at least two examples for both models; got"):
        compare(torch.ones(one), torch.ones(other))
