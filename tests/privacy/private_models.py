"""Small models and data of each kind that the book trains, and the same as Opacus can read them."""

import copy

import torch
from opacus.layers import DPLSTM
from torch import nn

from largemodels.models import GPT, ConvNet, ConvNetConfig, GPTConfig, RecurrentClassifier, RecurrentClassifierConfig

VOCABULARY, EXAMPLES, STEPS = 13, 5, 7
KINDS = ("ConvNet", "LSTM", "GPT")


def case(kind: str, n: int = EXAMPLES, seed: int = 0):
    """Return a model and ``n`` inputs and targets for it."""
    torch.manual_seed(seed)
    tokens = torch.randint(VOCABULARY, (n, STEPS))
    if kind == "ConvNet":
        model = ConvNet(ConvNetConfig(size=11, widths=(3, 5), classes=7))
        return model, torch.randn(n, 1, 11, 11), torch.randint(7, (n,))
    if kind == "LSTM":
        return (
            RecurrentClassifier(RecurrentClassifierConfig(VOCABULARY, 3, 5, STEPS, 11)),
            tokens,
            torch.randint(11, (n,)),
        )
    config = GPTConfig(VOCABULARY, 11, 2, 2, 12, quiet_start=False)
    return GPT(config), tokens, torch.randint(VOCABULARY, (n, STEPS))


class TwoPlaces(nn.Module):
    """A GPT whose head is a layer that shares the embedding's Parameter, so that hooks see both uses."""

    def __init__(self, gpt: GPT):
        super().__init__()
        self.gpt = copy.deepcopy(gpt)
        self.head = nn.Linear(gpt.config.width, gpt.config.vocabulary, bias=False)
        self.head.weight = self.gpt.embedding.weight

    def forward(self, tokens):
        x, places = self.gpt.embedding(tokens), torch.arange(tokens.shape[1])
        for block in self.gpt.blocks:
            x = block(x, places)
        return self.head(self.gpt.norm(x))


class WithTheirLSTM(nn.Module):
    """A recurrent classifier with Opacus' LSTM, whose weights have our names."""

    def __init__(self, ours: RecurrentClassifier):
        super().__init__()
        ours = copy.deepcopy(ours)
        self.embedding, self.classifier = ours.embedding, ours.classifier
        self.recurrent = DPLSTM(ours.recurrent.input_size, ours.recurrent.hidden_size, batch_first=True)
        self.recurrent.load_state_dict(ours.recurrent.state_dict())

    def forward(self, tokens):
        return self.classifier(self.recurrent(self.embedding(tokens))[0].flatten(1))


def readable(model: nn.Module) -> nn.Module:
    """Return a copy that Opacus is right about; parameters have the same names but for a prefix ``gpt.``."""
    if isinstance(model, GPT):
        return TwoPlaces(model)
    return WithTheirLSTM(model) if isinstance(model, RecurrentClassifier) else copy.deepcopy(model)


def named(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters by our names."""
    return {name.removeprefix("gpt."): parameter for name, parameter in model.named_parameters()}
