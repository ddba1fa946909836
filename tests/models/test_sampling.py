"""Tokens are drawn as the temperature, top-k and top-p say."""

import pytest
import torch
from torch.testing import assert_close

from largemodels.models.sampling import draw, next_probabilities

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
