"""Linear classifiers under DP-SGD at once: one of them is the private training of any model; and a page's formula."""

import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from largemodels.export import to_onnx
from largemodels.privacy import (
    Accountant,
    Privacy,
    PrivateLinear,
    all_at_once,
    clipped_sum,
    epsilon,
    fit_linear,
    linear_step,
)

N, D, K, M = 23, 5, 3, 2


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def labels(n=N, seed=1):
    return torch.randint(K, (n,), generator=torch.Generator().manual_seed(seed))


def test_a_step_is_that_of_clipped_per_sample_gradients():
    x, y, weights = numbers(N, D), labels(), numbers(D, M, K, seed=2)
    drawn, noise = (numbers(N, M, seed=3) > 0).float(), numbers(D, M, K, seed=4)
    clip, rate = torch.tensor([0.7]), torch.tensor([0.3])
    found, long = linear_step(weights, x, F.one_hot(y, K).float(), drawn, noise, clip, rate, expected=9.0)
    for which in range(M):
        model = nn.Linear(D, K, bias=False)
        model.weight.data = weights[:, which].T.clone()
        inside = drawn[:, which].bool()
        sums, lengths = clipped_sum(all_at_once(model, x[inside], y[inside]), 0.7)
        expected = weights[:, which] - 0.3 * (sums["weight"].T + noise[:, which]) / 9
        torch.testing.assert_close(found[:, which], expected, atol=1e-6, rtol=1e-5)
        assert torch.equal(long[inside, which], (lengths > 0.7).float())
        assert not long[~inside, which].any()
    assert 0 < long.sum() < drawn.sum()


def test_a_classifier_without_noise_learns_and_one_with_nobody_has_noise_alone():
    y = labels()
    x = F.one_hot(y, K).float() + 0.1 * numbers(N, K)
    inside = torch.stack([torch.ones(N), torch.zeros(N)]).bool()
    weights = fit_linear(x, y, inside, 0.5, 40, Privacy(1.0, 0.0), 1.0, classes=K)
    assert weights.shape == (2, K, K)
    assert (x @ weights[0]).argmax(1).eq(y).all()
    assert not weights[1].any()
    loud = fit_linear(x, y, inside, 0.5, 40, Privacy(0.5, 3.0), 1.0, classes=K)
    many = fit_linear(x, y, inside[1:].expand(4000, -1), 0.5, 4, Privacy(0.5, 3.0), 1.0, classes=K)
    assert loud[1].any()
    assert many.std().item() == pytest.approx(4**0.5 * 3 * 0.5 / (0.5 * N), rel=0.02)


def test_what_does_not_fit_is_refused():
    x, y, inside = numbers(N, D), labels(), torch.ones(M, N, dtype=torch.bool)
    for change in (
        {"inside": inside.long()},
        {"inside": inside[:, 1:]},
        {"y": y[1:]},
        {"y": y + K},
        {"sampling": 0.0},
        {"sampling": 1.5},
        {"steps": 0},
        {"rate": 0.0},
    ):
        given = {"x": x, "y": y, "inside": inside, "sampling": 0.5, "steps": 1, "privacy": Privacy(), "rate": 1.0}
        with pytest.raises(ValueError, match="got"):
            fit_linear(**given | change, classes=K)


@pytest.mark.parametrize(("sampling", "steps", "delta"), [(0.4, 10, 1e-4), (0.05, 300, 1e-5)])
def test_the_page_has_the_accountants_epsilon(sampling, steps, delta):
    page = Accountant(sampling, steps, delta)
    for noise in (0.2, 0.35, 1.0, 2.7, 8.0, 30.0):
        expected = epsilon(sampling, noise, steps, delta)
        assert page(torch.tensor([noise])).item() == pytest.approx(expected, rel=2e-5)
        assert page.double()(torch.tensor([noise], dtype=torch.float64)).item() == pytest.approx(expected, rel=1e-6)
        page.float()
    assert page(torch.tensor([0.1])).isinf().all()


