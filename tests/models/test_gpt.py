"""The book's GPT: GPT-2 with its weights, blind to the future, and the same with and without its cache."""

import copy

import pytest
import torch
from small_gpt import SMALL, each_kind, small, tokens
from torch.testing import assert_close

from largemodels.interpret import capture
from largemodels.models import GPT, GPTConfig
from largemodels.models.step import Step


@each_kind
def test_no_position_sees_the_future(kind):
    model, x = small(kind), tokens(2, 11)
    other = x.clone()
    other[:, 7:] = (other[:, 7:] + 1) % 23
    with torch.no_grad():
        assert_close(model(other)[:, :7], model(x)[:, :7], atol=1e-6, rtol=0)
        assert not torch.allclose(model(other)[:, 7:], model(x)[:, 7:], atol=1e-3)


@each_kind
def test_reading_in_pieces_is_reading_at_once(kind):
    model, x = small(kind), tokens(2, 13)
    with torch.no_grad():
        whole, cache = model(x), model.start(2)
        pieces = [model.advance(piece, cache) for piece in x.split((5, 1, 1, 4, 2), 1)]
    assert_close(torch.cat(pieces, 1), whole, atol=1e-5, rtol=0)
    assert cache.length == 13


@each_kind
@pytest.mark.parametrize("options", [{"temperature": 0}, {"temperature": 0.7, "top_k": 5}, {"top_p": 0.9}])
def test_the_cache_changes_no_token(kind, options):
    model, prompt = small(kind), tokens(2, 3)
    texts = [
        model.generate(prompt, 41, **options, generator=torch.Generator().manual_seed(2), cached=cached)
        for cached in (True, False)
    ]
    assert texts[0].shape == (2, 44)
    assert torch.equal(*texts)


@each_kind
@pytest.mark.parametrize("autocast", [False, True])
def test_a_step_is_an_advance(kind, autocast):
    model, x = small(kind), tokens(2, 13)
    assert model.as_built()
    caches = model.start(2), model.start(2)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        for piece in x.split((5, 1, 1, 2, 1, 1, 2), 1):
            expected, found = (
                way(piece, cache) for way, cache in zip((model.advance, Step(model)), caches, strict=True)
            )
            assert_close(found, expected, atol=1e-6, rtol=1e-6)
    assert [cache.length for cache in caches] == [13, 13]
    for mine, other in zip(*(cache.kept for cache in caches), strict=True):
        assert_close(mine, other, atol=1e-6, rtol=1e-6)


CHANGES = {
    "a part exchanged": lambda model: setattr(model.blocks[1], "mlp", torch.nn.Identity()),
    "a norm taken out": lambda model: setattr(model.blocks[0], "norm1", torch.nn.Identity()),
    "a part set otherwise": lambda model: setattr(model.blocks[1].mlp, "gelu", torch.nn.GELU()),
    "a norm set otherwise": lambda model: setattr(model.blocks[0].norm1, "eps", 1.0),
    "a layer taken out": lambda model: model.blocks.__delitem__(1),
    "a forward of its own": lambda model: setattr(model.blocks[2].mlp, "forward", torch.zeros_like),
    "a head switched off": lambda model: model.blocks[1].attention.weights.register_forward_hook(
        lambda module, args, weights: weights * torch.tensor([0.0, 1.0]).view(2, 1, 1)
    ),
    "an advance of its own": lambda model: setattr(model, "__class__", Mirrored),
}


class Mirrored(GPT):
    """Expects the opposite of what a GPT does."""

    def advance(self, tokens, cache=None):
        """Return the logits with their signs exchanged."""
        return -super().advance(tokens, cache)


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_writes_what_it_would_without_a_cache(change):
    model, prompt = small(), tokens(2, 3)
    before = model.generate(prompt, 10, temperature=0)
    CHANGES[change](model)
    assert not model.as_built()
    after, expected = (model.generate(prompt, 10, temperature=0, cached=cached) for cached in (True, False))
    assert torch.equal(after, expected)
    if change != "a part set otherwise":  # two forms of the GELU, nearly the same
        assert not torch.equal(after, before)


def test_a_copy_is_as_built_and_so_is_a_model_that_is_no_longer_watched():
    model = small()
    with capture(model, "blocks.0"):
        model(tokens(1, 3))
        assert not model.as_built()
    assert model.as_built()
    assert copy.deepcopy(model).as_built()


def test_a_model_can_learn_from_what_it_wrote():
    model = small()
    text = model.generate(tokens(1, 3), 5)
    model(text).sum().backward()
    assert model.embedding.weight.grad.isfinite().all()


@each_kind
def test_watching_changes_nothing_forward_or_backward(kind):
    model, x, upstream = small(kind), tokens(2, 11), torch.randn(2, 11, 23)
    plain = model(x)
    expected = torch.autograd.grad(plain, list(model.parameters()), upstream)
    with capture(model, "blocks.*.attention.weights") as seen:
        watched = model(x)
    assert_close(watched, plain, atol=1e-5, rtol=1e-5)
    for mine, other in zip(torch.autograd.grad(watched, list(model.parameters()), upstream), expected, strict=True):
        assert_close(mine, other, atol=1e-4, rtol=1e-4)
    assert [*seen] == [f"blocks.{i}.attention.weights" for i in range(3)]
    for weights in seen.values():
        assert weights.shape == (2, 2, 11, 11)
        assert_close(weights.sum(-1), torch.ones(2, 2, 11))
        assert (weights.triu(1) == 0).all()


def test_rotary_positions_see_distances_only():
    model, x = small("rotary alone"), tokens(1, 5)
    places = torch.arange(5)
    with torch.no_grad(), capture(model, "blocks.0") as seen:
        model.blocks[0](model.embedding(x), places)
    here = seen["blocks.0"]
    with torch.no_grad():
        assert_close(model.blocks[0](model.embedding(x), places + 1000), here, atol=1e-4, rtol=0)


def test_quiet_blocks_begin_as_the_identity():
    torch.manual_seed(0)
    model, x = GPT(GPTConfig(**SMALL)), tokens(2, 7)
    embedded = model.embedding(x)
    assert torch.equal(model.blocks[0](embedded, torch.arange(7)), embedded)


def test_parameters_of_nanogpts_size_are_counted():
    width, layers, vocabulary, context = 128, 4, 65, 64
    block = 4 * width**2 + 4 * width + 8 * width**2 + 5 * width + 4 * width
    config = GPTConfig(vocabulary, context, layers, 4, width, "learned", False, False)
    expected = vocabulary * width + context * width + layers * block + 2 * width
    assert sum(p.numel() for p in GPT(config).parameters()) == expected == 809_856
