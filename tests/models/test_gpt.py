"""The book's GPT: GPT-2 with its weights, blind to the future, and the same with and without its cache."""

import copy

import pytest
import torch
from torch.testing import assert_close
from transformers import GPT2Config, GPT2LMHeadModel

from largemodels.interpret import capture
from largemodels.models import GPT, CharRNN, CharRNNConfig, GPTConfig
from largemodels.models.sampling import draw, next_probabilities
from largemodels.models.step import Step

SMALL = {"vocabulary": 23, "context": 13, "layers": 3, "heads": 2, "width": 20}
KINDS = {
    "rotary": {},
    "learned": {"positions": "learned", "norm_queries": False, "quiet_start": False},
    "rotary alone": {"norm_queries": False, "quiet_start": False},
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def small(kind="rotary", seed=0):
    """Return a model whose every weight does something."""
    torch.manual_seed(seed)
    model = GPT(GPTConfig(**SMALL, **KINDS[kind])).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


def tokens(*shape, seed=1):
    return torch.randint(SMALL["vocabulary"], shape, generator=torch.Generator().manual_seed(seed))


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


# ---- drawing ----


def shares(options, logits=((0.0, 1.0, 2.0, 3.0),), draws=4000):
    generator = torch.Generator().manual_seed(0)
    many = torch.tensor(logits).expand(draws, -1)
    return draw(many, generator=generator, **options).flatten().bincount(minlength=4) / draws


def test_draws_follow_the_softmax():
    expected = torch.tensor([0.0, 1.0, 2.0, 3.0])
    assert_close(shares({}), expected.softmax(0), atol=0.03, rtol=0)
    assert_close(shares({"temperature": 0.5}), (expected / 0.5).softmax(0), atol=0.03, rtol=0)


def test_top_k_and_top_p_leave_the_likeliest():
    p = torch.tensor([0.0, 1.0, 2.0, 3.0]).softmax(0)
    two = torch.tensor([0.0, 0.0, p[2], p[3]])
    assert_close(shares({"top_k": 2}), two / two.sum(), atol=0.03, rtol=0)
    assert_close(shares({"top_p": 0.7}), two / two.sum(), atol=0.03, rtol=0)  # 0.64, then 0.88
    assert (shares({"top_p": 0.6}) == torch.tensor([0.0, 0.0, 0.0, 1.0])).all()
    assert (shares({"top_k": 1}) == torch.tensor([0.0, 0.0, 0.0, 1.0])).all()
    assert_close(shares({"top_k": 4, "top_p": 1.0}), p, atol=0.03, rtol=0)


@pytest.mark.parametrize(
    ("logits", "top_k", "left"),
    [([5.0, 7, 7, 1], 1, [1]), ([1.0, 2, 2, 2, 3], 3, [1, 2, 4]), ([4.0, 4, 4, 4], 2, [0, 1])],
)
def test_exactly_top_k_remain_of_equals_too_and_one_is_greedy(logits, top_k, left):
    logits = torch.tensor([logits])
    p = next_probabilities(logits, top_k=top_k)
    assert p[0].nonzero().flatten().tolist() == left
    assert_close(p.sum(), torch.ones((), dtype=torch.float64))
    if top_k == 1:
        assert draw(logits, top_k=1).equal(draw(logits, temperature=0))


@pytest.mark.parametrize("options", [{}, {"temperature": 0.5}, {"top_k": 2}, {"top_p": 0.7}, {"temperature": 0}])
def test_tokens_are_drawn_with_the_probabilities_that_can_be_asked_for(options):
    logits = torch.tensor([[0.0, 1.0, 2.0, 3.0], [3.0, 0.0, -1.0, 2.5]])
    p = next_probabilities(logits, **options)
    assert_close(p.sum(1), torch.ones(2, dtype=torch.float64))
    assert_close(shares(options), p[0].float(), atol=0.03, rtol=0)
    assert_close(next_probabilities(logits + 5.0, **options), p)  # a constant more changes nothing


def test_temperatures_at_the_limit():
    assert (shares({"temperature": 0}) == torch.tensor([0.0, 0.0, 0.0, 1.0])).all()
    assert (shares({"temperature": 1e-12}) == torch.tensor([0.0, 0.0, 0.0, 1.0])).all()
    assert_close(shares({"temperature": 1e12}), torch.full((4,), 0.25), atol=0.03, rtol=0)


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
