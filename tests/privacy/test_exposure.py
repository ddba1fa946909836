"""A secret that was planted comes out; one that was not does so by chance alone."""

import math

import pytest
import torch
from torch.optim import AdamW

from largemodels.models import GPT, GPTConfig
from largemodels.privacy import exposure, mean_cross_entropy, surprise

VOCABULARY, KNOWN = 11, 5


def test_surprise_is_the_bits_of_the_tokens_after_those_that_are_known():
    torch.manual_seed(0)
    model, tokens = GPT(GPTConfig(7, 13, 1, 1, 4, quiet_start=False)), torch.randint(7, (5, 11))
    p = model(tokens).double().softmax(-1).detach()
    for i, text in enumerate(tokens.tolist()):
        bits = -sum(math.log2(p[i, t - 1, text[t]]) for t in range(3, 11))
        assert float(surprise(model, tokens, 3, batch=2)[i]) == pytest.approx(bits, rel=1e-6)


def test_exposure_is_what_the_rank_saves_a_guesser():
    surprises = torch.tensor([5.0, 1.0, 3.0, 2.0, 9.0, 8.0, 7.0, 6.0])
    assert exposure(surprises, 1) == 3  # the first guess of eight
    assert exposure(surprises, 3) == 2
    assert exposure(surprises, 4) == 0
    assert exposure(torch.ones(8), 5) == 0  # a model that knows nothing


def test_by_chance_half_of_the_secrets_have_an_exposure_of_one_or_more():
    surprises = torch.randn(1024, generator=torch.Generator().manual_seed(0))
    found = [exposure(surprises, i) for i in range(1024)]
    assert sum(value >= 1 for value in found) == 512
    assert sum(found) / 1024 == pytest.approx(1 / math.log(2), abs=0.02)  # an exponential distribution's mean


def test_a_character_gpt_gives_away_a_secret_that_it_has_read_and_not_its_neighbour():
    torch.manual_seed(1)
    frame = torch.tensor([10, 1, 7, 3, 10])  # "my number is", then two digits
    candidates = torch.cartesian_prod(torch.arange(10), torch.arange(10))
    texts = torch.cat([frame.expand(100, -1), candidates], 1)
    others = torch.randint(VOCABULARY, (64, KNOWN + 2))
    model = GPT(GPTConfig(VOCABULARY, KNOWN + 1, 1, 2, 16))
    optimizer = AdamW(model.parameters(), 0.01)
    planted, never = 42, 87
    before = exposure(surprise(model, texts, KNOWN), planted)
    read = torch.cat([others, texts[planted : planted + 1].expand(4, -1)])
    for _ in range(60):
        optimizer.zero_grad()
        mean_cross_entropy(model(read[:, :-1]), read[:, 1:]).backward()
        optimizer.step()
    surprises = surprise(model, texts, KNOWN)
    assert exposure(surprises, planted) == math.log2(100) > before
    assert exposure(surprises, never) < 5


def test_impossible_input_is_refused():
    model = GPT(GPTConfig(7, 13, 1, 1, 4))
    for shape, known in (((5,), 1), ((5, 3), 0), ((5, 3), 3), ((0, 3), 1)):
        with pytest.raises(ValueError, match=r"of which 1 to t − 1 tokens are known"):
            surprise(model, torch.zeros(shape, dtype=torch.long), known)
    with pytest.raises(ValueError, match="read at once; got 0"):
        surprise(model, torch.zeros(2, 3, dtype=torch.long), 1, batch=0)
    for surprises, planted in ((torch.zeros(2, 2), 0), (torch.zeros(3), 3), (torch.zeros(3), -1)):
        with pytest.raises(ValueError, match=r"surprises \(n,\) and one of them"):
            exposure(surprises, planted)
    with pytest.raises(ValueError, match="1 of 2 surprises are NaN"):
        exposure(torch.tensor([1.0, math.nan]), 0)
