"""Writing on from what was read before: a cache that is kept changes how much is read, and no token."""

import pytest
import torch

from largemodels.models import Llama, LlamaConfig

PROMPT = torch.tensor([[3, 1, 4, 1, 5, 9, 2, 6, 3, 1, 4, 1]])


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    sizes = {"layers": 2, "heads": 3, "kv_heads": 1, "width": 12, "hidden": 20, "head_width": 4}
    model = Llama(LlamaConfig(vocabulary=11, context=97, **sizes)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter)
    return model


@pytest.mark.parametrize("lookup", [0, 5])
def test_what_a_cache_holds_is_not_read_again_and_the_tokens_are_the_same(model, reads, lookup):
    whole = model.generate(PROMPT, 31, temperature=0)
    cache = model.start(1, 97)
    text = PROMPT
    for length in (7, 11, 13):
        before = cache.length
        reads.clear()
        new = list(model.stream(text, length, temperature=0, lookup=lookup, cache=cache))
        if not lookup:
            assert reads == [text.shape[1] - before, *[1] * (length - 1)]
        text = torch.cat([text, *new], 1)
        cache.forget(max(0, cache.length - text.shape[1] + 1))  # what was looked up and not used
    assert torch.equal(text, whole)


@pytest.mark.parametrize("lookup", [0, 5])
def test_after_every_token_the_cache_holds_what_was_read(model, lookup):
    """Whenever the reader leaves off, what the cache holds of the text so far is that text's."""
    for count in range(1, 19):
        cache, text = model.start(1, 97), PROMPT
        stream = model.stream(PROMPT, 23, temperature=0, lookup=lookup, cache=cache)
        for _ in range(count):
            text = torch.cat([text, next(stream)], 1)
        stream.close()
        held = min(cache.length, text.shape[1])
        assert held >= text.shape[1] - 1
        fresh = model.start(1, 97)
        with torch.no_grad():
            model.advance(text[:, :held], fresh)
        for kept, expected in zip(cache.kept, fresh.kept, strict=True):
            torch.testing.assert_close(kept[:, :, :, :held], expected[:, :, :, :held], atol=1e-4, rtol=1e-4)


def test_a_cache_that_is_too_small_or_holds_the_whole_prompt_is_refused(model):
    with pytest.raises(
        ValueError, match=r"holds 0 tokens and has room for 18: .* fewer than the prompt's 12, and have room for 19"
    ):
        model.stream(PROMPT, 7, cache=model.start(1, 18))
    cache = model.start(1, 97)
    with torch.no_grad():
        model.advance(PROMPT, cache)
    with pytest.raises(ValueError, match="the cache holds 12 tokens"):
        model.stream(PROMPT, 7, cache=cache)
