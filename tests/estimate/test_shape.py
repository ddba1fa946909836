"""Parameters are counted exactly: those of published models, of each kind of model that can be read, and of ours."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_kinds import GROUPED, LATENT, MIXED, OPT, PLAIN, built

from largemodels.data import smollm2
from largemodels.estimate import Parameters, Shape, TrainingCompute, held_memory, told
from largemodels.estimate.families import FAMILIES
from largemodels.files import GGUF
from largemodels.models import GPT, GPTConfig, Llama, LlamaConfig

PUBLISHED = json.loads(Path(__file__).with_name("configurations.json").read_text(encoding="utf-8"))
EXACT = {
    "GPT-2": 124_439_808,
    "GPT-2 XL": 1_557_611_200,
    "Pythia-12B": 11_846_072_320,
    "BLOOM": 176_247_271_424,
    "LLaMA-65B": 65_285_660_672,
    "Llama 2 70B": 68_976_648_192,
    "Llama 3.1 405B": 405_853_388_800,
    "SmolLM2-135M": 134_515_008,
    "Mistral 7B": 7_241_732_096,
    "Mixtral 8x7B": 46_702_792_704,
    "Qwen2.5-72B": 72_706_203_648,
    "OLMoE-1B-7B": 6_919_161_856,
    "DeepSeek-V3": 671_026_404_352,
}
# one model of each kind, and with the flags that change the count
SMALL = [
    ("gpt2", {"vocab_size": 97, "n_embd": 24, "n_layer": 3, "n_head": 4, "n_positions": 11, "n_inner": 17}),
    (
        "gpt2",
        {"vocab_size": 97, "n_embd": 24, "n_layer": 3, "n_head": 4, "n_positions": 11, "tie_word_embeddings": False},
    ),
    ("gpt_neox", PLAIN),
    ("gpt_neox", PLAIN | {"attention_bias": False}),
    ("bloom", {"vocab_size": 97, "hidden_size": 24, "n_layer": 3, "n_head": 4}),
    ("opt", OPT | {"word_embed_proj_dim": 24}),
    ("opt", OPT | {"do_layer_norm_before": False}),
    ("llama", PLAIN),
    ("llama", GROUPED | {"attention_bias": True, "mlp_bias": True, "head_dim": 10, "tie_word_embeddings": True}),
    ("mistral", GROUPED),
    ("mixtral", GROUPED | {"num_local_experts": 5, "num_experts_per_tok": 2}),
    ("qwen2", GROUPED),
    ("qwen3", GROUPED | {"head_dim": 10, "attention_bias": True}),
    ("qwen3_moe", GROUPED | MIXED | {"moe_intermediate_size": 7, "head_dim": 10, "decoder_sparse_step": 2}),
    ("qwen3_moe", GROUPED | MIXED | {"moe_intermediate_size": 7, "mlp_only_layers": [1]}),
    ("olmo", GROUPED),
    ("olmo2", GROUPED),
    ("olmoe", GROUPED | MIXED),
    ("gemma", GROUPED | {"head_dim": 10}),
    ("gemma2", GROUPED | {"head_dim": 10}),
    ("gemma3_text", GROUPED | {"head_dim": 10}),
    ("deepseek_v2", LATENT | {"q_lora_rank": None}),
    ("deepseek_v3", LATENT | {"q_lora_rank": 9}),
]


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_of_published_models_are_exact(name):
    row = PUBLISHED[name]
    said = {key: value for key, value in row["config"].items() if key != "model_type"}
    said |= {"hidden_size": said["n_embed"]} if "n_embed" in said else {}
    expected, whole = built(row["config"]["model_type"], said)
    shape = Shape.read(row["config"])
    assert shape.parameters() == expected == EXACT.get(name, expected)
    assert Shape.read(whole) == shape
    for published, count in ((row["published"], expected), (row.get("published_active"), shape.active())):
        if published:
            assert count / 1e9 == pytest.approx(
                float(published[:-1]) / (1_000 if published[-1] == "M" else 1), rel=0.04
            )


def test_twelve_published_models_or_more_are_read_and_three_have_experts():
    shapes = [Shape.read(row["config"]) for row in PUBLISHED.values()]
    assert len(shapes) >= 12
    assert sum(shape.active() < shape.parameters() for shape in shapes) >= 3


def test_deepseek_v3_is_36_6_billion_active_without_its_embedding():
    shape = Shape.read(PUBLISHED["DeepSeek-V3"]["config"])
    assert round((shape.active() - shape.parts()["embedding"]) / 1e9, 1) == 36.6


@pytest.mark.parametrize(("kind", "said"), SMALL, ids=[kind for kind, _ in SMALL])
def test_each_kind_of_model_is_counted_as_it_is_built(kind, said):
    expected, whole = built(kind, said)
    assert Shape.read({"model_type": kind} | said).parameters() == expected
    assert Shape.read(whole).parameters() == expected


def test_every_kind_that_can_be_read_is_tested():
    assert {kind for kind, _ in SMALL} == set(FAMILIES)


def test_the_real_models_file_holds_as_many_numbers():
    assert Shape.read(GGUF(smollm2())) == Shape.read(LlamaConfig())
    assert Shape.read(GGUF(smollm2())).parameters() == EXACT["SmolLM2-135M"]


sizes = st.integers(1, 7)


@settings(max_examples=40)
@given(sizes, sizes, sizes, sizes, sizes, st.sampled_from(["rotary", "learned"]))
def test_our_gpt_is_counted_exactly(vocabulary, context, layers, heads, half, positions):
    config = GPTConfig(vocabulary, context, layers, heads, 2 * half * heads, positions)
    with torch.device("meta"):
        expected = sum(p.numel() for p in GPT(config).parameters())
    assert Shape.read(config).parameters() == expected


@settings(max_examples=40)
@given(sizes, sizes, sizes, sizes, sizes, sizes, sizes, st.booleans())
def test_our_llama_is_counted_exactly(vocabulary, layers, kv_heads, group, width, hidden, half, tied):
    config = LlamaConfig(vocabulary, 64, layers, kv_heads * group, kv_heads, width, hidden, 2 * half, tied=tied)
    with torch.device("meta"):
        expected = sum(p.numel() for p in Llama(config).parameters())
    assert Shape.read(config).parameters() == expected


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name not in ("BLOOM", "Qwen2.5-72B", "DeepSeek-V3")])
def test_the_count_in_tensors_is_that_of_the_shape(name):
    shape = Shape.read(PUBLISHED[name]["config"])
    numbers = told(Parameters(), shape)
    found = Parameters().of(**numbers)
    left_out = (
        shape.layers
        * {"": 0, "head": 2 * shape.head_width, "all": (shape.heads + shape.kv_heads) * shape.head_width}[
            shape.query_norm
        ]
    )
    assert found["parameters"] + left_out == shape.parameters()
    assert found["active"] + left_out == shape.active()
    found = TrainingCompute().of(**numbers, tokens=4_096, context=1_024, causal=0, recomputed=0)
    assert found["exact"] == shape.training(4_096, 1_024)["exact"]


@pytest.mark.parametrize("name", ["Qwen2.5-72B", "DeepSeek-V3"])
def test_what_sizes_cannot_say_is_refused(name):
    with pytest.raises(ValueError, match="these sizes cannot say"):
        told(Parameters(), Shape.read(PUBLISHED[name]["config"]))


def test_a_model_of_sizes_alone_holds_as_much_as_the_real_one():
    with torch.device("meta"):
        sizes_alone = torch.nn.Sequential(torch.nn.Linear(7, 11), torch.nn.Linear(11, 3))
    assert held_memory(sizes_alone) == 4 * (7 * 11 + 11 + 11 * 3 + 3)
