"""Parameters are counted exactly: those of published models, of each kind of model that can be read, and of ours."""

import json
import re
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from largemodels.data import smollm2
from largemodels.estimate import CHIPS, Latent, Parameters, Shape, TrainingCompute, held_memory, told
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
# one small model of each kind, with sizes that differ, and with the flags that change the count
PLAIN = {"vocab_size": 97, "hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 41}
GROUPED = PLAIN | {"num_key_value_heads": 2}
MIXED = {"num_experts": 5, "num_experts_per_tok": 2}
LATENT = PLAIN | {"n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 7, "n_shared_experts": 2}
LATENT |= {"first_k_dense_replace": 1, "n_group": 2, "topk_group": 1, "num_key_value_heads": 4}
LATENT |= {"kv_lora_rank": 5, "qk_rope_head_dim": 4, "qk_nope_head_dim": 6, "v_head_dim": 3}
OPT = {
    "max_position_embeddings": 13,
    "vocab_size": 97,
    "hidden_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "ffn_dim": 31,
}
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


def built(kind, said):
    """Return the parameters of the model that transformers builds, and its whole configuration."""
    config = CONFIG_MAPPING[kind](**said)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    return sum(p.numel() for p in model.parameters()), config.to_dict()


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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "bert"}, "model_type is 'bert'; known are bloom, deepseek_v2"),
        ({"model_type": None}, "model_type is None; known are"),
        ({"model_type": ["llama"]}, "model_type is ['llama']; known are"),
        ({"hidden_size": None}, "it does not say 'hidden_size'"),
        ({"hidden_size": 24.0}, "hidden_size is 24.0; it must be a whole number from 1"),
        ({"num_hidden_layers": 0}, "num_hidden_layers is 0; it must be a whole number from 1"),
        ({"num_key_value_heads": 3}, "heads must be a multiple of kv_heads; got 4 and 3"),
        ({"num_attention_heads": 5}, "it does not say 'head_dim', and 5 heads do not divide the width of 24"),
        ({"tie_word_embeddings": "yes"}, "tie_word_embeddings is 'yes'; it must be true or false"),
        ({"num_shared_memories": 3}, "it says num_shared_memories, which is not known and might change the count"),
        ({"model_type": "opt", "ffn_dim": 31}, "it says intermediate_size, which is not known"),
        ({"model_type": "deepseek_v3"}, "it does not say 'kv_lora_rank'"),
    ],
)
def test_settings_that_cannot_be_counted_are_refused_by_name(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Shape.read({"model_type": "llama", "max_position_embeddings": 64} | PLAIN | change)


def test_parts_that_are_not_counted_are_refused():
    with pytest.raises(ValueError, match="word_embed_proj_dim is 12; only 24 can be counted"):
        Shape.read({"model_type": "opt", "word_embed_proj_dim": 12} | OPT)
    with pytest.raises(ValueError, match="these mean one thing and should not differ"):
        Shape.read({"model_type": "gpt2", "n_embd": 24, "hidden_size": 25, "n_layer": 1, "n_head": 1, "vocab_size": 9})
    with pytest.raises(ValueError, match=r"a shape is read from a dictionary, .* got int"):
        Shape.read(7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 0}, "width is 0; it must be a whole number from 1"),
        ({"layers": True}, "layers is True; it must be a whole number"),
        ({"gated": 1}, "gated is 1; it must be true or false"),
        ({"query_norm": "some"}, "query_norm is 'some'; choose one of '', 'head', 'all'"),
        ({"expert_layers": 4, "experts": 2, "chosen": 1, "expert_hidden": 3}, "got 4 of 3 layers"),
        ({"expert_layers": 1, "experts": 2, "chosen": 3, "expert_hidden": 3}, "3 of 2 experts"),
        ({"expert_layers": 1}, "experts is 0; it must be a whole number from 1"),
    ],
)
def test_shapes_that_cannot_be_are_refused(change, message):
    sizes = {"vocabulary": 97, "width": 24, "layers": 3, "heads": 4, "kv_heads": 2, "head_width": 6, "hidden": 41}
    with pytest.raises(ValueError, match=re.escape(message)):
        Shape(**sizes | change)


UNSAID = [
    ("qwen2", GROUPED | {"num_attention_heads": 24, "num_key_value_heads": None}),
    ("qwen3", GROUPED | {"num_attention_heads": 24, "num_key_value_heads": None}),
    ("gemma", PLAIN | {"num_attention_heads": 16}),
    ("gemma2", PLAIN | {"num_attention_heads": 8}),
    ("gemma3_text", PLAIN | {"num_attention_heads": 8}),
    ("deepseek_v2", {name: LATENT[name] for name in LATENT if name != "n_shared_experts"}),
    (
        "deepseek_v3",
        {name: LATENT[name] for name in LATENT if name not in ("n_shared_experts", "first_k_dense_replace")},
    ),
]


@pytest.mark.parametrize(("kind", "said"), UNSAID, ids=[kind for kind, _ in UNSAID])
def test_what_is_not_said_or_null_means_what_transformers_takes_it_for(kind, said):
    assert Shape.read({"model_type": kind} | said).parameters() == built(kind, said)[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocab_size": [97]}, "vocab_size is [97]; it must be a whole number from 1"),
        ({3: 4, "four": 5}, "it says 3, four, which is not known"),
        ({"model_type": "gemma3", "text_config": PLAIN}, "the sizes of its language model stand under 'text_config'"),
    ],
)
def test_settings_of_a_strange_form_are_refused_by_name_too(change, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Shape.read({"model_type": "llama"} | PLAIN | change)


@pytest.mark.parametrize("layers", [3, "1", ["1"], [1.0]])
def test_layers_that_are_no_numbers_are_refused(layers):
    said = {"model_type": "qwen3_moe", "moe_intermediate_size": 7, "mlp_only_layers": layers} | GROUPED | MIXED
    with pytest.raises(ValueError, match=r"mlp_only_layers is .*; it must be a list of whole numbers"):
        Shape.read(said)
    with pytest.raises(ValueError, match="head_dim is 2; only 6 can be counted"):
        Shape.read({"model_type": "olmoe", "head_dim": 2} | GROUPED | MIXED)


def test_latent_sizes_and_texts_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="query_rank is -1; it must be a whole number from 0"):
        Latent(-1, 5, 6, 4, 3)
    with pytest.raises(ValueError, match=r"latent is .*; it must be a Latent, or None"):
        Shape(97, 24, 3, 4, 4, 6, 41, latent={"rank": 5})
    shape = Shape(97, 24, 3, 4, 4, 6, 41)
    for tokens, context, name in ((-5, 3, "tokens"), (7, 0, "context"), (7.5, 3, "tokens")):
        with pytest.raises(ValueError, match=f"^{name} is .*; it must be a whole number from 1"):
            shape.training(tokens, context)


def test_a_chip_is_told_to_have_no_peak_for_what_was_asked():
    with pytest.raises(ValueError, match="EPYC 7763 has no published peak for bfloat16; choose one of float32"):
        CHIPS["EPYC 7763"].peak()


def test_a_model_of_sizes_alone_holds_as_much_as_the_real_one():
    with torch.device("meta"):
        sizes_alone = torch.nn.Sequential(torch.nn.Linear(7, 11), torch.nn.Linear(11, 3))
    assert held_memory(sizes_alone) == 4 * (7 * 11 + 11 + 11 * 3 + 3)
