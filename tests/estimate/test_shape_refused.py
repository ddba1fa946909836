"""Configurations that leave something unsaid, and those that are refused, with the name of what is wrong."""

import re

import pytest
from small_kinds import GROUPED, LATENT, MIXED, OPT, PLAIN, built

from largemodels.estimate import CHIPS, Latent, Shape


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
