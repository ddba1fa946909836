"""How sure a score of a language model is."""

import pytest
import torch

from largemodels.train import TextScore, standard_error

# ---- how sure ----


def autocorrelated(n, decay, seed=0):
    noise = torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    values = [noise[0]]
    for x in noise[1:]:
        values.append(decay * values[-1] + x)
    return torch.stack(values)


def test_the_error_of_independent_values_is_the_usual_one():
    values = torch.randn(40_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert standard_error(values, 40_000) == pytest.approx(values.std().item() / 200, rel=1e-9)
    assert standard_error(values) == pytest.approx(1 / 200, rel=0.5)


def test_neighbours_that_are_alike_make_the_error_as_large_as_it_is():
    truth, means, errors = 1 / (1 - 0.95), [], []
    for seed in range(40):
        values = autocorrelated(3_000, 0.95, seed)
        means.append(values.mean())
        errors.append(standard_error(values))
    spread = torch.stack(means).std().item()
    assert spread == pytest.approx(truth / 3_000**0.5, rel=0.3)
    assert sum(errors) / 40 == pytest.approx(spread, rel=0.3)
    assert standard_error(values, 3_000) < spread / 3  # as if they were independent


def test_pieces_of_unequal_length_are_weighed_by_their_length():
    values = torch.tensor([1.0, 1.0, 1.0, 5.0, 3.0, 3.0], dtype=torch.float64)
    mean = 14 / 6
    sums = [3 - 3 * mean, 5 - mean, 6 - 2 * mean]
    assert standard_error(values, [3, 1, 2]) == pytest.approx((3 / 2 * sum(s * s for s in sums)) ** 0.5 / 6)
    assert standard_error(values, [3, 1, 0, 2]) == standard_error(values, [3, 1, 2])  # a piece that is not scored
    assert standard_error(values, [2, 2, 2]) == pytest.approx(standard_error(values, 3))
    for pieces in (1, 0, -3, [6], [3, 2], [3, -1, 4]):
        with pytest.raises(ValueError, match="at least 2 pieces that make up 6 values"):
            standard_error(values, pieces)


def test_a_difference_is_paired_so_that_what_is_hard_for_both_does_not_count():
    tokens, hard = torch.arange(4_000) % 6 + 1, autocorrelated(4_000, 0.9).abs() * 3
    one, other = (TextScore(hard + shift, tokens, 4_000) for shift in (0.25, 0.5))
    difference = one.minus(other)
    assert difference.nats == pytest.approx(-0.25)
    assert difference.standard_error == pytest.approx(0, abs=1e-9)
    assert one.standard_error > 0.05
    low, high = TextScore(hard, tokens, 4_000).minus(TextScore(hard.flip(0), tokens, 4_000)).interval
    assert low < 0 < high
    with pytest.raises(ValueError, match="different tokens, 4,000 and 3,999: score both models on the same text"):
        one.minus(TextScore(hard[1:], tokens[1:], 4_000))
