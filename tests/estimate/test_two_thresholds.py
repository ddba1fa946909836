"""A threshold for each of two groups: the rates are those of the book's audits, and bad cases are named."""

import re

import numpy as np
import onnxruntime
import pytest
import torch

from largemodels.estimate import TwoThresholds
from largemodels.export import to_onnx
from largemodels.train import errors_by_group

N = 211
chance = torch.Generator().manual_seed(0)
MEMBERS = torch.rand(N, generator=chance) < 0.3
LABELS = torch.rand(N, generator=chance) < 0.2 + 0.2 * MEMBERS
SCORES = (0.3 * LABELS + 0.7 * torch.rand(N, generator=chance)).double()
FORMULA = TwoThresholds(SCORES, LABELS, MEMBERS)


@pytest.mark.parametrize(("first", "second"), [(0.4, 0.4), (0.2, 0.7), (0, 0.9), (0.65, 0.1)])
def test_the_rates_are_those_of_an_audit(first, second):
    flagged = FORMULA.scores > torch.where(MEMBERS, float(second), float(first))
    one, two = errors_by_group(flagged, LABELS, MEMBERS.long())
    found = FORMULA.of(first=first, second=second)
    assert found["accuracy"] == pytest.approx((flagged == LABELS).double().mean().item())
    for name, errors in (("first", one), ("second", two)):
        assert found[f"wrong_{name}"] == pytest.approx(errors.false_alarms.value)
        assert found[f"precision_{name}"] == pytest.approx(errors.precision.value)


def test_a_threshold_of_1_flags_nobody_and_one_of_0_everybody_with_a_score():
    nobody, everybody = FORMULA.of(first=1, second=1), FORMULA.of(first=0, second=0)
    assert [nobody[name] for name in ("wrong_first", "wrong_second", "precision_first", "precision_second")] == [0] * 4
    assert nobody["accuracy"] == pytest.approx((~LABELS).double().mean().item())
    assert everybody["wrong_first"] == everybody["wrong_second"] == 1
    assert everybody["precision_second"] == pytest.approx(LABELS[MEMBERS].double().mean().item())


def test_each_threshold_is_for_its_own_group_alone():
    one, other = FORMULA.of(first=0.5, second=0.3), FORMULA.of(first=0.5, second=0.8)
    assert one["wrong_first"] == other["wrong_first"]
    assert one["precision_first"] == other["precision_first"]
    assert one["wrong_second"] > other["wrong_second"]


def test_a_score_at_its_threshold_is_not_flagged():
    formula = TwoThresholds(torch.tensor([0.1, 0.1]), torch.tensor([0, 0]), torch.tensor([0, 1]))
    found = formula(torch.tensor([0.1]), torch.tensor([0.1]))
    assert found["wrong_first"].item() == found["wrong_second"].item() == 0


def test_thresholds_of_any_shape_give_shares_of_that_shape():
    first = torch.linspace(0, 1, 7)[:, None]
    found = FORMULA(first, first.T)
    assert {value.shape for value in found.values()} == {(7, 7)}
    single = FORMULA(first[2], first[5])
    for name, value in found.items():
        assert value[2, 5] == single[name].item()


def test_the_page_computes_it_as_torch_does():
    inputs = {"first": torch.tensor([0.3]), "second": torch.tensor([0.6])}
    session = onnxruntime.InferenceSession(to_onnx(FORMULA, inputs))
    draw = np.random.default_rng(0)
    for first, second in [(0, 0), (1, 1), (0, 1), *draw.uniform(size=(50, 2))]:
        feeds = {"first": np.array([first], np.float32), "second": np.array([second], np.float32)}
        exact = FORMULA(*(torch.from_numpy(value) for value in feeds.values()))
        for found, value in zip(session.run(None, feeds), exact.values(), strict=True):
            np.testing.assert_allclose(found, value.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": LABELS[1:]}, "all are (n,); got scores (211,), labels (210,), members (211,)"),
        ({"scores": SCORES * 2}, "scores are from 0 to 1; got 0.0"),
        ({"scores": SCORES * torch.nan}, "scores are from 0 to 1; got nan"),
        ({"members": MEMBERS.long() * 2}, "members must be 0 or 1"),
        ({"labels": LABELS * 0.5}, "labels must be 0 or 1"),
        ({"members": MEMBERS * 0}, "the second group has no case that should not be flagged"),
        ({"labels": LABELS | ~MEMBERS}, "the first group has no case that should not be flagged"),
    ],
)
def test_cases_that_make_no_sense_are_named(change, message):
    cases = {"scores": SCORES, "labels": LABELS, "members": MEMBERS}
    with pytest.raises(ValueError, match=re.escape(message)):
        TwoThresholds(**cases | change)
