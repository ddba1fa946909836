"""How many cases an audit needs: as often as simulated audits see the gap."""

import pytest
import torch

from largemodels.estimate import AuditSize


def seen(rate, gap, small, large, times=4000):
    """Return the share of simulated audits in which the gap is larger than two standard errors."""
    draw = torch.Generator().manual_seed(0)
    rates = [
        torch.binomial(torch.full((times,), float(n)), torch.full((times,), p), generator=draw) / n
        for p, n in ((rate + gap, small), (rate, large))
    ]
    error = sum(p * (1 - p) / n for p, n in zip(rates, (small, large), strict=True)).sqrt()
    return (rates[0] - rates[1] > 2 * error).float().mean().item()


@pytest.mark.parametrize(
    ("rate", "gap", "small", "large"), [(0.06, 0.15, 133, 1527), (0.1, 0.05, 500, 500), (0.3, 0.1, 211, 1009)]
)
def test_power_is_how_often_simulated_audits_see_the_gap(rate, gap, small, large):
    found = AuditSize().of(rate=rate, gap=gap, small=small, large=large)
    assert found["power"] == pytest.approx(seen(rate, gap, small, large), abs=0.05)


@pytest.mark.parametrize(("rate", "gap"), [(0.06, 0.06), (0.2, 0.1)])
def test_with_the_cases_that_are_needed_four_audits_in_five_see_it(rate, gap):
    small, large = 100, 1000
    needed = round(AuditSize().of(rate=rate, gap=gap, small=small, large=large)["needed"])
    again = AuditSize().of(rate=rate, gap=gap, small=needed, large=needed * large // small)
    assert again["power"] == pytest.approx(0.8, abs=0.01)
    assert seen(rate, gap, needed, needed * large // small) == pytest.approx(0.8, abs=0.04)


def test_half_the_gap_needs_about_four_times_the_cases():
    one, half = (AuditSize().of(rate=0.3, gap=gap, small=100, large=100)["needed"] for gap in (0.1, 0.05))
    assert 3.5 < half / one < 4.2
