"""Settings in files that mean nothing, or that would change what a Llama computes unnoticed, are refused by name."""

import json
import shutil

import pytest
import torch
from small_llama import small, theirs, tokens, write_gguf
from torch.testing import assert_close

from largemodels.layers import RotaryScaling
from largemodels.models import Llama

NAN = float("nan")
LLAMA3 = {"rope_type": "llama3", "factor": 3.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    theirs().save_pretrained(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "llama")


def say(folder, changes):
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | changes), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("num_attention_heads", "4", "a whole number from 1 to 1,048,576"),
        ("num_attention_heads", 0, "a whole number from 1"),
        ("num_key_value_heads", True, "a whole number from 1"),
        ("vocab_size", 47.0, "a whole number from 1"),
        ("num_hidden_layers", 2**31, "a whole number from 1 to 4,096"),
        ("max_position_embeddings", [29], "a whole number from 1"),
        ("rms_norm_eps", "1e-5", "a number from 0.0 to 1.0"),
        ("rms_norm_eps", -1e-5, "a number from 0.0 to 1.0"),
        ("rms_norm_eps", NAN, "a number from 0.0 to 1.0"),
        ("tie_word_embeddings", "false", "true or false"),
        ("rope_parameters", "linear", "an object"),
        ("rope_scaling", [], "an object"),
    ],
)
def test_a_setting_that_means_nothing_is_named_with_what_is_allowed(folder, name, value, allowed):
    say(folder, {name: value})
    with pytest.raises(ValueError, match="must be") as error:
        Llama.from_pretrained(folder)
    assert str(error.value).startswith(f"{folder / 'config.json'}: {name} is {value!r}; it must be {allowed}")


@pytest.mark.parametrize("name", ["num_attention_heads", "max_position_embeddings", "rms_norm_eps", "vocab_size"])
def test_a_setting_that_is_null_is_missing(folder, name):
    say(folder, {name: None})
    with pytest.raises(ValueError, match=rf"config\.json does not describe a whole model: it does not say '{name}'"):
        Llama.from_pretrained(folder)


@pytest.mark.parametrize(
    ("rope", "message"),
    [
        ({"rope_type": "linear", "factor": None}, "it does not say 'factor'"),
        ({"rope_type": "linear", "factor": "2"}, "factor is '2'; it must be a number from 1.0"),
        ({"rope_type": "yarn", "factor": 2.0, "rope_theta": 1}, "rope_theta is 1; it must be a number above 1.0"),
        ({"rope_theta": -3.0}, "rope_theta is -3.0; it must be a number above 1.0"),
        ({"rope_type": "yarn", "factor": 2.0, "beta_fast": 0}, "beta_fast is 0; it must be a number above 0.0"),
        ({"rope_type": ["yarn"], "factor": 2.0}, r"rope_type: the kind is \['yarn'\]; choose one of linear"),
        (LLAMA3 | {"high_freq_factor": None}, "it does not say 'high_freq_factor'"),
        (LLAMA3 | {"low_freq_factor": None}, "it does not say 'low_freq_factor'"),
        (LLAMA3 | {"original_max_position_embeddings": 11.5}, "it must be a whole number"),
    ],
)
def test_rotary_positions_that_cannot_be_computed_are_named(folder, rope, message):
    say(folder, {"rope_parameters": rope})
    with pytest.raises(ValueError, match=rf"config\.json.*{message}"):
        Llama.from_pretrained(folder)


def test_rotary_positions_of_a_part_of_a_head_are_refused_wherever_a_file_says_so(folder, tmp_path):
    say(folder, {"partial_rotary_factor": 0.5})
    with pytest.raises(ValueError, match=r"config\.json: .* not supported: {'partial_rotary_factor': 0\.5}"):
        Llama.from_pretrained(folder)
    path = write_gguf(small(), tmp_path / "small.gguf", rope__dimension_count=4)
    with pytest.raises(ValueError, match=r"small\.gguf: llama\.rope\.dimension_count is 4; it must be 10"):
        Llama.from_gguf(path)
    assert Llama.from_gguf(write_gguf(small(), path, rope__dimension_count=10)).config == small().config


