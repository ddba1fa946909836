"""Small recurrent models, for tests."""

import torch

from largemodels.models import CharRNN, CharRNNConfig, RecurrentClassifierConfig

CELLS = ("LSTM", "GRU", "RNN")
SMALL = RecurrentClassifierConfig(vocabulary=23, features=5, hidden=7, steps=11, classes=3)


def small(cell="LSTM", seed=0):
    torch.manual_seed(seed)
    return CharRNN(CharRNNConfig(vocabulary=13, features=5, hidden=7, cell=cell))


def tokens(b, t, vocabulary=13, seed=0):
    return torch.randint(vocabulary, (b, t), generator=torch.Generator().manual_seed(seed))
