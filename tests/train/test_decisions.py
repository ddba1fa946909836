"""Net benefit and calibration lines: by hand, by scikit-learn, and clear about what makes no sense."""

import re

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix

from largemodels.train import calibration_line, net_benefit

chance = torch.Generator().manual_seed(0)
CHANCES = torch.rand(157, generator=chance)
HAPPENED = torch.rand(157, generator=chance) < 0.2 + 0.5 * CHANCES


def test_net_benefit_counts_people():
    """Of ten people three need it; at 1/4 four are treated, two of them rightly: 2/10 - 2/10 · 1/3."""
    chances = torch.tensor([0.9, 0.3, 0.25, 0.26, 0.2, 0.1, 0.1, 0.0, 0.0, 0.0])
    happened = torch.tensor([1, 1, 0, 0, 1, 0, 0, 0, 0, 0])
    assert net_benefit(chances, happened, torch.tensor([0.25])).item() == pytest.approx(0.2 - 0.2 / 3)


@pytest.mark.parametrize("threshold", [0.1, 0.37, 0.8])
def test_net_benefit_is_that_of_a_confusion_matrix(threshold):
    treated = CHANCES.ge(threshold)
    _, wrong, _, right = confusion_matrix(HAPPENED, treated).ravel()
    expected = right / 157 - wrong / 157 * threshold / (1 - threshold)
    assert net_benefit(CHANCES, HAPPENED, torch.tensor([threshold])).item() == pytest.approx(expected)


def test_to_treat_all_is_worth_nothing_at_the_share_of_those_who_need_it():
    share = HAPPENED.double().mean()
    everybody = net_benefit(torch.ones(157), HAPPENED, torch.stack([torch.zeros_like(share), share]))
    assert everybody[0].item() == pytest.approx(share.item())
    assert everybody[1].item() == pytest.approx(0, abs=1e-12)


def test_the_right_chances_are_never_worse_than_a_default():
    """What is known of each person, and many of them: treating by it is at least as good as treating all or none."""
    truth = torch.rand(200_000, generator=torch.Generator().manual_seed(1))
    happened = torch.rand(200_000, generator=torch.Generator().manual_seed(2)) < truth
    thresholds = torch.linspace(0.05, 0.95, 19)
    informed, everybody = (net_benefit(x, happened, thresholds) for x in (truth, torch.ones_like(truth)))
    assert (informed > everybody.clamp(min=0) - 1e-3).all()


def test_the_line_is_that_of_scikit_learn():
    inside = CHANCES.double().clamp(0.01, 0.99)
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(inside.logit()[:, None], HAPPENED)
    slope, intercept = calibration_line(inside, HAPPENED)
    assert slope == pytest.approx(model.coef_.item(), abs=1e-5)
    assert intercept == pytest.approx(model.intercept_.item(), abs=1e-5)


def test_the_line_finds_what_was_done_to_right_chances():
    truth = torch.rand(100_000, generator=torch.Generator().manual_seed(3), dtype=torch.float64).clamp(0.02, 0.98)
    happened = torch.rand(100_000, generator=torch.Generator().manual_seed(4)) < truth
    too_sure = (2 * truth.logit() + 0.5).sigmoid()
    slope, intercept = calibration_line(too_sure, happened)
    assert slope == pytest.approx(0.5, abs=0.02)
    assert intercept == pytest.approx(-0.25, abs=0.03)


@pytest.mark.parametrize(
    ("chances", "happened", "message"),
    [
        (CHANCES[1:], HAPPENED, "both (n,), with n at least 1; got (156,) and (157,)"),
        (CHANCES * 2, HAPPENED, "a chance is from 0 to 1; got"),
        (CHANCES * torch.nan, HAPPENED, "a chance is from 0 to 1; got nan"),
        (CHANCES, HAPPENED * 2, "it happened or not"),
    ],
)
def test_what_makes_no_sense_is_refused_by_both(chances, happened, message):
    for measure in (lambda c, h: net_benefit(c, h, torch.tensor([0.5])), calibration_line):
        with pytest.raises(ValueError, match=re.escape(message)):
            measure(chances, happened)


@pytest.mark.parametrize("threshold", [-0.1, 1.0, torch.nan])
def test_thresholds_are_below_1(threshold):
    with pytest.raises(ValueError, match="from 0 to below 1"):
        net_benefit(CHANCES, HAPPENED, torch.tensor([threshold]))


@pytest.mark.parametrize("chances", [torch.tensor([0.2, 1.0, 0.4]), torch.full((3,), 0.4)])
def test_a_line_takes_chances_that_differ_inside_the_limits(chances):
    with pytest.raises(ValueError, match="above 0 and below 1, not all the same"):
        calibration_line(chances, torch.tensor([0, 1, 1]))


def test_no_line_is_found_where_the_chances_part_the_two_kinds():
    with pytest.raises(ValueError, match="no line is best"):
        calibration_line(torch.tensor([0.1, 0.2, 0.7, 0.8]), torch.tensor([0, 0, 1, 1]))
    with pytest.raises(ValueError, match="no line is best"):
        calibration_line(torch.tensor([0.1, 0.2, 0.7, 0.8]), torch.tensor([1, 1, 1, 1]))
