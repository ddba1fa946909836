"""Calibration errors are what a loop finds, chance alone gives some, and a temperature has the lowest loss."""

import math

import pytest
import torch
import torch.nn.functional as F
from scipy.optimize import minimize_scalar

from largemodels.train import calibration_error, error_by_chance, fit_temperature, reliability


def answers(n=997, scale=1.0, seed=0):
    """Return logits of a model that is right as often as ``logits / scale`` say, and the labels."""
    chance = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(n, 5, generator=chance, dtype=torch.float64)
    labels = torch.multinomial(logits.softmax(1), 1, generator=chance)[:, 0]
    return logits * scale, labels


@pytest.mark.parametrize("equal", ["width", "count"])
def test_the_error_is_what_a_loop_over_groups_finds(equal):
    logits, labels = answers(101, 2.0)
    sure, right = (x.tolist() for x in (logits.softmax(1).amax(1), logits.argmax(1) == labels))
    pairs = sorted(zip(sure, right, strict=True))
    groups = [[] for _ in range(7)]
    for place, (p, r) in enumerate(pairs):
        groups[min(6, int(p * 7)) if equal == "width" else place * 7 // 101].append((p, r))
    expected = sum(abs(sum(p for p, _ in g) - sum(r for _, r in g)) for g in groups) / 101
    assert calibration_error(torch.tensor(sure), torch.tensor(right), 7, equal) == pytest.approx(expected, rel=1e-6)


def test_empty_groups_are_left_out_and_a_confidence_of_one_belongs_to_the_last():
    groups = reliability(torch.tensor([1.0, 1.0, 0.05]), torch.tensor([True, False, False]), 10)
    assert groups.count.tolist() == [1, 2]
    assert groups.right.tolist() == [0, 0.5]


def test_a_model_that_is_always_right_and_sure_has_no_error():
    assert calibration_error(torch.ones(5), torch.ones(5, dtype=torch.bool)) == 0


def test_a_calibrated_model_shows_an_error_by_chance_that_shrinks_with_answers_and_grows_with_groups():
    few, many = (answers(n)[0].softmax(1).amax(1) for n in (100, 3000))
    assert error_by_chance(few).mean() > 3 * error_by_chance(many).mean() > 0
    assert error_by_chance(few, bins=40).mean() > error_by_chance(few, bins=5).mean()


def test_the_error_of_a_calibrated_model_lies_among_those_by_chance_and_that_of_a_sharpened_one_above():
    for scale, above in ((1.0, False), (2.0, True)):
        logits, labels = answers(scale=scale, seed=3)
        sure, right = logits.softmax(1).amax(1), logits.argmax(1) == labels
        assert (calibration_error(sure, right) > error_by_chance(sure).quantile(0.99)) == above


@pytest.mark.parametrize("scale", [0.2, 1.0, 7.0])
def test_the_temperature_has_the_lowest_loss_as_scipy_and_torch_find_it(scale):
    logits, labels = answers(scale=scale)
    found = fit_temperature(logits, labels)
    by_scipy = minimize_scalar(
        lambda x: F.cross_entropy(logits / math.exp(x), labels).item(),
        bounds=(-5, 5),
        method="bounded",
        options={"xatol": 1e-10},
    )
    assert found == pytest.approx(math.exp(by_scipy.x), rel=1e-5)
    x = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([x], max_iter=100, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(logits * x.exp(), labels)
        loss.backward()
        return loss

    optimizer.step(closure)
    assert found == pytest.approx((-x).exp().item(), rel=1e-5)
    assert found == pytest.approx(scale, rel=0.15)  # what the labels were drawn with


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: reliability(torch.rand(3), torch.ones(2)), r"got \(3,\), \(2,\)"),
        (lambda: reliability(torch.rand(0), torch.ones(0)), "n at least 1"),
        (lambda: reliability(torch.tensor([1.5]), torch.ones(1)), "from 0 to 1; got 1.5"),
        (lambda: reliability(torch.rand(3), torch.ones(3), 0), "at least 1"),
        (lambda: reliability(torch.rand(3), torch.ones(3), 5, "size"), "'size'"),
        (lambda: fit_temperature(torch.eye(4), torch.arange(4)), "all right"),
        (lambda: fit_temperature(torch.eye(4), torch.arange(3, -1, -1)), "no better than chance"),
        (lambda: fit_temperature(torch.eye(4), torch.arange(3)), r"got \(4, 4\) and \(3,\)"),
    ],
)
def test_what_cannot_be_calibrated_is_said(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize("equal", ["width", "count"])
def test_the_order_of_answers_plays_no_part(equal):
    """Of a hundred that were equally sure, those that came first made groups that were all right."""
    sure, right = torch.full((100,), 0.8), torch.arange(100) < 80
    order = torch.randperm(100, generator=torch.Generator().manual_seed(0))
    assert calibration_error(sure, right, 10, equal) == pytest.approx(0, abs=1e-7)
    assert calibration_error(sure, right[order], 10, equal) == pytest.approx(0, abs=1e-7)
    tied = (torch.arange(100) % 7 / 10, (torch.arange(100) * 37 % 100) < 60)
    found = [calibration_error(tied[0][rows], tied[1][rows], 10, equal) for rows in (torch.arange(100), order)]
    assert found[0] == pytest.approx(found[1], rel=1e-12)


def test_answers_and_logits_that_are_none_are_refused():
    sure = torch.full((3,), 0.5)
    for right in (torch.full((3,), 2.0), torch.full((3,), math.nan)):
        with pytest.raises(ValueError, match="an answer is right or not"):
            calibration_error(sure, right)
    with pytest.raises(ValueError, match="groups are at least 1"):
        calibration_error(sure, sure > 0, 15.0)
    logits, labels = answers(31)
    for wrong in (math.nan, math.inf, -math.inf):  # a temperature of 1,048,576 came of it
        with pytest.raises(ValueError, match="logits must be finite"):
            fit_temperature(torch.where(torch.arange(31)[:, None] == 3, wrong, logits), labels)
    for wrong in (labels + 5, labels - 5, labels.double()):
        with pytest.raises(ValueError, match="labels are classes, int64 from 0 to 4"):
            fit_temperature(logits, wrong)
