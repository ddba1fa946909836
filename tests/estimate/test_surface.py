"""The surface that a page shows: the law at a point, its best split, and curves of equal computation."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from largemodels.estimate import Fit, LossSurface
from largemodels.estimate.optimal import FITS
from largemodels.estimate.surface import NEIGHBOURS

LAWS = [*FITS.values(), Fit(0.9, 30.0, 2e4, 0.31, 0.73)]


def surface(law: Fit, n: float, d: float, at=(1e6, 1e7, 1e8, 1e9, 1e10), dtype=torch.float64) -> dict:
    return LossSurface()(*(torch.tensor(values, dtype=dtype) for values in (law[:5], [n], [d], list(at))))


@given(st.sampled_from(LAWS), st.floats(4, 13), st.floats(5, 14))
def test_it_is_the_law_and_its_optimum(law, n, d):
    n, d = 10**n, 10**d
    found = surface(law, n, d)
    assert_close(found["loss"].item(), law.loss(n, d))
    assert_close(found["terms"].sum().item(), law.loss(n, d))
    assert_close(found["compute"].item(), 6 * n * d)
    size, length = law.optimum(6 * n * d)
    assert_close([found["parameters_best"].item(), found["tokens_best"].item()], [size, length])
    assert_close(found["loss_best"].item(), law.loss(size, length))
    assert found["loss_best"] <= found["loss"] * (1 + 1e-12)


@given(st.sampled_from(LAWS), st.floats(4, 13), st.floats(5, 14))
def test_the_computation_that_is_needed_gives_the_same_loss_at_its_best_split(law, n, d):
    found = surface(law, 10**n, 10**d)
    assert 0 < found["needed"] <= 1
    size, length = law.optimum(found["compute"] * found["needed"])
    assert_close(law.loss(size, length), found["loss"], rtol=1e-9, atol=0)


def test_every_point_of_a_curve_costs_the_same_and_none_is_below_its_best():
    law, at = FITS["besiroglu"], torch.logspace(6, 12, 37, dtype=torch.float64)
    found = surface(law, 3e8, 2e10, at.tolist())
    for factor, curve, best in zip(NEIGHBOURS, found["curves"], found["best"], strict=True):
        assert_close(curve, law.loss(at, factor * 6 * 3e8 * 2e10 / (6 * at)))
        assert (curve >= best[1]).all()
        assert_close(best[0], torch.as_tensor(law.optimum(factor * 6 * 3e8 * 2e10)[0], dtype=torch.float64))


def test_in_float32_it_says_the_same():
    for law in LAWS:
        exact, page = surface(law, 3.1e8, 1.7e10), surface(law, 3.1e8, 1.7e10, dtype=torch.float32)
        for name, values in exact.items():
            assert_close(page[name].double(), values, rtol=3e-5, atol=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"law": torch.ones(4)}, r"it takes law \(5,\).*got \(4,\), \(1,\), \(1,\), \(2,\)"),
        ({"at": torch.ones(0)}, "it takes law"),
        ({"parameters": torch.zeros(1)}, "parameters must be finite and above 0"),
        ({"tokens": torch.tensor([float("nan")])}, "tokens must be finite"),
        ({"law": torch.tensor([1, 1, 1, 1, float("inf")])}, "law must be finite"),
        ({"at": torch.ones(2, dtype=torch.float16)}, "of torch.float32 or torch.float64; got torch.float16"),
    ],
)
def test_what_it_cannot_take_is_named(change, message):
    inputs = {"law": torch.ones(5), "parameters": torch.ones(1), "tokens": torch.ones(1), "at": torch.ones(2)}
    with pytest.raises(ValueError, match=message):
        LossSurface()(**inputs | change)
