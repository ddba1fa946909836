"""The operations of training are those that torch counts, and those of the papers that the formulas come from."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from largemodels.estimate import Shape, TrainingCompute, TrainingTime, layer_costs, told
from largemodels.models import GPT, GPTConfig, Llama, LlamaConfig

GPTS = [GPTConfig(97, 61, 3, 4, 40), GPTConfig(53, 61, 2, 3, 42, "learned", norm_queries=False)]
LLAMAS = [LlamaConfig(97, 61, 3, 6, 2, 36, 89, 10), LlamaConfig(53, 61, 2, 4, 4, 44, 71, 12, tied=False)]


@pytest.mark.parametrize("config", [*GPTS, *LLAMAS])
@pytest.mark.parametrize("context", [1, 13, 61])
def test_forward_and_backward_are_what_torch_counts_to_the_last_operation(config, context):
    model = (GPT if isinstance(config, GPTConfig) else Llama)(config)
    text = torch.arange(5 * context).view(5, context) % 53
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:  # the fused kernel counts as nothing
        forward = model(text)
        half = counter.get_total_flops()
        cross_entropy(forward.flatten(0, 1), text.flatten()).backward()
    found = Shape.read(config).training(5 * context, context)
    assert (half, counter.get_total_flops()) == (found["exact"] / 3, found["exact"])


@pytest.mark.parametrize("config", [*GPTS, *LLAMAS])
def test_products_are_those_of_the_costs_layer_by_layer(config):
    model = (GPT if isinstance(config, GPTConfig) else Llama)(config)
    rows = layer_costs(model, torch.arange(17)[None])
    assert Shape.read(config).products(17) == sum(row.multiply_adds for row in rows)


@given(st.integers(1, 40))
@settings(max_examples=10)
def test_a_causal_mask_leaves_the_pairs_that_a_query_may_see(context):
    shape = Shape.read(GPTS[0])
    pairs = sum(1 for query in range(context) for key in range(context) if key <= query)
    unmasked = shape.products(context) - context**2 * 2 * 3 * 40
    assert shape.products(context, causal=True) == unmasked + pairs * 2 * 3 * 40


GPT3 = Shape(50_257, 12_288, 96, 96, 96, 128, 49_152, gated=False, tied=True, positions=2_048, norm_bias=True)
PALM = Shape(256_000, 18_432, 118, 48, 1, 256, 73_728, tied=True)  # Chowdhery et al. 2022, table 1


def test_six_nd_is_within_a_tenth_of_the_exact_count_for_a_large_model():
    found = GPT3.training(300_000_000_000, 2_048)
    assert found["six_nd"] == pytest.approx(3.14e23, rel=0.01)  # Brown et al. 2020, table D.1
    assert found["exact"] == pytest.approx(found["six_nd"], rel=0.1)
    small = Shape.read(GPTConfig(context=1_024)).training(10**6, 1_024)
    assert small["exact"] > 1.5 * small["six_nd"]  # in a small one attention counts


def test_attention_is_what_palm_counts_and_half_of_it_what_kaplan_counts():
    layers, heads, width, context = 118, 48, 256, 2_048
    palm = 12 * layers * heads * width * context  # a token, appendix B
    assert PALM.training(context, context)["attention"] == palm * context
    kaplan = 3 * 2 * layers * context * heads * width  # table 1, with the backward pass
    assert PALM.training(context, context, causal=True)["attention"] == pytest.approx(kaplan * context, rel=1e-3)
    assert PALM.parameters() == pytest.approx(540e9, rel=0.005)


def test_computing_layers_again_adds_their_forward_pass_but_not_the_heads():
    once, again = GPT3.training(2_048, 2_048), GPT3.training(2_048, 2_048, recomputed=True)
    head = 2 * 2_048 * 50_257 * 12_288
    assert again["exact"] == once["exact"] == once["done"]
    assert again["done"] - once["done"] == again["recomputation"] == once["exact"] / 3 - head


def test_hardware_is_used_more_than_the_model_needs_where_layers_are_computed_again():
    numbers = told(TrainingCompute(), Shape.read(GPTS[0])) | {"tokens": 1e9, "context": 61, "causal": 0}
    compute = TrainingCompute().of(**numbers, recomputed=1)
    hours = TrainingTime().of(compute=compute["done"], chips=8, peak=312, utilisation=0.5)["chip_hours"]  # HFU 0.5
    mfu = compute["exact"] / (hours * 3_600 * 312e12)
    assert 0.5 * 3 / 4 < mfu < 0.5


def test_only_the_experts_that_are_chosen_compute():
    mixture = Shape(97, 24, 3, 4, 2, 6, 41, expert_layers=2, experts=5, chosen=2, expert_hidden=7, shared_hidden=11)
    dense = Shape(97, 24, 3, 4, 2, 6, 41)
    mlps = 2 * (3 * 24 * 41 - 3 * 24 * (2 * 7 + 11) - 5 * 24)
    assert dense.products(1) - mixture.products(1) == mlps
    assert mixture.parameters() - mixture.active() == 2 * 3 * 3 * 24 * 7


@pytest.mark.parametrize(
    ("name", "published", "within"), [("DeepSeek-V3", 250e9, 0.01), ("Llama 3.1 405B", 2_448e9, 0.02)]
)
def test_a_token_takes_what_deepseek_published(name, published, within):
    """Zhao et al. 2025, table 2: operations to train on a token, texts of 4,096 tokens and a causal mask."""
    models = json.loads(Path(__file__).with_name("configurations.json").read_text(encoding="utf-8"))
    found = Shape.read(models[name]["config"]).training(4_096, 4_096, causal=True)
    assert found["exact"] / 4_096 == pytest.approx(published, rel=within)
