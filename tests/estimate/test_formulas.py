"""Estimates: as in the sources that they come from, the same as ONNX, and clear about numbers that make no sense."""

import numpy as np
import onnxruntime
import pytest
import torch

from largemodels.estimate import Cost, Emissions, TrainingRun, TrainingTime
from largemodels.export import to_onnx

LLAMA_65B = {
    "parameters": 65.2e9,
    "tokens": 1.4e12,
    "chips": 2048,
    "peak": 312,
    "utilisation": 0.477,
    "watts": 400,
    "pue": 1.1,
    "carbon": 0.385,
    "price": 2,
}
# a formula, and numbers that it takes
FORMULAS = [
    (TrainingTime(), {"compute": 5.5e23, "chips": 2048, "peak": 312, "utilisation": 0.477}),
    (Cost(), {"chip_hours": 1.022362e6, "price": 1.9}),
    (Emissions(), {"chip_hours": 1.022362e6, "watts": 400, "pue": 1.1, "carbon": 0.385}),
    (TrainingRun(), LLAMA_65B),
]
each = pytest.mark.parametrize(("formula", "numbers"), FORMULAS, ids=[type(f).__name__ for f, _ in FORMULAS])


@each
def test_onnx_computes_in_float32_what_torch_computes_in_float64(formula, numbers):
    inputs = {q.name: torch.tensor([float(numbers[q.name])]) for q in formula.takes}
    session = onnxruntime.InferenceSession(to_onnx(formula, inputs))
    found = session.run(None, {name: value.numpy() for name, value in inputs.items()})
    expected = formula.of(**numbers)
    assert [output.name for output in session.get_outputs()] == list(expected) == [q.name for q in formula.gives]
    np.testing.assert_allclose([x.item() for x in found], list(expected.values()), rtol=1e-6)


@each
def test_a_number_out_of_its_limits_is_named_with_what_is_allowed(formula, numbers):
    for q in formula.takes:
        for bad in (q.low - 1, q.high * 1.1 + 1, float("nan"), *([q.low + 0.5] if q.whole else [])):
            with pytest.raises(ValueError, match=f"^{q.name} is .*; it must be a (whole )?number from"):
                formula.of(**numbers | {q.name: bad})


@each
def test_results_are_finite_at_every_limit(formula, numbers):
    for q in formula.takes:
        for edge in (q.low, q.high):
            inputs = [torch.tensor([float(edge if p.name == q.name else numbers[p.name])]) for p in formula.takes]
            assert all(value.isfinite().all() for value in formula(*inputs).values())


def test_names_that_are_missing_or_unknown_are_told():
    with pytest.raises(ValueError, match="it takes chip_hours, price; got chip_hours"):
        Cost().of(chip_hours=1)
    with pytest.raises(ValueError, match="it takes chip_hours, price; got chip_hours, prize"):
        Cost().of(chip_hours=1, prize=1)
    with pytest.raises(ValueError, match="chip_hours is empty"):
        Cost()(torch.zeros(0), torch.ones(1))


def test_a_whole_run_is_its_parts_together():
    run = TrainingRun().of(**LLAMA_65B)
    assert run["compute"] == 6 * LLAMA_65B["parameters"] * LLAMA_65B["tokens"]
    assert run["days"] * 24 * LLAMA_65B["chips"] == pytest.approx(run["chip_hours"])
    assert run["cost"] == pytest.approx(run["chip_hours"] * LLAMA_65B["price"])
    assert run["energy_low"] < run["energy"] < run["energy_high"]
    assert run["co2"] == pytest.approx(run["energy"] * LLAMA_65B["carbon"])
