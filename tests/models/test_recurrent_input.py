"""What recurrent models cannot take, or be, is named."""

import pytest
import torch
from small_rnn import SMALL, small, tokens

from largemodels.models import CharRNNConfig, RecurrentClassifier, RecurrentClassifierConfig


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (torch.zeros(3, dtype=torch.int64), r"tokens of shape \(b, t\); got \(3,\)"),
        (torch.zeros(0, 3, dtype=torch.int64), "got an empty batch"),
        (torch.zeros(2, 0, dtype=torch.int64), "got sequences of length 0: give at least one token"),
        (torch.zeros(2, 3), "whole numbers; got torch.float32"),
        (torch.full((2, 3), float("nan")), "whole numbers; got torch.float32"),
        (torch.tensor([[0, -1]]), "the model knows tokens from 0 to 12; got -1: encode the text with its own"),
        (torch.tensor([[0, 13]]), "the model knows tokens from 0 to 12; got 13"),
    ],
)
def test_wrong_tokens_are_named(wrong, message):
    for call in (small(), small().advance, lambda x: small().generate(x, 5)):
        with pytest.raises(ValueError, match=message):
            call(wrong)


def test_a_classifier_takes_as_many_steps_as_it_was_made_for():
    with pytest.raises(ValueError, match=r"tokens of shape \(b, 11\); got 7 steps: cut or pad them to 11"):
        RecurrentClassifier(SMALL)(tokens(2, 7, 23))


@pytest.mark.parametrize(("cell", "state"), [("LSTM", torch.zeros(1, 3, 7)), ("GRU", torch.zeros(1, 2, 7))])
def test_a_state_that_does_not_fit_is_named(cell, state):
    with pytest.raises(ValueError, match=rf"the state of this {cell} is .*each of shape \(1, 3, 7\)"):
        small(cell).advance(tokens(3, 5), state)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": 0}, "length must be at least 1 character; got 0"),
        ({"temperature": -0.5}, r"temperature must be 0 \(the likeliest token\) or more; got -0.5"),
        ({"temperature": float("nan")}, "got nan"),
        ({"temperature": float("inf")}, "got inf"),
    ],
)
def test_what_cannot_be_written_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        small().generate(tokens(1, 3), **{"length": 5, **options})


@pytest.mark.parametrize("temperature", [0, 1.0])
def test_nothing_is_written_with_weights_that_are_not_finite(temperature):
    model = small()
    with torch.no_grad():
        model.head.weight[0, 0] = float("nan")
    with pytest.raises(FloatingPointError, match="the logits are not finite: the model has diverged"):
        model.generate(tokens(1, 3), 5, temperature)


@pytest.mark.parametrize("bad", [{"vocabulary": 0}, {"features": 0}, {"hidden": -1}])
def test_a_size_below_1_is_refused(bad):
    for config in (CharRNNConfig, RecurrentClassifierConfig):
        with pytest.raises(ValueError, match="at least 1"):
            config(**bad)


@pytest.mark.parametrize("bad", [{"steps": 0}, {"classes": 0}])
def test_a_classifier_without_steps_or_classes_is_refused(bad):
    with pytest.raises(ValueError, match="at least 1"):
        RecurrentClassifierConfig(**bad)


def test_an_unknown_cell_is_answered_with_those_that_there_are():
    with pytest.raises(ValueError, match="cell is 'lstm'; choose one of LSTM, GRU, RNN"):
        CharRNNConfig(cell="lstm")
