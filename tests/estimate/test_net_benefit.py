"""Net benefit and belief as calculators: the numbers of the package's measures, in the page as in torch."""

import re

import numpy as np
import onnxruntime
import pytest
import torch

from largemodels.estimate import Belief, NetBenefit
from largemodels.export import to_onnx
from largemodels.models import updated
from largemodels.train import net_benefit

N = 211
chance = torch.Generator().manual_seed(0)
HAPPENED = torch.rand(N, generator=chance) < 0.4
FIRST, SECOND = ((0.3 * HAPPENED + 0.7 * torch.rand(N, generator=chance)) for _ in range(2))
FORMULA = NetBenefit(FIRST, SECOND, HAPPENED)
BELIEF = {"known": 0.3, "learned": 0.2, "guessed": 0.25, "slipped": 0.1}
ORDER = ("first", "second", "third", "fourth", "fifth", "sixth")


@pytest.mark.parametrize("harm", [0.25, 1, 3, 9, 40])
def test_the_benefits_are_those_of_the_measure(harm):
    found = FORMULA.of(harm=harm)
    threshold = torch.tensor([1 / (1 + harm)], dtype=torch.float64)
    assert found["threshold"] == pytest.approx(threshold.item())
    for name, chances in (("first", FIRST), ("second", SECOND), ("everybody", torch.ones(N))):
        right = net_benefit(chances.double(), HAPPENED, threshold)
        assert found[name] == pytest.approx(100 * right.item(), abs=1e-9)
    treated = threshold <= FIRST
    assert found["treated"] == pytest.approx(treated.double().mean().item())
    assert found["missed"] == pytest.approx((HAPPENED & ~treated).sum().item() / HAPPENED.sum().item())


def test_the_page_computes_net_benefit_as_torch_does():
    session = onnxruntime.InferenceSession(to_onnx(FORMULA, {"harm": torch.tensor([2.0])}))
    for harm in np.geomspace(0.05, 50, 60).astype(np.float32):
        exact = FORMULA(torch.tensor([harm]))
        for found, value in zip(session.run(None, {"harm": np.array([harm])}), exact.values(), strict=True):
            np.testing.assert_allclose(found, value.numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"first": FIRST[1:]}, "all are (n,); got first (210,), second (211,), happened (211,)"),
        ({"second": SECOND * 3}, "chances are from 0 to 1; got"),
        ({"happened": HAPPENED * 0.5}, "happened must be 0 or 1"),
        ({"happened": HAPPENED & False}, "and 1 somewhere"),
    ],
)
def test_cases_that_make_no_sense_are_named(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        NetBenefit(**{"first": FIRST, "second": SECOND, "happened": HAPPENED} | change)


def answers(*given):
    return {f"{name}_right": (*given, *[2] * 6)[place] for place, name in enumerate(ORDER)}


def test_the_belief_is_that_of_knowledge_tracing():
    found, belief = Belief().of(**BELIEF, **answers(1, 0, 1, 1, 0)), torch.tensor(0.3, dtype=torch.float64)
    for name, right in zip(ORDER, (1, 0, 1, 1, 0), strict=False):
        belief = updated(
            belief, torch.tensor(right), *(torch.tensor(BELIEF[n]) for n in ("learned", "guessed", "slipped"))
        )
        assert found[f"after_{name}"] == pytest.approx(belief.item(), rel=1e-6)
    assert found["after_sixth"] == found["after_fifth"]  # not yet given
    assert found["next"] == pytest.approx(belief.item() * 0.9 + (1 - belief.item()) * 0.25, rel=1e-6)


def test_without_answers_there_is_no_change():
    found = Belief().of(**BELIEF, **answers())
    assert {found[f"after_{name}"] for name in ORDER} == {0.3}


def test_the_page_computes_the_belief_as_torch_does():
    formula, draw = Belief(), np.random.default_rng(0)
    names = [quantity.name for quantity in formula.takes]
    start = {name: torch.tensor([0.3 if place < 4 else 1.0]) for place, name in enumerate(names)}
    session = onnxruntime.InferenceSession(to_onnx(formula, start))
    for _ in range(60):
        numbers = [*draw.uniform(0.01, 0.5, 4), *draw.integers(3, size=6)]
        feeds = {name: np.array([number], np.float32) for name, number in zip(names, numbers, strict=True)}
        exact = formula(*(torch.from_numpy(value) for value in feeds.values()))
        for found, value in zip(session.run(None, feeds), exact.values(), strict=True):
            np.testing.assert_allclose(found, value.numpy(), rtol=1e-5)


def test_a_fourth_kind_of_answer_is_refused():
    with pytest.raises(ValueError, match="first_right is 3; it must be a whole number from 0 to 2"):
        Belief().of(**BELIEF, **answers(3))
