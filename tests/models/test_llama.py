"""Llama computes what transformers' does, with and without a cache, and says what it cannot read."""

import pytest
import torch
from small_llama import SMALL, small, tokens
from torch.testing import assert_close

from largemodels.interpret import capture, read_on, read_until
from largemodels.layers import quantise
from largemodels.models import Llama, LlamaConfig
from largemodels.models.llama_step import LlamaStep


def test_parameters_are_as_many_as_the_parts_have():
    d, hidden, q, kv = 24, 34, 60, 20
    block = 2 * d + d * q + 2 * d * kv + q * d + 3 * d * hidden
    assert sum(p.numel() for p in small().parameters()) == 47 * d + 3 * block + d
    assert sum(p.numel() for p in small(tied=False).parameters()) == 2 * 47 * d + 3 * block + d


def test_the_default_is_smollm2():
    with torch.device("meta"):
        assert sum(p.numel() for p in Llama().parameters()) == 134_515_008


@pytest.mark.parametrize("pieces", [(11,), (1,) * 11, (4, 7), (5, 1, 5)])
def test_with_a_cache_it_reads_the_same_in_any_pieces(pieces):
    model, x = small(), tokens(2, 11)
    cache = model.start(batch=2, room=13)
    with torch.no_grad():
        found = torch.cat([model.advance(piece, cache) for piece in x.split(pieces, 1)], 1)
        assert_close(found, model(x), atol=1e-5, rtol=1e-5)
    assert cache.length == 11


@pytest.mark.parametrize("kind", [None, "int8", "int4"])
@pytest.mark.parametrize("b", [1, 3])
def test_the_quick_step_computes_what_the_modules_do(kind, b):
    model, x = small(vocabulary=48, width=32, hidden=64, head_width=16), tokens(b, 11)
    if kind is not None:
        quantise(model, kind)
    step = model.quickest(13)
    assert isinstance(step, LlamaStep)
    slow, quick = model.start(b, 13), model.start(b, 13)
    with torch.no_grad():
        for piece in x.split([5, 1, 1, 1, 3], 1):
            expected = model.advance(piece, slow)
            found = step(piece, quick)
            assert found.shape == expected.shape
            # of few bits, what goes into a product is rounded to bfloat16: a last digit may change it
            assert_close(found, expected, atol=1e-5 if kind is None else 0.02 * expected.std().item(), rtol=1e-5)
    assert quick.length == slow.length == 11


def test_only_a_model_of_the_usual_parts_has_a_quick_step():
    model = small(vocabulary=48, width=32, hidden=64, head_width=16)
    assert isinstance(model.quickest(7), LlamaStep)
    with capture(model, "blocks.1.mlp") as _:
        assert model.quickest(7) == model.advance
        model(tokens(1, 3))
    quantise(model, "int4", "blocks.1.mlp.gate")  # one part alone
    assert model.quickest(7) == model.advance
    model = small()
    model.blocks[1].mlp.forward = lambda x: 0 * x
    assert model.quickest(7) == model.advance
    model = small()
    model.norm = torch.nn.RMSNorm(24)
    assert model.quickest(7) == model.advance


def test_the_logits_of_the_last_tokens_alone_are_the_same():
    model, x = small(), tokens(2, 11)
    assert_close(model.advance(x, last=3), model(x)[:, -3:])


def test_no_token_changes_what_was_predicted_before_it():
    model, x = small(), tokens(1, 11)
    changed = x.clone()
    changed[0, 7] = (x[0, 7] + 1) % 47
    before, after = model(x), model(changed)
    assert_close(before[:, :7], after[:, :7])
    assert not torch.allclose(before[:, 7:], after[:, 7:])


def test_every_weight_has_a_gradient():
    model = small()
    model(tokens(2, 11)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_taps_show_what_is_computed():
    model, x = small(), tokens(2, 11)
    with torch.no_grad(), capture(model, "blocks.*.attention.weights", "blocks.*", "norm", "head") as seen:
        logits = model(x)
    assert_close(logits, model(x), atol=1e-5, rtol=1e-5)
    assert seen["blocks.2.attention.weights"].shape == (2, 6, 11, 11)
    assert seen["head"].equal(logits)
    assert_close(model.norm(seen["blocks.2"]), seen["norm"])


def test_a_tied_head_has_the_weights_of_the_embedding():
    model = small()
    assert model.head.weight is model.embedding.weight
    other = small(tied=False)
    assert other.head.weight is not other.embedding.weight


def test_bfloat16_is_close():
    model, x = small(), tokens(2, 11)
    expected = model(x)
    found = small().bfloat16()(x)
    assert found.dtype == torch.bfloat16
    assert (found.float() - expected).abs().max() < 0.05 * expected.abs().max()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": 0}, "every size must be at least 1"),
        ({"kv_heads": 4}, "heads must be a multiple of kv_heads; got 6 and 4"),
        ({"head_width": 9}, "a head's width must be even; got 9"),
        ({"base": 1.0}, "base must be above 1 and eps at least 0, both finite; got 1.0 and"),
        ({"eps": -1e-5}, "eps at least 0, both finite; got 997.0 and -1e-05"),
        ({"eps": float("nan")}, "both finite; got 997.0 and nan"),
    ],
)
def test_wrong_settings_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        LlamaConfig(**{**SMALL, **changes})


def test_what_it_cannot_read_is_named():
    model = small()
    with pytest.raises(ValueError, match="tokens from 0 to 46; got 47"):
        model(torch.tensor([[47]]))
    with pytest.raises(ValueError, match="sequences of length 0"):
        model(torch.zeros(1, 0, dtype=torch.long))
    with pytest.raises(ValueError, match="there is room for 29 tokens; got 30: shorten the text"):
        model(tokens(1, 30))
    cache = model.start(room=7)
    model.advance(tokens(1, 5), cache)
    with pytest.raises(ValueError, match="there is room for 7 tokens; got 8"):
        model.advance(tokens(1, 3), cache)
    assert cache.length == 5
    for last in (0, -1):
        with pytest.raises(ValueError, match=f"positions at the end get logits, at least 1; got {last}"):
            model.advance(tokens(1, 2), cache, last)
        with pytest.raises(ValueError, match=f"positions at the end get logits, at least 1; got {last}"):
            read_on(model, read_until(model, tokens(1, 2), 1), 1, last)
    assert cache.length == 5
    for batch, room in ((1, 0), (1, -1), (0, 5)):
        with pytest.raises(ValueError, match=f"at least one text and one token; got {batch} and {room}"):
            model.start(batch, room)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.uint16])
def test_short_whole_numbers_are_no_tokens(dtype):
    with pytest.raises(ValueError, match=rf"whole numbers; got {dtype}: give int64 or int32"):
        small()(tokens(1, 3).to(dtype))
    assert torch.equal(small()(tokens(1, 3).int()), small()(tokens(1, 3)))


@pytest.mark.parametrize("prompt", [[[1, 2]], "hi", None])
def test_what_is_no_tensor_is_named(prompt):
    for read in (small(), lambda x: small().generate(x, 3)):
        with pytest.raises(ValueError, match=rf"tokens of shape \(b, t\); got a {type(prompt).__name__}"):
            read(prompt)
