"""A small attention explorer, for tests."""

import torch
from torch import nn

from largemodels.live import AttentionExplorer, GPTExplained, live
from largemodels.models import GPT, GPTConfig
from largemodels.text import UNKNOWN, Vocabulary

VOCABULARY = Vocabulary((UNKNOWN, *"\n abcdefg()"))
SIZES = {"vocabulary": 12, "context": 13, "layers": 2, "heads": 3, "width": 30}
TEXT = "a (b)\n"
TAPS = ("query", "key", "value", "weights")


def build(seed=0, **change):
    """A GPT whose numbers are far from those of an untrained one."""
    torch.manual_seed(seed)
    model = GPT(GPTConfig(**{**SIZES, **change})).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.4)
    return model


def explorer(model, text=TEXT, **options):
    return live(AttentionExplorer(VOCABULARY, **options), GPTExplained(model), {"ids": VOCABULARY.encode(text)[None]})


def on(n=1):
    return torch.ones(n, 2, 3)


def dials(temperature=1.0, top_k=12, top_p=1.0):
    return torch.tensor([temperature]), torch.tensor([top_k]), torch.tensor([top_p])


def points(text):
    return torch.tensor([[float(ord(c)) for c in text]])


def tensor(wire):
    return torch.frombuffer(bytearray(wire["data"]), dtype=torch.float32).view(wire["shape"])