def test_what_a_gguf_file_says_of_yarn_is_followed_or_refused(tmp_path):
    scaling, path = RotaryScaling("yarn", 2.0, 11, fast=8.0, slow=0.5), tmp_path / "small.gguf"
    limits = {"rope__scaling__yarn_beta_fast": 8.0, "rope__scaling__yarn_beta_slow": 0.5}
    model = small(scaling=scaling)
    neutral = {"rope__scaling__attn_factor": 1.0, "rope__scaling__finetuned": 1}
    again = Llama.from_gguf(write_gguf(model, path, **limits, **neutral))
    assert again.config.scaling == scaling
    with torch.no_grad():
        assert_close(again(tokens(2, 23)), model(tokens(2, 23)))
    for name in ("attn_factor", "yarn_attn_factor", "yarn_ext_factor", "yarn_log_multiplier"):
        write_gguf(model, path, **{f"rope__scaling__{name}": 0.5})
        with pytest.raises(
            ValueError, match=rf"small\.gguf: .* not supported: {{'llama\.rope\.scaling\.{name}': 0\.5}}"
        ):
            Llama.from_gguf(path)


def test_a_factor_alone_is_linear_scaling_in_a_gguf_file(tmp_path):
    path = write_gguf(small(), tmp_path / "small.gguf", rope__scaling__factor=2.0)
    assert Llama.from_gguf(path).config.scaling == RotaryScaling("linear", 2.0, 29)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"attention__head_count": 0}, r"llama\.attention\.head_count is 0; it must be a whole number from 1"),
        ({"attention__head_count": [6]}, r"llama\.attention\.head_count is \[6\]; it must be a whole number"),
        ({"attention__head_count_kv": [2, 2, 2]}, r"head_count_kv is \[2, 2, 2\]; it must be a whole number"),
        ({"attention__layer_norm_rms_epsilon": "1e-5"}, "epsilon is '1e-5'; it must be a number from 0.0"),
        ({"rope__freq_base": 0.0}, r"llama\.rope\.freq_base is 0\.0; it must be a number above 1"),
        ({"rope__scaling__type": "longrope"}, "the kind is 'longrope'; choose one of linear"),
        ({"rope__scaling__type": "linear"}, r"it does not say 'llama\.rope\.scaling\.factor'"),
        ({"attention__head_count_kv": 4}, "heads must be a multiple of kv_heads; got 6 and 4"),
    ],
)
def test_a_setting_of_a_gguf_file_is_named_likewise(tmp_path, said, message):
    path = write_gguf(small(), tmp_path / "small.gguf", **said)
    with pytest.raises(ValueError, match=rf"small\.gguf.*{message}"):
        Llama.from_gguf(path)


@pytest.mark.parametrize("shape", [(24,), (59, 24), (2, 30, 24)])
def test_queries_of_another_shape_are_named(tmp_path, shape):
    other = [("blocks.0.attn_q.weight.weight", torch.ones(shape))]  # its name in the file ends with one of them
    path = write_gguf(small(), tmp_path / "small.gguf", leave_out=["blocks.0.attention.to_q.weight"], more=other)
    with pytest.raises(ValueError, match=r"small\.gguf: blocks\.0\.attention\.to_q\.weight has shape \("):
        Llama.from_gguf(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "Expecting"),
        ("[" * 100_000, "recursion"),
        ("[]", r"its content is \[\]; it must be an object"),
        ("{}", "weight_map is None; it must be an object"),
        ('{"weight_map": []}', r"weight_map is \[\]; it must be an object"),
        ('{"weight_map": {"a": []}}', r"a file in weight_map is \[\]; it must be a text"),
    ],
)
def test_an_index_that_is_damaged_is_named(folder, content, message):
    (folder / "model.safetensors.index.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"model\.safetensors\.index\.json: .*{message}"):
        Llama.from_pretrained(folder)


def test_whole_weights_are_read_though_there_are_pieces_without_an_index(folder, tmp_path):
    expected = Llama.from_pretrained(folder)(tokens(1, 5))
    theirs(seed=1).save_pretrained(tmp_path / "other", max_shard_size="20KB")
    for piece in (tmp_path / "other").glob("model-*.safetensors"):
        shutil.copy(piece, folder)
    assert torch.equal(Llama.from_pretrained(folder)(tokens(1, 5)), expected)
    (folder / "model.safetensors").rename(folder / "model-again.safetensors")
    with pytest.raises(ValueError, match=r"llama: \S+ is there twice"):
        Llama.from_pretrained(folder)
