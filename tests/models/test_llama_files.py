"""Llamas of published files compute what the transformers library computes with them."""

import json

import pytest
import torch
from small_llama import small, theirs, tokens, write_gguf
from torch.testing import assert_close

from largemodels.layers import RotaryScaling, quantise
from largemodels.models import Llama

LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 997.0,
    "factor": 3.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 11,
}
YARN = {"rope_type": "yarn", "rope_theta": 997.0, "factor": 2.5, "original_max_position_embeddings": 11}
LINEAR = {"rope_type": "linear", "rope_theta": 997.0, "factor": 3.0}


def saved(folder, model, **how):
    model.save_pretrained(folder, **how)
    return folder


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("rope", [None, LLAMA3, YARN, LINEAR], ids=["plain", "llama3", "yarn", "linear"])
def test_a_saved_llama_gives_equal_logits(tmp_path, tied, rope):
    other = theirs(tied=tied, **({} if rope is None else {"rope_parameters": rope}))
    ours = Llama.from_pretrained(saved(tmp_path, other))
    x = tokens(2, 23)
    with torch.no_grad():
        assert_close(ours(x), other(x).logits, atol=1e-4, rtol=0)
    assert ours.config.tied == tied
    assert (ours.config.scaling is None) == (rope is None)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in other.parameters())


