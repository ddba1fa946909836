"""The real model: our Llama with SmolLM2's weights computes what the transformers library does with them."""

import pytest
import torch
from torch.testing import assert_close
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from largemodels.data import smollm2
from largemodels.models import Llama
from largemodels.text import Tokenizer

pytestmark = pytest.mark.xdist_group("smollm2")  # one worker reads the models, once

PROMPTS = (
    "The capital of France is",
    "When Mary and John went to the store, John gave a drink to",
    "def fibonacci(n):\n    if n < 2:\n        return",
    "In 1969, the first people on the Moon were",
    "La capitale de l'Italie est",
    "2, 4, 8, 16, 32,",
    "<|im_start|>user\nName three colours.<|im_end|>\n<|im_start|>assistant\n",
    "Once upon a time there was a little girl who lived in a house at the edge of a wood. Every morning she",
    "東京は日本の",
    "x",
)


@pytest.fixture(scope="module")
def theirs():
    path = smollm2()
    logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
    model.generation_config.eos_token_id = None  # it goes on where an answer ends
    return model


@pytest.fixture(scope="module")
def ours():
    return Llama.from_gguf(smollm2())


@pytest.fixture(scope="module")
def prompts():
    tokenizer = Tokenizer.from_gguf(smollm2())
    return [tokenizer.encode(prompt, special=True)[None] for prompt in PROMPTS]


def test_logits_on_ten_prompts_are_those_of_transformers_with_and_without_a_cache(ours, theirs, prompts):
    assert len(prompts) == 10
    with torch.inference_mode():
        for prompt in prompts:
            expected, t = theirs(prompt).logits, prompt.shape[1]
            assert_close(ours(prompt), expected, atol=1e-3, rtol=0)
            for advance in (ours.advance, ours.quickest(t)):
                cache = ours.start(room=t)
                found = [advance(piece, cache) for piece in prompt.split([t - t // 2, *[1] * (t // 2)], 1)]
                assert_close(torch.cat(found, 1), expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize("number", [0, 6])
def test_64_tokens_are_those_of_transformers(ours, theirs, prompts, number):
    prompt = prompts[number]
    mask = torch.ones_like(prompt)
    expected = theirs.generate(prompt, attention_mask=mask, max_new_tokens=64, do_sample=False, pad_token_id=0)
    assert torch.equal(ours.generate(prompt, 64, temperature=0), expected)
    assert torch.equal(ours.generate(prompt, 64, temperature=0, lookup=5), expected)


def test_every_weight_is_that_of_transformers(ours, theirs):
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters()) == 134_515_008
    block, other = ours.blocks[17], theirs.model.layers[17]
    assert torch.equal(block.attention.to_k.weight, other.self_attn.k_proj.weight)
    assert torch.equal(block.mlp.contract.weight, other.mlp.down_proj.weight)
    assert torch.equal(ours.embedding.weight, theirs.model.embed_tokens.weight)


@pytest.mark.parametrize(("weights", "share"), [("int8", 0.30), ("int4", 0.19)])
def test_with_few_bits_it_is_a_fraction_as_large_and_predicts_nearly_the_same(ours, prompts, weights, share):
    packed = Llama.from_gguf(smollm2(), weights=weights)
    assert size(packed) < share * size(ours)
    with torch.inference_mode():
        for prompt in (prompts[0], prompts[7]):
            p, q = ours(prompt)[0].log_softmax(1), packed(prompt)[0].log_softmax(1)
            assert (p.exp() * (p - q)).sum(1).mean() < 0.05
            alone = packed.advance(prompt, cache := packed.start(room=prompt.shape[1] + 1))[0, -1].argmax()
            assert alone == p[-1].argmax()
            step = packed.quickest(cache.room)(alone.view(1, 1), cache)
            again = packed(torch.cat([prompt, alone.view(1, 1)], 1))[:, -1:]
            assert_close(step, again, atol=0.05 * again.std().item() + 0.2, rtol=0)


def size(model) -> int:
    storages = {x.untyped_storage().data_ptr(): x.untyped_storage().nbytes() for x in model.state_dict().values()}
    return sum(storages.values())
