"""Counting is a model, too: its probabilities are probabilities, and it learns what there is to count."""

from collections import Counter, defaultdict

import numpy as np
import pytest
import torch

from largemodels.models import NGram, ngram


def markov(n, size, seed=0):
    """A text in which each symbol depends on the two before it."""
    chance = np.random.default_rng(seed)
    table = chance.dirichlet(np.full(size, 0.3), (size, size))
    text = [0, 1]
    for draw in chance.random(n - 2):
        text.append(int(np.searchsorted(table[text[-2], text[-1]].cumsum(), draw).clip(max=size - 1)))
    return np.array(text), table


TEXT, TABLE = markov(20_011, 7)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_the_probabilities_of_all_symbols_add_up_to_1_after_any_context(order):
    model = NGram(order).fit(TEXT[:401], 11)  # 4 symbols are never seen
    for context in ([], [3], [2, 5], [9, 9, 9, 9], [0, 1, 2, 3, 4, 5], list(TEXT[:6])):
        p = np.array([model.probabilities([*context, symbol])[-1] for symbol in range(11)])
        assert p.sum() == pytest.approx(1)
        assert (p > 0).all()


def slowly(text, size, order):
    """Kneser–Ney as it is written in the literature: one dictionary a length, one symbol at a time."""
    levels = []
    grams = Counter(tuple(text[i : i + order]) for i in range(len(text) - order + 1))
    for _ in range(order):
        levels.insert(0, grams)
        grams = Counter(gram[1:] for gram in grams)

    def probability(context, symbol):
        p = 1 / size
        for length, counts in enumerate(levels, start=1):
            if length - 1 > len(context):
                break
            before = tuple(context[len(context) - length + 1 :])
            off = [0, *ngram.discounts(np.array(list(counts.values())))]
            followers = {gram[-1]: c for gram, c in counts.items() if gram[:-1] == before}
            if followers:
                seen, total = followers.get(symbol, 0), sum(followers.values())
                freed = sum(off[min(c, 3)] for c in followers.values())
                p = (seen - off[min(seen, 3)] + freed * p) / total
        return p

    return probability


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_it_is_the_smoothing_of_the_literature(order):
    learned, asked = TEXT[:1009].tolist(), TEXT[1100:1123].tolist()
    reference = slowly(learned, 7, order)
    expected = [reference(asked[max(0, i - order + 1) : i], symbol) for i, symbol in enumerate(asked)]
    np.testing.assert_allclose(NGram(order).fit(learned, 7).probabilities(asked), expected, rtol=1e-12)


@pytest.mark.parametrize("order", [9, 10, 13])
def test_sequences_too_long_to_be_numbered_by_their_symbols_are_counted_just_so(order):
    assert 97**9 < ngram.LARGEST < 97**10
    learned = np.tile(TEXT[:101], 7) * 13  # with repeats as long as the order
    learned[::67] = 90
    asked = np.concatenate([learned[200:260], TEXT[500:530] * 13])
    reference = slowly(learned.tolist(), 97, order)
    expected = [reference(asked[max(0, i - order + 1) : i].tolist(), symbol) for i, symbol in enumerate(asked.tolist())]
    np.testing.assert_allclose(NGram(order).fit(learned, 97).probabilities(asked), expected, rtol=1e-12)


def test_the_numbering_does_not_change_what_is_counted(monkeypatch):
    plain = NGram(6).fit(TEXT[:5003], 7)
    monkeypatch.setattr(ngram, "LARGEST", 7**6 - 1)
    model = NGram(6).fit(TEXT[:5003], 7)
    assert model._numbers.whole == 5
    assert model.kept == plain.kept
    np.testing.assert_array_equal(model.probabilities(TEXT[6000:7001]), plain.probabilities(TEXT[6000:7001]))


def test_three_discounts_are_estimated_from_the_counts_of_counts():
    counts = np.repeat([1, 2, 3, 4, 9], [40, 15, 8, 5, 2])
    y = 40 / (40 + 2 * 15)
    expected = [1 - 2 * y * 15 / 40, 2 - 3 * y * 8 / 15, 3 - 4 * y * 5 / 8]
    np.testing.assert_allclose(ngram.discounts(counts), expected)
    assert ngram.discounts(np.array([1, 1, 2])).tolist() == [0.5] * 3


def test_a_longer_context_helps_as_far_as_the_text_depends_on_it():
    learned, held_out = TEXT[:17_011], TEXT[17_011:]
    losses = [NGram(order).fit(learned, 7).loss(held_out) for order in (1, 2, 3, 4)]
    assert losses[0] > losses[1] > losses[2]
    pairs = defaultdict(list)
    for i in range(2, len(held_out)):
        pairs[tuple(held_out[i - 2 : i])].append(held_out[i])
    truth = -np.mean([np.log(TABLE[pair][symbol]) for pair, symbols in pairs.items() for symbol in symbols])
    assert truth <= losses[2] < truth + 0.03
    assert losses[3] < truth + 0.1


def test_tensors_and_arrays_are_texts():
    model = NGram(3).fit(torch.from_numpy(TEXT), 7)
    assert model.loss(torch.from_numpy(TEXT[:101])) == NGram(3).fit(TEXT, 7).loss(TEXT[:101])
    assert model.loss(TEXT[:101]) == pytest.approx(-np.log(model.probabilities(TEXT[:101])).mean())


@pytest.mark.parametrize(
    ("text", "size", "order", "message"),
    [
        ([0, 1], 7, 3, "at least 3 symbols; got 2"),
        ([0, 1, 7], 7, 3, "symbols from 0 to 6; got 7: encode with the same vocabulary"),
        ([0, 1, -1], 7, 3, "symbols from 0 to 6; got -1"),
        ([0.5, 1.0, 2.0], 7, 3, r"whole numbers \(n,\); got float64 of shape \(3,\)"),
        ([[0, 1, 2]], 7, 3, r"of shape \(1, 3\)"),
        (list(range(30)), 97, 20, "sequences of 20 of 97 symbols cannot be numbered in 63 bits; lower the order"),
        ([0, 1, 2], 0, 2, "a vocabulary has at least 1 symbol; got 0"),
    ],
)
def test_a_text_that_cannot_be_learned_is_named(text, size, order, message):
    with pytest.raises(ValueError, match=message):
        NGram(order).fit(text, size)


def test_wrong_questions_are_refused():
    with pytest.raises(ValueError, match="order must be at least 1 symbol; got 0"):
        NGram(0)
    with pytest.raises(ValueError, match="call fit first"):
        NGram(3).loss([0, 1])
    model = NGram(3).fit(TEXT, 7)
    with pytest.raises(ValueError, match="at least 1 symbols; got 0"):
        model.loss(np.zeros(0, int))
    with pytest.raises(ValueError, match="symbols from 0 to 6; got 7"):
        model.loss([1, 7])


def test_it_keeps_a_number_for_every_different_sequence_up_to_its_order():
    text = [0, 1, 0, 1, 1]
    assert NGram(2).kept == 0
    assert NGram(2).fit(text, 3).kept == 2 + 3  # 0 and 1; 01, 10 and 11
