"""Which bytes a type rests on: the maps are what their formulas say, on a small network."""

import pytest
import torch
from torch.testing import assert_close

from largemodels.interpret import byte_occlusion, byte_slopes, log_odds, without_bytes
from largemodels.models import FileTypeConfig, FileTypeNet

LENGTH, PADDING = 44, FileTypeNet.PADDING


@pytest.fixture
def model():
    torch.manual_seed(0)
    config = FileTypeConfig(length=LENGTH, features=3, group=4, filters=7, kernel=3, types=5)
    return FileTypeNet(config).double().eval()


@pytest.fixture
def tokens():
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(256, (2, LENGTH), generator=generator)
    tokens[1, 13:31] = PADDING
    return tokens


KINDS = torch.tensor([2, 4])


def test_log_odds_are_those_of_the_probability(model, tokens):
    logits = model(tokens)
    p = logits.softmax(1).gather(1, KINDS[:, None])[:, 0]
    assert_close(log_odds(logits, KINDS), (p / (1 - p)).log())


def test_slopes_are_the_change_times_the_derivative(model, tokens):
    got = byte_slopes(model, tokens, KINDS)
    x, nothing = model.vectors(tokens), model.vectors(torch.full_like(tokens, PADDING))
    step = 1e-6
    for place in (0, 7, 35):
        with torch.no_grad():
            moved = [x.clone() for _ in range(2)]
            for sign, each in zip((1, -1), moved, strict=True):
                each[:, place] += sign * step * (x - nothing)[:, place]
            up, down = (log_odds(model.after(each), KINDS) for each in moved)
        assert_close(got[:, place], (up - down) / (2 * step), atol=1e-6, rtol=1e-4)


def test_on_the_way_from_an_empty_file_only_the_size_of_the_slopes_changes(model, tokens):
    once, many = byte_slopes(model, tokens, KINDS), byte_slopes(model, tokens, KINDS, steps=5)
    shares = (torch.arange(5) + 0.5) / 5
    assert_close(many, once * (1 / shares).mean(), atol=1e-3, rtol=1e-2)  # the normalisation undoes the length
    assert (once.sum(1).abs() < 1e-3 * once.abs().sum(1)).all()


def test_padding_gets_nothing(model, tokens):
    for saliency in (byte_slopes(model, tokens, KINDS), byte_slopes(model, tokens, KINDS, 3)):
        assert (saliency[1, 13:31] == 0).all()
        assert (saliency[0] != 0).all()
    assert (byte_occlusion(model, tokens, KINDS, 2)[1, 14:30] == 0).all()


def test_occlusion_is_the_fall_without_a_piece(model, tokens):
    got = byte_occlusion(model, tokens, KINDS, 11)
    less = tokens.clone()
    less[:, 11:22] = PADDING
    with torch.no_grad():
        fall = log_odds(model(tokens), KINDS) - log_odds(model(less), KINDS)
    assert_close(got[:, 11:22].sum(1).double(), fall, atol=1e-5, rtol=1e-5)


def test_bytes_are_taken_away_in_order_and_padding_is_passed_over(model, tokens):
    order = torch.arange(LENGTH).flip(0).expand(2, -1)
    got = without_bytes(model, tokens, KINDS, order, [0, 3, 20, LENGTH])
    with torch.no_grad():
        assert_close(got[:, 0], model(tokens).softmax(1).gather(1, KINDS[:, None])[:, 0])
        less = tokens.clone()
        less[0, -20:] = PADDING
        less[1, [*range(6, 13), *range(31, LENGTH)]] = PADDING  # the padding in between does not count
        assert_close(got[:, 2], model(less).softmax(1).gather(1, KINDS[:, None])[:, 0])
        nothing = model(torch.full_like(tokens, PADDING)).softmax(1)
    assert_close(got[:, 3], nothing.gather(1, KINDS[:, None])[:, 0])


def test_impossible_settings_are_refused(model, tokens):
    with pytest.raises(ValueError, match="at least one step; got 0"):
        byte_slopes(model, tokens, KINDS, steps=0)
    with pytest.raises(ValueError, match="pieces must divide 44 bytes; got 5"):
        byte_occlusion(model, tokens, KINDS, 5)
