"""A patch brings what it copies, at the positions it names; the stream can be read in two parts; parts add up."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from largemodels.interpret import (
    ATTRIBUTED,
    attribute,
    capture,
    changed,
    logit_lens,
    patched,
    read_on,
    read_until,
    steered,
    switched,
)
from largemodels.layers import SinkCache, adapt, adapters, quantise
from largemodels.models import Llama, LlamaConfig

SIZES = {"vocabulary": 47, "context": 29, "layers": 3, "heads": 6, "kv_heads": 2, "width": 24, "hidden": 34}


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = Llama(LlamaConfig(**SIZES, head_width=10, base=997.0)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return model.requires_grad_(False)


def texts(seed):
    return torch.randint(47, (2, 11), generator=torch.Generator().manual_seed(seed))


# ---- the stream ---------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [0, 1, 3])
def test_read_up_to_a_layer_and_on_from_there_it_is_the_model(model, layer):
    x = texts(1)
    stream = read_until(model, x, layer)
    assert_close(read_on(model, stream, layer), model(x))
    assert_close(read_on(model, stream, layer, last=3), model(x)[:, -3:])


def test_the_stream_after_a_layer_is_what_its_tap_gives(model):
    with capture(model, "embedding", "blocks.1") as seen:
        model(texts(1))
    assert_close(read_until(model, texts(1), 0), seen["embedding"])
    assert_close(read_until(model, texts(1), 2), seen["blocks.1"], atol=1e-5, rtol=1e-5)


def test_with_a_cache_only_what_follows_is_read_as_often_as_wanted(model):
    x = texts(1)
    cache = model.start(batch=2, room=11)
    model.advance(x[:, :7], cache)
    for _ in range(2):
        found = read_on(model, read_until(model, x, 2)[:, 7:], 2, cache=cache)
        assert_close(found, model(x)[:, 7:], atol=1e-5, rtol=1e-5)
        assert cache.length == 7


@pytest.mark.parametrize("read", [5, 9])
def test_a_cache_that_drops_tokens_serves_as_often(model, read):
    x, c = texts(1), model.config
    cache, other = (
        SinkCache(c.layers, 2, c.kv_heads, c.head_width, model.norm.weight, 2, 5, c.base, c.scaling) for _ in range(2)
    )
    for token in x[:, :read].split(1, 1):
        model.advance(token, cache)
        model.advance(token, other)
    held = [kept.clone() for kept in cache.kept]
    expected = model.advance(x[:, read : read + 2], other)
    for _ in range(2):
        assert_close(read_on(model, model.embedding(x[:, read : read + 2]), 0, cache=cache), expected)
        assert all(map(torch.equal, cache.kept, held))
        assert cache.length == read


@pytest.mark.parametrize("layer", [-1, 4])
def test_a_layer_that_is_not_there_is_an_error(model, layer):
    with pytest.raises(ValueError, match=f"the model has 3 layers: choose one from 0 to that; got {layer}"):
        read_until(model, texts(1), layer)
    with pytest.raises(ValueError, match="3 layers"):
        read_on(model, torch.zeros(1, 2, 24), layer)


def test_the_lens_after_the_last_block_gives_the_models_logits(model):
    x = texts(1)
    assert_close(logit_lens(model, read_until(model, x, 3)), model(x))
    with torch.no_grad():
        scale = read_until(model, x, 1).square().mean(-1, keepdim=True).add(model.config.eps).sqrt()
    by_hand = read_until(model, x, 1) / scale * model.norm.weight @ model.head.weight.T
    assert_close(logit_lens(model, read_until(model, x, 1)), by_hand, atol=1e-5, rtol=1e-5)


# ---- patches ------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_with_every_position_of_a_layer_patched_the_other_run_comes_out(model, layer):
    one, other = texts(1), texts(2)
    with capture(model, f"blocks.{layer}") as seen:
        expected = model(other)
    with patched(model, dict(seen)):
        assert_close(model(one), expected)


def test_a_patch_at_one_position_changes_that_one_and_none_before(model):
    one, other = texts(1), texts(2)
    with capture(model, "blocks.0") as seen:
        model(other)
    with capture(model, "blocks.0") as before:
        whole = model(one)
    with patched(model, {"blocks.0": seen["blocks.0"]}, [7]), capture(model, "blocks.0") as after:
        found = model(one)
    assert_close(found[:, :7], whole[:, :7])
    assert ((found - whole).abs().amax(-1) > 1e-3)[:, 7:].all()
    rows = torch.arange(11) != 7
    assert_close(after["blocks.0"][:, rows], before["blocks.0"][:, rows])
    assert after["blocks.0"][:, 7].equal(seen["blocks.0"][:, 7])


def test_heads_can_be_patched_by_position_as_well(model):
    one, other, tap = texts(1), texts(2), "blocks.1.attention.mixed"  # (b, h, t, d)
    with capture(model, tap) as seen:
        model(other)
    with capture(model, tap) as before:
        model(one)
    with patched(model, dict(seen), slice(4, 6)), capture(model, tap) as after:
        model(one)
    assert after[tap][:, :, 4:6].equal(seen[tap][:, :, 4:6])
    assert_close(after[tap][:, :, 6:], before[tap][:, :, 6:])


def test_a_run_on_another_number_of_tokens_cannot_be_patched_in(model):
    with capture(model, "blocks.0") as seen:
        model(texts(1)[:, :9])
    with pytest.raises(ValueError, match=r"as many and as long; got .*\[2, 9, 24\].* for .*\[2, 11, 24\]"):  # noqa: SIM117
        with patched(model, dict(seen)):
            model(texts(1))


def test_steering_adds_the_vector_from_a_position_on(model):
    x, vector = texts(1), torch.randn(24)
    stream = read_until(model, x, 2)
    stream[:, 3:] += vector
    with steered(model, "blocks.1", vector, start=3):
        assert_close(model(x), read_on(model, stream, 2), atol=1e-5, rtol=1e-5)
    assert_close(model(x), read_on(model, read_until(model, x, 2), 2))
    with pytest.raises(LookupError, match=r"no tap named blocks\.7"):
        steered(model, "blocks.7", vector).__enter__()


# ---- attribution --------------------------------------------------------------------------------


def test_what_the_parts_add_is_the_difference_of_the_logits(model):
    x, right, wrong = texts(1), torch.tensor([5, 17]), torch.tensor([31, 2])
    with capture(model, *ATTRIBUTED) as seen:
        logits = model(x)[:, -1]
    found = attribute(model, seen, right, wrong)
    assert found.heads.shape == (2, 3, 6)
    assert found.mlps.shape == (2, 3)
    assert_close(found.total, logits[[0, 1], right] - logits[[0, 1], wrong], atol=1e-5, rtol=1e-5)


def test_a_head_that_is_switched_off_adds_nothing(model):
    x, right, wrong = texts(1), torch.tensor([5, 17]), torch.tensor([31, 2])
    on = torch.ones(1, 3, 6)
    on[0, 1, 4] = 0
    with switched(model, on), capture(model, *ATTRIBUTED) as seen:
        logits = model(x)[:, -1]
    found = attribute(model, seen, right, wrong)
    assert found.heads[:, 1, 4].abs().max() == 0
    assert found.heads[:, 1, 3].abs().min() > 0
    assert_close(found.total, logits[[0, 1], right] - logits[[0, 1], wrong], atol=1e-5, rtol=1e-5)


def test_the_head_of_a_last_layer_adds_what_the_logits_lose_without_it_at_the_same_scale(model):
    x, right, wrong = texts(1), torch.tensor([5, 17]), torch.tensor([31, 2])
    model.blocks[2].mlp.contract.weight = nn.Parameter(torch.zeros(24, 34), requires_grad=False)  # nothing reads it
    with capture(model, *ATTRIBUTED, "blocks.2") as seen:
        model(x)
    attention = model.blocks[2].attention
    wrote = seen["blocks.2.attention.mixed"][:, 4, -1] @ attention.out.weight[:, 40:50].T
    stream = seen["blocks.2"][:, -1]
    without = (stream - wrote) / stream.square().mean(-1, keepdim=True).add(1e-5).sqrt() * model.norm.weight
    logits, less = model.head(model.norm(stream)), model.head(without)
    rows = torch.arange(2)
    lost = (logits - less)[rows, right] - (logits - less)[rows, wrong]
    assert_close(attribute(model, seen, right, wrong).heads[:, 2, 4], lost, atol=1e-5, rtol=1e-5)


def large(tied):
    """Return a model that is large enough to be packed."""
    torch.manual_seed(0)
    model = Llama(LlamaConfig(48, 29, 3, 6, 2, 32, 64, 16, tied=tied)).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kind", ["int8", "int4", "adapted"])
def test_the_parts_of_a_packed_or_adapted_model_add_up_too(kind, tied):
    model = large(tied)
    if kind == "adapted":
        for part in adapters(adapt(model, "*", rank=2)).values():
            nn.init.normal_(part, std=0.1)
    else:
        quantise(model, kind)
    x, right, wrong = texts(1), torch.tensor([5, 17]), torch.tensor([31, 2])
    with torch.no_grad(), capture(model, *ATTRIBUTED, "head") as seen:
        logits = model(x)[:, -1]
    assert torch.equal(seen["head"][:, -1], logits)
    with torch.no_grad():
        found = attribute(model, seen, right, wrong)
    # a kernel for few bits rounds what comes in and what goes out to bfloat16
    atol = 1e-5 if kind == "adapted" else 0.02 * logits.std().item()
    assert_close(found.total, logits[[0, 1], right] - logits[[0, 1], wrong], atol=atol, rtol=1e-5)


def test_the_head_of_a_packed_model_can_be_changed_though_the_embedding_has_the_same_weights():
    model, x = quantise(large(tied=True), "int8"), texts(1)
    with torch.no_grad(), changed(model, {"head": torch.zeros_like}):
        assert not model(x).any()