def test_orders_can_be_chosen_and_impossible_numbers_are_refused():
    assert Accountant(0.1, 5, 1e-3, (2, 5))(torch.ones(1)).item() == pytest.approx(
        epsilon(0.1, 1.0, 5, 1e-3, (2, 5)), rel=1e-5
    )
    for numbers_ in ((0.0, 1, 0.1), (1.0, 1, 0.1), (0.5, 0, 0.1), (0.5, 1, 0.0), (0.5, 1, 1.0)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            Accountant(*numbers_)


@pytest.fixture(scope="module")
def small():
    chance = torch.Generator().manual_seed(0)
    y, asked = labels(60), labels(20, seed=2)
    pixels = [
        ((F.one_hot(each, K) * 12) + torch.randint(4, (len(each), K), generator=chance)).byte() for each in (y, asked)
    ]
    return PrivateLinear(pixels[0], y, (pixels[1], asked), 0.5, 4, 1e-3, copies=3, classes=K), pixels, y, asked


def test_the_formula_is_a_private_training(small):
    formula, pixels, y, asked = small
    numbers_ = {"noise": 0.8, "clip": 0.6, "rate": 2.0}
    found = formula(**{name: torch.tensor([value]) for name, value in numbers_.items()})
    x = F.pad(pixels[0].float() / 16 - 0.3, (0, 1), value=1.0)
    weights, clipped = torch.zeros(K + 1, 3, K), 0.0
    for step in range(4):
        noise = formula.noise[step].float() * 0.8 * 0.6
        weights, long = linear_step(
            weights,
            x,
            F.one_hot(y, K).float(),
            formula.drawn[step].float(),
            noise,
            torch.tensor(0.6),
            torch.tensor(2.0),
            30.0,
        )
        clipped += long.sum().item()
    x = F.pad(pixels[1].float() / 16 - 0.3, (0, 1), value=1.0)
    right = [(x @ weights[:, m]).argmax(1).eq(asked).float().mean().item() for m in range(3)]
    assert found["accuracy"].item() == pytest.approx(sum(right) / 3)
    assert [found["accuracy_low"].item(), found["accuracy_high"].item()] == pytest.approx([min(right), max(right)])
    assert found["clipped"].item() == pytest.approx(clipped / formula.drawn.sum().item())
    assert found["epsilon"].item() == pytest.approx(epsilon(0.5, 0.8, 4, 1e-3), rel=1e-5)
    assert sum(right) / 3 > 0.4
    assert {tuple(value.shape) for value in found.values()} == {(1,)}


def test_noise_costs_accuracy_and_the_clip_changes_no_epsilon(small):
    formula = small[0]

    def of(*values):
        return {name: value.item() for name, value in formula(*(torch.tensor([v]) for v in values)).items()}

    quiet, loud = of(0.2, 1.0, 3.0), of(40.0, 1.0, 3.0)
    assert quiet["accuracy"] > 0.9 > loud["accuracy"]
    assert quiet["epsilon"] > 100 * loud["epsilon"]
    assert of(1.0, 0.1, 1.0)["epsilon"] == of(1.0, 5.0, 9.0)["epsilon"]
    assert of(1.0, 1e-3, 1.0)["clipped"] == 1
    assert of(0.2, 100.0, 1e-3)["clipped"] == 0


def test_the_page_trains_as_torch_does(small):
    formula = small[0]
    example = {name: torch.ones(1) for name in ("noise", "clip", "rate")}
    session = onnxruntime.InferenceSession(to_onnx(formula, example))
    names = [each.name for each in session.get_outputs()]
    for values in ((0.5, 1.0, 3.0), (3.0, 0.2, 8.0), (0.2, 5.0, 0.1)):
        inputs = {name: torch.tensor([value]) for name, value in zip(example, values, strict=True)}
        found = dict(zip(names, session.run(None, {n: v.numpy() for n, v in inputs.items()}), strict=True))
        for name, value in formula(**inputs).items():
            np.testing.assert_allclose(found[name], value.numpy(), atol=1e-6, rtol=1e-5)


def test_a_formula_of_what_is_no_training_is_refused(small):
    formula, pixels, y, asked = small
    for bad in ((-1.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0), (float("nan"), 1.0, 1.0)):
        with pytest.raises(ValueError, match="noise is 0 or more, clip and rate are above 0"):
            formula(*(torch.tensor([value]) for value in bad))
    for given in (
        (pixels[0].float(), y, (pixels[1], asked)),
        (pixels[0], y, (pixels[1][:, 1:], asked)),
        (pixels[0], y, (pixels[1], asked[1:])),
    ):
        with pytest.raises(ValueError, match="got"):
            PrivateLinear(*given, 0.5, 4, 1e-3, classes=K)
    with pytest.raises(ValueError, match="got 0"):
        PrivateLinear(pixels[0], y, (pixels[1], asked), 0.5, 4, 1e-3, copies=0, classes=K)
