"""GPT-2's weights, in this code."""

import pytest
import torch
from small_gpt import tokens
from torch.testing import assert_close
from transformers import GPT2Config, GPT2LMHeadModel

from largemodels.models import GPT


@pytest.fixture(scope="module")
def gpt2():
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=23, n_positions=13, n_embd=20, n_layer=3, n_head=2)
    model = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


def test_gpt2s_weights_give_gpt2s_logits(gpt2):
    ours, x = GPT.from_gpt2(gpt2.state_dict(), heads=2).eval(), tokens(5, 11)
    with torch.no_grad():
        assert_close(ours(x), gpt2(x).logits, atol=1e-4, rtol=0)
        assert_close(GPT.from_gpt2(gpt2.transformer.state_dict(), heads=2)(x), ours(x), atol=0, rtol=0)
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in gpt2.parameters())


@pytest.mark.parametrize("cached", [True, False])
def test_gpt2s_weights_write_gpt2s_text_token_for_token(gpt2, cached):
    ours, prompt = GPT.from_gpt2(gpt2.state_dict(), heads=2).eval(), tokens(1, 3)
    theirs = gpt2.generate(
        prompt, attention_mask=torch.ones_like(prompt), max_length=13, do_sample=False, use_cache=cached, pad_token_id=0
    )
    end = theirs.shape[1] - 3
    assert torch.equal(ours.generate(prompt, end, temperature=0, cached=cached), theirs)


def test_weights_that_are_no_gpt2s_are_named(gpt2):
    weights = gpt2.state_dict()
    with pytest.raises(ValueError, match=r"not the weights of a GPT-2: wpe.weight, wte.weight is missing"):
        GPT.from_gpt2({})
    with pytest.raises(ValueError, match=r"h\.1\.mlp\.c_fc\.bias is missing"):
        GPT.from_gpt2({k: w for k, w in weights.items() if k != "transformer.h.1.mlp.c_fc.bias"}, heads=2)
    with pytest.raises(ValueError, match=r"h\.0\.ln_1\.weight has shape \(3,\); \(20,\) was expected"):
        GPT.from_gpt2(weights | {"transformer.h.0.ln_1.weight": torch.ones(3)}, heads=2)
    with pytest.raises(ValueError, match="multiple of the heads; got 20 and 12"):
        GPT.from_gpt2(weights)
