"""What a GPT cannot take is named."""

import pytest
import torch
from small_gpt import SMALL, small, tokens

from largemodels.models import CharRNN, CharRNNConfig, GPTConfig

# ---- wrong input ----


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": 0}, "length must be at least 1 token; got 0"),
        ({"temperature": -1.0}, r"temperature must be 0 \(the likeliest token\) or more; got -1.0"),
        ({"temperature": float("nan")}, "temperature must be 0"),
        ({"top_k": 0}, "top_k must be from 1 to the 23 tokens there are, or None; got 0"),
        ({"top_k": 24}, "top_k must be from 1 to the 23"),
        ({"top_p": 0.0}, "top_p must be above 0 and at most 1, or None; got 0.0"),
        ({"prompt": torch.zeros(1, 0, dtype=torch.int64)}, "sequences of length 0"),
        ({"prompt": torch.tensor([[23]])}, "tokens from 0 to 22; got 23"),
        ({"prompt": torch.tensor([[0.5]])}, "whole numbers; got torch.float32"),
    ],
)
def test_wrong_ways_to_write_are_named(options, message):
    given = {"prompt": tokens(1, 3), "length": 2} | options
    with pytest.raises(ValueError, match=message):
        small().generate(**given)


@pytest.mark.parametrize("temperature", [0, 1.0])
@pytest.mark.parametrize("cached", [True, False])
def test_nothing_is_written_with_weights_that_are_not_finite(temperature, cached):
    model = small()
    with torch.no_grad():
        model.embedding.weight[0, 0] = float("nan")
    with pytest.raises(FloatingPointError, match="the logits are not finite: the model has diverged"):
        model.generate(tokens(1, 3), 5, temperature, cached=cached)


def test_more_tokens_than_the_context_are_named():
    model = small()
    with pytest.raises(ValueError, match="room for 13 tokens; got 14"):
        model(tokens(1, 14))
    cache = model.start()
    model.advance(tokens(1, 11), cache)
    with pytest.raises(ValueError, match="room for 13 tokens; got 14"):
        model.advance(tokens(1, 3), cache)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heads": 3}, "the width must be a multiple of the heads; got 20 and 3"),
        ({"heads": 20}, "a head's width must be even; got 1"),
        ({"layers": 0}, "every size must be at least 1"),
        ({"positions": "none"}, "positions is 'none'; choose one of rotary, learned"),
    ],
)
def test_wrong_configurations_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        GPTConfig(**SMALL | change)


def test_a_model_spread_over_processes_says_that_its_weights_must_be_gathered(alone):
    from torch.distributed.fsdp import fully_shard

    for model in (small(), CharRNN(CharRNNConfig(vocabulary=23))):
        fully_shard(model, mesh=alone)
        with pytest.raises(
            ValueError, match=r"holds a part of this model's weights only.*gather them.*full_state_dict"
        ):
            model.generate(tokens(1, 3), 2)


@pytest.fixture
def alone():
    """A mesh of this process alone."""
    import torch.distributed as dist
    from torch.distributed.device_mesh import DeviceMesh

    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield DeviceMesh("cpu", [0])
    dist.destroy_process_group()
