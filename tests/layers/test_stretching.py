"""Stretched rotary positions are those of the transformers library."""

import math

import pytest
import torch
from torch.testing import assert_close
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

from largemodels.layers import RotaryScaling, rotate, rotation, turn
from largemodels.layers.stretching import stretched


def speeds(width, base):
    return base ** (-torch.arange(0, width, 2) / width)


def theirs(kind, width, base, trained, factor, **more):
    rope = {
        "rope_type": kind,
        "rope_theta": base,
        "factor": factor,
        "original_max_position_embeddings": trained,
        **more,
    }
    config = LlamaConfig(
        hidden_size=width,
        num_attention_heads=1,
        head_dim=width,
        max_position_embeddings=int(trained * factor),
        rope_parameters=rope,
    )
    return ROPE_INIT_FUNCTIONS[kind](config, "cpu")


@pytest.mark.parametrize("width", [22, 64])
@pytest.mark.parametrize("base", [10_000.0, 500_000.0])
@pytest.mark.parametrize("factor", [1.0, 3.0, 8.0])
@pytest.mark.parametrize(
    ("kind", "limits", "named"),
    [
        ("linear", {}, {}),
        ("yarn", {}, {}),
        ("yarn", {"fast": 17.0, "slow": 2.0}, {"beta_fast": 17.0, "beta_slow": 2.0}),
        ("llama3", {"fast": 4.0, "slow": 1.0}, {"high_freq_factor": 4.0, "low_freq_factor": 1.0}),
    ],
)
def test_speeds_are_those_of_transformers(kind, limits, named, factor, base, width):
    found, length = stretched(speeds(width, base), base, RotaryScaling(kind, factor, 1009, **limits))
    expected, their_length = theirs(kind, width, base, 1009, factor, **named)
    assert_close(found, expected, atol=1e-9, rtol=1e-5)
    assert length == pytest.approx(their_length)


def test_ntk_is_another_base():
    found, length = stretched(speeds(22, 1e4), 1e4, RotaryScaling("ntk", 3.0, 1009))
    assert_close(found, speeds(22, 1e4 * 3 ** (22 / 20)))
    assert length == 1
    assert found[0] == 1  # the fastest as before
    assert found[-1].item() == pytest.approx(speeds(22, 1e4)[-1].item() / 3)  # the slowest by the whole factor


def test_ntk_is_what_transformers_call_dynamic_for_a_text_of_that_length():
    config = LlamaConfig(
        hidden_size=22,
        num_attention_heads=1,
        head_dim=22,
        max_position_embeddings=1009,
        rope_parameters={"rope_type": "dynamic", "rope_theta": 1e4, "factor": 1.0},
    )
    expected, _ = ROPE_INIT_FUNCTIONS["dynamic"](config, "cpu", seq_len=3 * 1009)
    found, _ = stretched(speeds(22, 1e4), 1e4, RotaryScaling("ntk", 3.0, 1009))
    assert_close(found, expected, atol=1e-9, rtol=1e-5)


@pytest.mark.parametrize("kind", ["linear", "ntk", "yarn", "llama3"])
def test_a_factor_of_1_changes_nothing(kind):
    plain, scaled = rotation(torch.arange(5), 6), rotation(torch.arange(5), 6, scaling=RotaryScaling(kind, 1.0, 11))
    for one, other in zip(plain, scaled, strict=True):
        assert_close(one, other)


def test_yarn_lengthens_queries_and_keys():
    cos, sin = rotation(torch.arange(7), 6, scaling=RotaryScaling("yarn", 5.0, 11))
    x = torch.randn(2, 3, 7, 6)
    assert_close(turn(x, cos, sin).norm(dim=-1), x.norm(dim=-1) * (0.1 * math.log(5) + 1))


def test_without_scaling_turning_by_the_rotation_is_rotating():
    x = torch.randn(2, 3, 11, 6)
    assert torch.equal(turn(x, *rotation(torch.arange(11), 6)), rotate(x))
    assert_close(turn(x[..., 7:, :], *rotation(torch.arange(7, 11), 6, base=99.0)), rotate(x, base=99.0)[..., 7:, :])


def test_wrong_settings_are_named():
    with pytest.raises(ValueError, match="kind is 'dynamic'; choose one of linear, ntk, yarn, llama3"):
        RotaryScaling("dynamic", 2.0, 11)
    for factor in (0.5, math.nan, math.inf):
        with pytest.raises(ValueError, match="factor must be at least 1; got"):
            RotaryScaling("yarn", factor, 11)
    with pytest.raises(ValueError, match="slow above 0 and below fast"):
        RotaryScaling("yarn", 2.0, 11, fast=1.0, slow=1.0)
    with pytest.raises(ValueError, match="trained must be at least 1"):
        RotaryScaling("yarn", 2.0, 0)
    with pytest.raises(ValueError, match="positions take an even width"):
        rotation(torch.arange(3), 5)
