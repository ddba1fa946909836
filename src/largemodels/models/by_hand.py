"""An LSTM of three units whose weights nobody trained: they are set by hand, and follow what code does."""

from math import atanh

import torch
from torch import Tensor

from largemodels.layers import LSTM
from largemodels.models.recurrent import CharRNN, CharRNNConfig
from largemodels.text import Vocabulary

BRACKETS, STRING, COLUMN = range(3)  # the units
INPUT, FORGET, CANDIDATE, OUTPUT = range(4)  # the order of torch's matrices
OPEN, CLOSED, TURN = 20.0, -20.0, 40.0  # in float32 the sigmoid of 20 is exactly 1; TURN changes one into the other
MARKS = '"\n ([{)]}'


def by_hand(symbols: Vocabulary) -> CharRNN:
    """Return a network that reads characters and follows strings, brackets and columns, its weights set by hand.

    Each character is a one-hot vector. Unit 0 counts open brackets, but not inside strings, and shows the count at the
    ends of lines only; unit 1 is on inside a string in double quotes; unit 2 counts columns. Comments, backslashes,
    single and triple quotes it does not know. Its head knows one thing: after a line that ends inside brackets comes a
    space. Otherwise all characters are equally likely.

    Raises:
        ValueError: symbols without one of the characters that it looks for.
    """
    if missing := [mark for mark in MARKS if mark not in symbols.symbols]:
        raise ValueError(f"the vocabulary must hold the characters {MARKS!r}; it lacks {missing}")
    model = CharRNN(CharRNNConfig(len(symbols), len(symbols), 3))
    with torch.no_grad():
        model.embedding.weight.copy_(torch.eye(len(symbols)))
        model.head.weight.zero_()
        model.head.bias.zero_()
        model.head.weight[symbols.encode(" "), BRACKETS] = TURN
    set_weights(model.recurrent, symbols)
    return model


def gate_weights(lstm: LSTM) -> tuple[Tensor, Tensor, Tensor]:
    """Return views of an LSTM's weights, so that what is written there changes the layer; all are set to zero first.

    ``W`` ``(4, n, input_size)`` and ``U`` ``(4, n, n)``: gate, unit, and what is read; ``b`` ``(4, n)``.
    """
    for parameter in lstm.parameters():
        parameter.detach().zero_()
    n = lstm.hidden_size
    matrices = lstm.weight_ih_l0, lstm.weight_hh_l0
    W, U = (matrix.detach().view(4, n, -1) for matrix in matrices)
    return W, U, lstm.bias_ih_l0.detach().view(4, n)


def set_weights(lstm: LSTM, symbols: Vocabulary) -> None:
    """Set the weights of three units that read one-hot characters."""
    # W[gate, unit, character], U[gate, unit, unit that is read], b[gate, unit]
    W, U, b = gate_weights(lstm)
    quote, newline = symbols.encode('"'), symbols.encode("\n")
    b[[INPUT, FORGET, OUTPUT]] = OPEN

    b[INPUT, STRING], b[CANDIDATE, STRING] = CLOSED, OPEN
    W[INPUT, STRING, quote], U[INPUT, STRING, STRING] = TURN, -TURN
    W[FORGET, STRING, quote] = -TURN

    W[CANDIDATE, BRACKETS, symbols.encode("([{")] = atanh(1 / 2)
    W[CANDIDATE, BRACKETS, symbols.encode(")]}")] = -atanh(1 / 2)
    U[INPUT, BRACKETS, STRING] = -TURN
    b[OUTPUT, BRACKETS], W[OUTPUT, BRACKETS, newline] = CLOSED, TURN

    b[CANDIDATE, COLUMN] = atanh(1 / 32)
    W[INPUT, COLUMN, newline] = W[FORGET, COLUMN, newline] = -TURN
