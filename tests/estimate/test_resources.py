"""What training and serving hold: as other formulas say it, and no user where there is no room."""

import numpy as np
import onnxruntime
import pytest
import torch

from largemodels.estimate import InferenceMemory, Resources, Serving, TrainingMemory
from largemodels.export import to_onnx

H100 = {"memory": 80.0, "peak": 989.0, "bandwidth": 3.35}
LLAMA = {"parameters": 70.6e9, "layers": 80, "kv_heads": 8, "head_width": 128, "tokens": 4_000, "weight_bytes": 2}
LLAMA |= H100 | {"chips": 8}
SIZES = {"vocabulary": 128_256, "width": 8_192, "hidden": 28_672, "gated": 1}


def test_training_holds_what_the_formula_of_training_memory_says():
    model = {name: LLAMA[name] for name in ("parameters", "layers", "kv_heads", "head_width")}
    bytes_each = {"weight_bytes": 2, "gradient_bytes": 2, "optimiser_bytes": 12, "activation_bytes": 2}
    rest = {"fused": 1, "dropout": 0, "extra": 0, "recomputed": 0, "devices": 1, "stage": 0}
    memory = TrainingMemory().of(**model, **SIZES, **bytes_each, **rest, heads=64, tied=0, batch=1, context=1)
    found = Resources().of(**LLAMA)
    assert found["states"] == memory["weights"] + memory["gradients"] + memory["optimiser"]
    assert found["training_chips"] == -(-found["states"] // (0.9 * 80e9))


@pytest.mark.parametrize("tokens", [1, 997, 128_000])
@pytest.mark.parametrize("weight_bytes", [0.5, 2])
def test_serving_holds_what_the_formula_of_inference_memory_says(tokens, weight_bytes):
    numbers = LLAMA | {"tokens": tokens, "weight_bytes": weight_bytes}
    model = {name: numbers[name] for name in ("parameters", "layers", "kv_heads", "head_width", "weight_bytes")}
    rest = {"batch": 1, "context": tokens, "prompt": 1, "scored": 1, "cache_bytes": 2, "activation_bytes": 2}
    memory = InferenceMemory().of(**model, **SIZES, **rest)
    found = Resources().of(**numbers)
    assert (found["weights"], found["cache"]) == (memory["weights"], memory["cache"])


@pytest.mark.parametrize("change", [{}, {"tokens": 10}, {"bandwidth": 50}, {"weight_bytes": 0.5, "chips": 3}])
def test_the_speed_is_that_of_the_formula_of_serving_for_so_many_texts(change):
    """Bound by memory, and by products where conversations are short or memory is fast."""
    numbers = LLAMA | change
    found = Resources().of(**numbers)
    model = {name: numbers[name] for name in ("parameters", "layers", "kv_heads", "head_width", "weight_bytes")}
    model |= {"active": numbers["parameters"], "experts": 1, "chosen": 1, "batch": found["users"], "cache_bytes": 2}
    machine = {name: numbers[name] for name in ("chips", "peak", "bandwidth")}
    machine |= {"prompt": numbers["tokens"], "peak_used": 0.5, "bandwidth_used": 0.7, "price": 1}
    assert found["speed"] == pytest.approx(1 / Serving().of(**model, **machine)["seconds"], rel=1e-12)


@pytest.mark.parametrize("tokens", [3, 4_000, 131_072])
@pytest.mark.parametrize("chips", [2, 3, 8, 127])
def test_one_conversation_more_would_not_fit(tokens, chips):
    found = Resources().of(**LLAMA | {"tokens": tokens, "chips": chips})
    room = chips * 0.9 * 80e9
    assert found["weights"] + found["users"] * found["cache"] <= room
    assert found["weights"] + (found["users"] + 1) * found["cache"] > room


@pytest.mark.parametrize("change", [{"chips": 1}, {"chips": 2, "tokens": 10_000_000}])
def test_nobody_is_served_where_the_weights_or_one_conversation_do_not_fit(change):
    found = Resources().of(**LLAMA | change)
    assert found["users"] == found["speed"] == 0


def test_the_chips_that_hold_the_weights_are_the_fewest_on_which_they_fit():
    found = Resources().of(**LLAMA)
    for chips, fits in ((found["serving_chips"], True), (found["serving_chips"] - 1, False)):
        assert (chips * 0.9 * 80e9 >= found["weights"]) is fits


def test_gradients_are_those_of_products():
    """Bytes grow with each of their factors alike; a full machine that is bound by memory is as fast as its memory."""
    values = {q.name: torch.tensor([float(LLAMA[q.name])], dtype=torch.float64) for q in Resources.takes}
    for result, of in {
        "states": ("parameters",),
        "weights": ("parameters", "weight_bytes"),
        "cache": ("layers", "kv_heads", "head_width", "tokens"),
        "speed": ("bandwidth",),
    }.items():
        inputs = {name: value.clone().requires_grad_(name in of) for name, value in values.items()}
        found = Resources()(*inputs.values())[result]
        slopes = torch.autograd.grad(found, [inputs[name] for name in of])
        assert [x.item() for x in slopes] == pytest.approx([found.item() / LLAMA[name] for name in of])


def test_the_page_computes_it_as_torch_does():
    """In float32, a number of users that is nearly whole may fall to the other side."""
    formula, chance = Resources(), np.random.default_rng(0)
    inputs = {q.name: torch.tensor([float(LLAMA[q.name])]) for q in formula.takes}
    session = onnxruntime.InferenceSession(to_onnx(formula, inputs))
    names = [output.name for output in session.get_outputs()]
    for _ in range(50):
        numbers = {name: float(value) * chance.uniform(0.5, 20) for name, value in LLAMA.items()}
        numbers = {q.name: round(numbers[q.name]) if q.whole else numbers[q.name] for q in formula.takes}
        numbers["weight_bytes"] = chance.choice([0.5, 1, 2, 4])
        feeds = {name: np.array([value], np.float32) for name, value in numbers.items()}
        found = dict(zip(names, (x.item() for x in session.run(None, feeds)), strict=True))
        exact = formula.of(**{name: float(value[0]) for name, value in feeds.items()})
        room = numbers["chips"] * 0.9 * numbers["memory"] * 1e9
        for name, value in exact.items():
            off = 1 + 4e-7 * room / exact["cache"] if name == "users" else 0
            if name != "speed":
                assert found[name] == pytest.approx(value, rel=1e-6, abs=off)
            elif found["users"] == exact["users"]:
                assert found[name] == pytest.approx(value, rel=1e-6)