def test_a_llama_saved_in_pieces_is_put_together(tmp_path):
    other = theirs(tied=False)
    saved(tmp_path, other, max_shard_size="20KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 2
    x = tokens(2, 11)
    with torch.no_grad():
        assert_close(Llama.from_pretrained(tmp_path)(x), other(x).logits, atol=1e-4, rtol=0)
    min(tmp_path.glob("*.safetensors")).unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks model-00001-of-.*, of which its index speaks"):
        Llama.from_pretrained(tmp_path)


def test_a_gguf_file_gives_equal_logits(tmp_path):
    x = tokens(2, 23)
    for changes in ({}, {"tied": False}, {"scaling": RotaryScaling("yarn", 2.0, 11)}, {"kv_heads": 6}):
        model = small(**changes)
        again = Llama.from_gguf(write_gguf(model, tmp_path / "small.gguf"))
        assert again.config == model.config
        with torch.no_grad():
            assert torch.equal(again(x), model(x))


def test_packed_weights_are_unpacked(tmp_path):
    model, x = small(width=32, hidden=64, head_width=16), tokens(2, 23)
    errors = []
    for kind in ("F32", "F16", "BF16", "Q8_0", "Q5_1", "Q4_1"):
        again = Llama.from_gguf(write_gguf(model, tmp_path / "small.gguf", kind))
        with torch.no_grad():
            errors.append((again(x) - model(x)).square().mean().sqrt().item() / model(x).std().item())
    assert errors == sorted(errors)
    assert errors[0] == 0
    assert errors[-1] < 0.5


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_weights_come_in_the_precision_that_is_wanted(tmp_path, dtype):
    models = (
        Llama.from_gguf(write_gguf(small(), tmp_path / "small.gguf"), dtype),
        Llama.from_pretrained(saved(tmp_path, theirs()), dtype),
    )
    for model in models:
        assert {p.dtype for p in model.parameters()} == {dtype}
        assert model(tokens(1, 5)).dtype == dtype


@pytest.mark.parametrize("weights", ["int8", "int4"])
def test_weights_are_packed_while_they_are_read(tmp_path, weights):
    model = small(vocabulary=48, width=32, hidden=64, head_width=16)
    path, x = write_gguf(model, tmp_path / "small.gguf"), tokens(2, 11)
    packed = Llama.from_gguf(path, weights=weights)
    with torch.no_grad():
        assert torch.equal(packed(x), quantise(Llama.from_gguf(path), weights)(x))
    assert packed.head is packed.embedding.table
    with pytest.raises(ValueError, match="packed as int8 or int4; got 'int3'"):
        Llama.from_gguf(path, weights="int3")


def test_a_loaded_model_can_be_trained(tmp_path):
    model = Llama.from_gguf(write_gguf(small(), tmp_path / "small.gguf"))
    model(tokens(2, 11)).square().mean().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_gguf_files_of_other_models_are_named(tmp_path):
    path = tmp_path / "small.gguf"
    with pytest.raises(
        ValueError, match=r"small\.gguf holds a model of architecture 'qwen2'; only 'llama' can be read"
    ):
        Llama.from_gguf(write_gguf(small(), path, architecture="qwen2"))
    extra = [("blocks.0.attn_q.bias", torch.ones(60))]
    with pytest.raises(ValueError, match=r"has 1 weights that Llama has not, for example blk\.0\.attn_q\.bias"):
        Llama.from_gguf(write_gguf(small(), path, more=extra))
    with pytest.raises(ValueError, match=r"does not describe a whole model: .* does not say 'llama\.block_count'"):
        Llama.from_gguf(write_gguf(small(), path, leave_out=["block_count"]))
    with pytest.raises(ValueError, match=r"does not describe a whole model: .* has no weights 'token_embd\.weight'"):
        Llama.from_gguf(write_gguf(small(), path, leave_out=["embedding.weight"]))
    with pytest.raises(ValueError, match=r"1 weights are missing, the first is blocks\.1\.mlp\.gate\.weight"):
        Llama.from_gguf(write_gguf(small(), path, leave_out=["blocks.1.mlp.gate.weight"]))
    with pytest.raises(FileNotFoundError, match="there is no model file"):
        Llama.from_gguf(tmp_path / "nowhere.gguf")


def test_weights_of_another_shape_are_named(tmp_path):
    model = small()
    model.blocks[1].mlp.gate.weight = torch.nn.Parameter(torch.ones(35, 24))
    with pytest.raises(ValueError, match=r"blocks\.1\.mlp\.gate\.weight has shape \(35, 24\); \(34, 24\) was expected"):
        Llama.from_gguf(write_gguf(model, tmp_path / "small.gguf"))


def test_wrong_folders_are_named(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"there is no .*config\.json: give the folder that a model was saved in"
    ):
        Llama.from_pretrained(tmp_path)
    saved(tmp_path, theirs())
    weights = tmp_path / "model.safetensors"
    whole = weights.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"<!DOCTYPE html>", b""):
        weights.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"model\.safetensors is damaged or no safetensors file"):
            Llama.from_pretrained(tmp_path)
    weights.unlink()
    with pytest.raises(FileNotFoundError, match=r"there is no model\.safetensors in"):
        Llama.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "gemma"}, "of type 'gemma'; only 'llama' can be read"),
        ({"attention_bias": True}, "the model has biases, which Llama has not"),
        ({"hidden_act": "gelu"}, "activation is 'gelu'; Llama has 'silu'"),
        ({"hidden_size": None}, "does not say 'hidden_size'"),
        ({"rope_parameters": {"rope_type": "longrope", "factor": 2.0}}, "kind is 'longrope'; choose one of linear"),
        ({"rope_parameters": YARN | {"attention_factor": 3.0}}, "not supported: {'attention_factor': 3.0}"),
        ({"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}}, "not supported"),
    ],
)
def test_folders_of_other_models_are_named(tmp_path, changes, message):
    saved(tmp_path, theirs())
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8")) | changes
    config = {name: value for name, value in config.items() if value is not None}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"config\.json.*{message}"):
        Llama.from_pretrained(tmp_path)


def test_a_damaged_configuration_is_named(tmp_path):
    saved(tmp_path, theirs())
    (tmp_path / "config.json").write_text('{"model_type": "llama"', encoding="utf-8")
    with pytest.raises(ValueError, match=r"config\.json: Expecting"):
        Llama.from_pretrained(tmp_path)
