"""Memory is estimated within 15 % of what was measured, and as the papers say that the formulas come from."""

import json
from functools import partial
from pathlib import Path

import pytest
import torch
from torch.utils.checkpoint import checkpoint

from largemodels.data import smollm2
from largemodels.estimate import InferenceMemory, Shape, TrainingMemory, held_memory, peak_memory, told
from largemodels.models import GPT, GPTConfig, Llama, LlamaConfig
from largemodels.train import Recipe, fit

RESULTS = json.loads((Path(__file__).parents[2] / "results" / "memory.json").read_text(encoding="utf-8"))
FLOAT32 = {"weight_bytes": 4, "gradient_bytes": 4, "optimiser_bytes": 8, "activation_bytes": 4}
PLAIN = {"fused": 1, "dropout": 0, "recomputed": 0, "devices": 1, "stage": 0}


@pytest.mark.parametrize("run", RESULTS["runs"], ids=lambda run: f"{run['kind']}-{run['model']}-{run['context']}")
def test_estimates_are_within_15_percent_of_the_measured_peaks(run):
    found = (TrainingMemory() if run["kind"] == "training" else InferenceMemory()).of(**run["numbers"])
    assert found == run["estimated"]
    assert found["peak"] == pytest.approx(run["measured"], rel=0.15)


def test_both_models_were_measured_at_training_and_at_writing_in_several_ways():
    for kind in ("training", "writing"):
        models = [run["model"] for run in RESULTS["runs"] if run["kind"] == kind]
        assert models.count("SmolLM2") >= 5
        assert models.count("SmolLM2") <= len(models) - 4
    assert {run.get("weights") for run in RESULTS["runs"]} >= {"float32", "bfloat16", "int8"}


def trained(config, batch, context, recomputed=0):
    """Return the measured and the estimated peak of a step of training."""
    model = (GPT if isinstance(config, GPTConfig) else Llama)(config)
    if recomputed:
        for block in model.blocks:
            block.forward = partial(checkpoint, block.forward, use_reentrant=False)
    text = torch.arange(batch * (context + 1)).view(batch, -1) % config.vocabulary
    steps = fit(model, [(text[:, :-1].contiguous(), text[:, 1:].contiguous())] * 3, Recipe(), progress=False)
    next(steps)  # makes what the optimizer keeps
    model.zero_grad()
    shape = Shape.read(config)
    extra = 2 if isinstance(config, LlamaConfig) else 3 * config.norm_queries
    numbers = told(TrainingMemory(), shape) | FLOAT32 | PLAIN | {"kv_heads": shape.heads, "extra": extra}
    numbers |= {"batch": batch, "context": context, "recomputed": recomputed}
    return 12 * shape.parameters() + peak_memory(lambda: next(steps)), TrainingMemory().of(**numbers)["peak"]


@pytest.mark.parametrize(
    ("config", "batch", "context", "recomputed"),
    [
        (GPTConfig(layers=3), 16, 61, 0),
        (GPTConfig(layers=6, context=128), 8, 128, 1),
        (GPTConfig(vocabulary=2_003, positions="learned", norm_queries=False), 7, 64, 0),
        (GPTConfig(width=256), 1, 5, 0),
        (LlamaConfig(997, 128, 4, 6, 2, 96, 256, 16), 4, 127, 0),
        (LlamaConfig(9_973, 128, 3, 4, 1, 96, 256, 24), 1, 31, 0),
        (LlamaConfig(997, 128, 6, 4, 4, 96, 256, 24, tied=False), 4, 128, 1),
    ],
)
def test_training_takes_what_is_estimated(config, batch, context, recomputed):
    measured, estimated = trained(config, batch, context, recomputed)
    assert estimated == pytest.approx(measured, rel=0.15)


def test_a_step_of_the_real_models_size_takes_what_is_estimated():
    measured, estimated = trained(LlamaConfig(), 1, 24)
    assert estimated == pytest.approx(measured, rel=0.15)


@pytest.mark.parametrize(("weights", "batch", "context"), [(None, 2, 100), ("int8", 1, 200)])
def test_the_real_model_writes_in_what_is_estimated(weights, batch, context):
    model = Llama.from_gguf(smollm2(), torch.bfloat16 if weights is None else torch.float32, weights)
    prompt = torch.arange(batch * (context - 2)).view(batch, -1)
    held, size = held_memory(model), 4 if weights else 2
    peak = peak_memory(lambda: model.generate(prompt, 2, temperature=0))
    numbers = told(InferenceMemory(), Shape.read(model.config)) | {"batch": batch, "context": context, "scored": 1}
    numbers |= {"weight_bytes": 1 if weights else 2, "cache_bytes": size, "activation_bytes": size}
    found = InferenceMemory().of(**numbers, prompt=context - 2)
    assert found["peak"] == pytest.approx(held + peak, rel=0.15)
    assert found["peak"] - found["weights"] == pytest.approx(peak, rel=0.15)  # and not thanks to the weights alone


def test_a_measured_peak_is_exact_and_leaves_out_what_was_there_before():
    before = torch.ones(1_000)

    def work():
        first = torch.ones(3_000)
        second = first + 1  # both are there
        del first
        return second.sum() + before.sum()

    assert 24_000 <= peak_memory(work) < 24_200
    assert peak_memory(work) == peak_memory(work)
    assert peak_memory(lambda: None) == 0
    assert held_memory([before, before[:10]]) == 4_000  # shared memory counts once


GPT3 = {"vocabulary": 50_257, "width": 12_288, "layers": 96, "heads": 96, "kv_heads": 96, "head_width": 128}
GPT3 |= {"hidden": 4 * 12_288, "gated": 0, "tied": 1, "parameters": 175e9, "batch": 1, "context": 2_048}
MIXED = {"weight_bytes": 2, "gradient_bytes": 2, "optimiser_bytes": 12, "activation_bytes": 2, "extra": 0}


@pytest.mark.parametrize(("fused", "factor"), [(0, 34 + 5 * 96 * 2_048 / 12_288), (1, 34)])
def test_activations_of_gpt3_are_those_of_korthikanti(fused, factor):
    numbers = GPT3 | MIXED | PLAIN | {"fused": fused, "dropout": 1}
    norm = 2 * 2 * 2_048 * 12_288  # the last one's, which the paper has apart
    layers = TrainingMemory().of(**numbers)["activations"] - norm
    assert layers == pytest.approx(96 * 2_048 * 12_288 * factor, rel=1e-12)


def test_computing_again_keeps_the_input_of_each_layer_and_one_layer_whole():
    numbers = GPT3 | MIXED | PLAIN | {"fused": 1, "dropout": 1, "recomputed": 1}
    kept = TrainingMemory().of(**numbers)["activations"]
    assert kept == pytest.approx(2_048 * 12_288 * (2 * 96 + 34 + 4), rel=1e-12)


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_states_are_shared_out_as_in_zero(stage, gigabytes):
    """Rajbhandari et al. 2020, figure 1: 7.5 billion parameters, 64 devices, Adam in mixed precision."""
    found = TrainingMemory().of(**GPT3 | MIXED | PLAIN | {"parameters": 7.5e9, "devices": 64, "stage": stage})
    states = found["weights"] + found["gradients"] + found["optimiser"]
    assert states / 1e9 == pytest.approx(gigabytes, abs=0.06)


def test_the_peak_is_never_more_than_all_at_once():
    found = TrainingMemory().of(**GPT3 | MIXED | PLAIN)
    parts = ("weights", "gradients", "optimiser", "activations", "logits")
    assert found["total"] == sum(found[name] for name in parts)
    assert found["peak"] <= found["total"]
