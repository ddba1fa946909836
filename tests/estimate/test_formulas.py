"""Estimates: as in the sources that they come from, the same as ONNX, and clear about numbers that make no sense."""

import re

import numpy as np
import onnxruntime
import pytest
import torch

from largemodels.estimate import (
    AuditSize,
    Belief,
    ComputeOptimal,
    Cost,
    Emissions,
    Footprint,
    InferenceMemory,
    NetBenefit,
    Parameters,
    Resources,
    Saving,
    ScalingLaw,
    Serving,
    Threshold,
    TrainingCompute,
    TrainingMemory,
    TrainingRun,
    TrainingTime,
    TwoThresholds,
)
from largemodels.export import to_onnx

LLAMA_65B = {"parameters": 65.2e9, "tokens": 1.4e12, "chips": 2048, "peak": 312, "utilisation": 0.477}
LLAMA_65B |= {"watts": 400, "pue": 1.1, "carbon": 0.385, "price": 2}
# Mixtral 8x7B
SIZES = {"vocabulary": 32_000, "width": 4_096, "layers": 32, "heads": 32, "kv_heads": 8, "head_width": 128}
SIZES |= {"hidden": 14_336, "gated": 1, "tied": 0}
MIXTRAL = SIZES | {"biases": 0, "positions": 0, "experts": 8, "chosen": 2}
BYTES = {"weight_bytes": 2, "activation_bytes": 2}
SHARED = {"devices": 64, "stage": 2, "gradient_bytes": 2, "optimiser_bytes": 12}
PLACE = {"batch": 3, "context": 4_096}
FEW = {name: SIZES[name] for name in SIZES if name not in ("heads", "tied")}
SERVED = {name: SIZES[name] for name in ("layers", "kv_heads", "head_width")}
SERVED |= {"parameters": 46.7e9, "active": 12.9e9, "experts": 8, "chosen": 2, "batch": 16, "prompt": 2_000}
SERVED |= {"weight_bytes": 2, "cache_bytes": 2, "chips": 2, "peak": 989, "bandwidth": 3.35, "price": 2}
HELD = {
    name: SERVED[name] for name in ("layers", "kv_heads", "head_width", "weight_bytes", "chips", "peak", "bandwidth")
}
SAVED = {"parameters": 7.5e9, "layers": 37, "width": 4096, "tokens": 8192, "learned": 0.3, "bits": 4, "pieces": 2}
SAVED |= {"recomputed": 1, "devices": 64, "stage": 2}
CASES = [torch.tensor(each) for each in ([0.11, 0.47, 0.29, 0.83], [0, 1, 0, 1], [0, 0, 1, 1])]
# a formula, and numbers that it takes
FORMULAS = [
    (TrainingTime(), {"compute": 5.5e23, "chips": 2048, "peak": 312, "utilisation": 0.477}),
    (Cost(), {"chip_hours": 1.022362e6, "price": 1.9}),
    (Emissions(), {"chip_hours": 1.022362e6, "watts": 400, "pue": 1.1, "carbon": 0.385}),
    (TrainingRun(), LLAMA_65B),
    (Parameters(), MIXTRAL),
    (TrainingCompute(), MIXTRAL | {"tokens": 1e12, "context": 4_096, "causal": 1, "recomputed": 0.5}),
    (
        TrainingMemory(),
        SIZES | BYTES | SHARED | PLACE | {"parameters": 46.7e9, "fused": 0, "dropout": 1, "extra": 1, "recomputed": 0},
    ),
    (InferenceMemory(), FEW | BYTES | PLACE | {"parameters": 46.7e9, "prompt": 999, "scored": 1, "cache_bytes": 2}),
    (ScalingLaw(), {"parameters": 70e9, "tokens": 1.4e12}),
    (ScalingLaw("hoffmann"), {"parameters": 70e9, "tokens": 1.4e12}),
    (ComputeOptimal(), {"compute": 5.76e23}),
    (Serving(), SERVED | {"peak_used": 0.5, "bandwidth_used": 0.7}),
    (Footprint(), {"trained": 131, "pue": 1.2, "carbon": 0.332, "water": 1.1, "answer": 0.24, "answers": 1e8}),
    (Threshold(), {"parameters": 405.9e9, "tokens": 15.6e12, "later": 0.1, "factor": 3, "threshold": 1e25}),
    (Resources(), HELD | {"parameters": 46.7e9, "tokens": 4_000, "memory": 80}),
    (Saving(), SAVED),
    (TwoThresholds(*CASES), {"first": 0.3, "second": 0.2}),
    (NetBenefit(CASES[0], CASES[0].flip(0), CASES[1]), {"harm": 3}),
    (Belief(), {q.name: 0.3 if q.high < 1 else 1 for q in Belief.takes}),
    (AuditSize(), {"rate": 0.06, "gap": 0.15, "small": 133, "large": 1527}),
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


def results_or_problem(formula, inputs):
    try:
        return formula(*inputs)
    except ValueError as error:
        return str(error)


@each
def test_results_are_finite_at_every_limit_that_fits_the_other_numbers(formula, numbers):
    for q in formula.takes:
        for edge in (q.low, q.high):
            inputs = [torch.tensor([float(edge if p.name == q.name else numbers[p.name])]) for p in formula.takes]
            found = results_or_problem(formula, inputs)
            if isinstance(found, str):
                assert re.search("it must be (at most|a multiple of) ", found)
            else:
                assert all(value.isfinite().all() for value in found.values())


@pytest.mark.parametrize(
    ("formula", "wrong", "message"),
    [
        (Parameters(), {"chosen": 9}, "chosen is 9; it must be at most experts, 8"),
        (TrainingCompute(), {"kv_heads": 5}, "heads is 32; it must be a multiple of kv_heads, 5"),
        (InferenceMemory(), {"prompt": 5_000}, "prompt is 5,000; it must be at most context, 4,096"),
        (InferenceMemory(), {"scored": 1_000}, "scored is 1,000; it must be at most prompt, 999"),
        (Serving(), {"active": 50e9}, "active is 5e+10; it must be at most parameters, 4.67e+10"),
        (Serving(), {"chosen": 9}, "chosen is 9; it must be at most experts, 8"),
    ],
)
def test_numbers_that_do_not_fit_together_are_named(formula, wrong, message):
    numbers = next(numbers for f, numbers in FORMULAS if type(f) is type(formula))
    with pytest.raises(ValueError, match=re.escape(message)):
        formula.of(**numbers | wrong)


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


@pytest.mark.parametrize("dtype", [torch.int64, torch.float16, torch.bfloat16, torch.bool, torch.complex64])
def test_numbers_of_too_few_bits_are_refused(dtype):
    """In int64 the compute of Llama 3.1 405B came out as 8.4e18."""
    inputs = [torch.tensor([float(LLAMA_65B[q.name])]).to(dtype) for q in TrainingRun.takes]
    with pytest.raises(ValueError, match=r"^parameters is of torch.*; give it as torch.float32 or torch.float64"):
        TrainingRun()(*inputs)


@pytest.mark.parametrize("wrong", [None, "3", [3], torch.ones(2)])
def test_what_is_no_number_is_refused_by_name(wrong):
    with pytest.raises(ValueError, match=r"^price is .*; give one number"):
        Cost().of(chip_hours=1, price=wrong)


@pytest.mark.parametrize(
    ("formula", "wrong"),
    [
        (Parameters(), {"chosen": 9}),
        (TrainingCompute(), {"kv_heads": 5}),
        (TrainingMemory(), {"kv_heads": 5}),
        (InferenceMemory(), {"prompt": 5_000}),
        (Serving(), {"active": 50e9}),
        (Serving(), {"chosen": 9}),
    ],
)
def test_a_page_has_no_numbers_where_a_notebook_has_an_error(formula, wrong):
    numbers = next(numbers for f, numbers in FORMULAS if type(f) is type(formula))
    inputs = {q.name: torch.tensor([float(numbers[q.name])]) for q in formula.takes}
    session = onnxruntime.InferenceSession(to_onnx(formula, inputs))
    changed = {name: np.array([(numbers | wrong)[name]], dtype=np.float32) for name in inputs}
    assert np.isnan(session.run(None, changed)).all()
    with pytest.raises(ValueError, match="it must be"):
        formula.of(**numbers | wrong)


def test_few_of_many_experts_are_counted_as_well_in_float32():
    """All less those that are idle had three figures of 9,580 experts, and a single text fetched 92 times too much."""
    numbers = MIXTRAL | {"experts": 9_580, "chosen": 1, "width": 5, "hidden": 538_001}
    inputs = [torch.tensor([float(numbers[q.name])]) for q in Parameters.takes]
    assert Parameters()(*inputs)["active"].item() == pytest.approx(Parameters().of(**numbers)["active"], rel=1e-6)
    numbers = SERVED | {"parameters": 1.16e12, "active": 69, "experts": 650, "chosen": 27, "batch": 1, "prompt": 1}
    numbers |= {"peak_used": 0.5, "bandwidth_used": 0.7}
    inputs = [torch.tensor([float(numbers[q.name])]) for q in Serving.takes]
    found, exact = Serving()(*inputs), Serving().of(**numbers)
    assert found["fetching"].item() == pytest.approx(exact["fetching"], rel=1e-6)
    bytes_fetched = 69 * 2 + 2 * 32 * 8 * 128 * 2
    assert exact["fetching"] == pytest.approx(bytes_fetched / (2 * 3.35e12 * 0.7), rel=1e-12)
