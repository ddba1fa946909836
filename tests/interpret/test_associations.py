"""Pairs of sentences: what a model whose probabilities are known is found to prefer, and how sure a correlation is."""

import itertools
import math

import pytest
import torch
from scipy import stats
from torch import nn

from largemodels.interpret import (
    both,
    correlation,
    log_probability,
    pair_scores,
    shuffled_correlations,
    shuffled_weights,
)

WORDS = ["<start>", "she", "he", "they", "is", "nurse", "guard", "old"]


def encode(text):
    return torch.tensor([WORDS.index(word) for word in text.split()])


class Bigrams(nn.Module):
    """What follows depends on the token before alone: logits from a table."""

    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(len(WORDS), len(WORDS), generator=torch.Generator().manual_seed(0)))

    def forward(self, tokens):
        return self.table[tokens]


MODEL = Bigrams()


def by_hand(text):
    table, ids = MODEL.table.log_softmax(-1), [0, *encode(text).tolist()]
    return [table[a, b].item() for a, b in itertools.pairwise(ids)]


def test_each_token_has_its_probability_after_those_before_it_whatever_else_is_in_the_batch():
    texts = ["she is old", "guard", "they", "nurse is old he is"]
    for batch in (1, 3, 8):
        found = log_probability(MODEL, [encode(text) for text in texts], start=0, batch=batch)
        for text, likely in zip(texts, found, strict=True):
            assert likely.tolist() == pytest.approx(by_hand(text), abs=1e-5)


def test_the_whole_sentence_and_the_word_alone_are_scored():
    scores = pair_scores(MODEL, encode, ["nurse is [she|he] old", "[she|he] is nurse"], start=0)
    for n, (one, other, place) in enumerate(
        (("nurse is she old", "nurse is he old", 2), ("she is nurse", "he is nurse", 0))
    ):
        a, b = by_hand(one), by_hand(other)
        assert scores.whole[n].item() == pytest.approx(sum(a) - sum(b), abs=1e-5)
        assert scores.word[n].item() == pytest.approx(a[place] - b[place], abs=1e-5)


def test_words_of_several_tokens_are_compared_as_wholes():
    scores = pair_scores(MODEL, encode, ["guard is [old she|he] is nurse"], start=0)
    a, b = by_hand("guard is old she is nurse"), by_hand("guard is he is nurse")
    assert scores.whole[0].item() == pytest.approx(sum(a) - sum(b), abs=1e-5)
    assert scores.word[0].item() == pytest.approx(sum(a[2:4]) - b[2], abs=1e-5)


def test_a_pair_exchanged_has_the_opposite_score():
    one, other = (pair_scores(MODEL, encode, [f"guard is [{p}] old"], 0).whole for p in ("she|he", "he|she"))
    torch.testing.assert_close(one, -other)


@pytest.mark.parametrize("text", ["no place", "[she|she] is", "[she|he] and [her|his]", "[she] is", "[she|he|they] is"])
def test_a_pair_needs_one_place_with_two_words(text):
    with pytest.raises(ValueError, match=r"one place with two words"):
        both(text)


def test_texts_without_tokens_are_refused():
    for ids in ([], [encode("she"), torch.tensor([], dtype=torch.long)]):
        with pytest.raises(ValueError, match="each text needs a token"):
            log_probability(MODEL, ids, 0)


def test_the_correlation_and_its_interval_are_those_of_scipy():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(37, generator=generator)
    y = x + torch.randn(37, generator=generator)
    r, low, high = correlation(x, y)
    theirs = stats.pearsonr(x.double().numpy(), y.double().numpy())
    ends = theirs.confidence_interval(2 * stats.norm.cdf(2) - 1)
    assert (r, low, high) == pytest.approx((theirs.statistic, ends.low, ends.high), abs=1e-9)


def test_the_interval_holds_the_true_correlation_about_nineteen_times_in_twenty():
    generator, true, held = torch.Generator().manual_seed(2), 0.6, 0
    for _ in range(400):
        x, noise = torch.randn(2, 39, generator=generator)
        _, low, high = correlation(x, true * x + math.sqrt(1 - true**2) * noise)
        held += low < true < high
    assert 0.92 < held / 400 < 0.985


def test_a_straight_line_correlates_perfectly_and_constants_not_at_all():
    x = torch.arange(5.0)
    assert correlation(x, 3 - 2 * x) == pytest.approx((-1, -1, -1))
    with pytest.raises(ValueError, match="all the same"):
        correlation(x, torch.ones(5))
    with pytest.raises(ValueError, match="4 or more"):
        correlation(x[:3], x[:3])


def test_shuffled_values_correlate_with_nothing_and_keep_their_own_spread():
    x = torch.randn(39, generator=torch.Generator().manual_seed(3))
    chance = shuffled_correlations(x, x, 3_000, torch.Generator().manual_seed(4))
    assert abs(chance.mean()) < 0.02
    assert chance.std().item() == pytest.approx(1 / math.sqrt(38), rel=0.1)


def test_shuffled_weights_are_the_same_numbers_in_another_order_and_the_model_stays_as_it_is():
    before = MODEL.table.clone()
    mixed = shuffled_weights(MODEL, torch.Generator().manual_seed(0))
    assert torch.equal(MODEL.table, before)
    assert not torch.equal(mixed.table, before)
    assert torch.equal(mixed.table.flatten().sort().values, before.flatten().sort().values)


def test_numbers_that_are_none_and_numbers_that_are_equal_have_no_correlation():
    """One NaN gave a correlation of 1, from 1 to 1."""
    count, chance = torch.arange(7.0), torch.Generator()
    for wrong, message in (
        (torch.where(count == 3, math.nan, count), "1 of 7 values are NaN"),
        (torch.where(count == 3, math.inf, count), "1 of 7 values are NaN or infinite"),
        (torch.full((7,), 0.1, dtype=torch.float64), "all the same"),
    ):
        for pair in ((wrong, count), (count, wrong)):
            with pytest.raises(ValueError, match=message):
                correlation(*pair)
            with pytest.raises(ValueError, match=message):
                shuffled_correlations(*pair, 2, chance)
    with pytest.raises(ValueError, match=r"got \(6,\) and \(7,\)"):
        shuffled_correlations(count[1:], count, 2, chance)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_a_correlation_does_not_depend_on_the_unit(scale):
    x, y = torch.arange(7.0).double(), torch.tensor([3.0, 1, 4, 1, 5, 9, 2])
    assert correlation(x * scale, y) == pytest.approx(correlation(x, y))


def test_probabilities_of_a_narrow_model_are_summed_up_in_float32():
    (found,) = log_probability(Bigrams().bfloat16(), [encode("she is nurse")], 0)
    assert found.dtype == torch.float32
    with pytest.raises(ValueError, match="give a list of sentences; got one"):
        pair_scores(Bigrams(), encode, "[she|he] is old", 0)
