"""Encoders whole and with parts left out or added one at a time, and the networks that they are compared with."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from largemodels.models import (
    AttentionClassifier,
    AttentionClassifierConfig,
    RecurrentClassifier,
    RecurrentClassifierConfig,
    TransformerEncoder,
    TransformerEncoderConfig,
)

DEPTHS = (1, 2, 6)


class Silent(nn.Module):
    """Stands where attention was, and answers nothing: with a residual connection every token stays as it is."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        return torch.zeros_like(x)


class MeanOfEmbeddings(nn.Module):
    """The mean of the tokens' vectors and a linear layer: a bag of tokens, learned as the encoders are."""

    def __init__(self, config: TransformerEncoderConfig):
        super().__init__()
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.classifier = nn.Linear(config.width, config.classes)
        nn.init.normal_(self.embedding.weight, std=config.start)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.classifier(self.embedding(tokens).mean(1))


def source(config: TransformerEncoderConfig) -> AttentionClassifier:
    """Return the source document's program, repaired."""
    sizes = config.vocabulary, config.steps, config.width, config.heads, config.classes
    return AttentionClassifier(AttentionClassifierConfig(*sizes, start=config.start))


def lstm(config: TransformerEncoderConfig) -> RecurrentClassifier:
    """Return the source document's recurrent program, with embeddings that begin as those of the encoders."""
    sizes = {"vocabulary": config.vocabulary, "steps": config.steps, "classes": config.classes}
    model = RecurrentClassifier(RecurrentClassifierConfig(**sizes))
    nn.init.normal_(model.embedding.weight, std=config.start)
    return model


def unattended(config: TransformerEncoderConfig) -> TransformerEncoder:
    """Return an encoder whose attention answers nothing."""
    model = TransformerEncoder(config)
    for layer in model.layers:
        layer.self_attn = Silent()
    return model


@dataclass(frozen=True)
class Way:
    """A network, and how fast it learns.

    Attributes:
        parts: what differs from the encoder with everything, as pairs of a field of its configuration and a value.
        build: makes the network from the configuration.
        rate: the learning rate; 0.001 is the source document's.
        epochs: how long it learns, if not as long as the others.
    """

    parts: tuple[tuple[str, object], ...] = ()
    build: Callable[[TransformerEncoderConfig], nn.Module] = TransformerEncoder
    rate: float = 1e-3
    epochs: int | None = None

    def network(self, **sizes: int) -> nn.Module:
        """Return the network, untrained."""
        return self.build(TransformerEncoderConfig(**dict(self.parts), **sizes))


def way(build=TransformerEncoder, rate: float = 1e-3, epochs: int | None = None, **parts) -> Way:
    """Return a way to build a network; parts that are not named are as in the encoder with everything."""
    return Way(tuple(parts.items()), build, rate, epochs)


ALONE = {
    "layers": 1,
    "positions": "none",
    "residual": False,
    "normalise": False,
    "feed_forward": False,
    "readout": "flatten",
}
ADDED = {  # one part after the other, at one layer
    "attention alone, one head": {"heads": 1},
    "attention alone": {"heads": 8},
    "+ positions": {"positions": "learned"},
    "+ residual": {"residual": True},
    "+ normalisation": {"normalise": True},
    "+ feed-forward": {"feed_forward": True},
}
LEFT_OUT = {  # from the encoder with everything; some of them stand among DEEP, too
    "one head": {"heads": 1},
    "no positions": {"positions": "none"},
    "sinusoidal positions": {"positions": "sinusoidal"},
    "no feed-forward": {"feed_forward": False},
}
DEEP = {  # the same at every depth
    "everything": {},
    "no residual": {"residual": False},
    "no normalisation": {"normalise": False},
    "neither": {"residual": False, "normalise": False},
}


def named(what: str, layers: int) -> str:
    """Return the name of an encoder with so many layers."""
    return f"{what}, {layers} layer{'s' * (layers > 1)}"


def ways() -> dict[str, Way]:
    """Return every network by its name."""
    found, parts = {"the source's": way(source)}, dict(ALONE)
    for name, part in ADDED.items():
        parts |= part
        found[name] = way(**parts)
    found |= {named(name, 1): way(layers=1, **parts) for name, parts in {**DEEP, **LEFT_OUT}.items()}
    found |= {
        named("no attention", 1): way(unattended, layers=1),
        "mean of embeddings": way(MeanOfEmbeddings),
        "LSTM": way(lstm),
        "the source's, large start": way(source, start=1.0),
        "everything, 1 layer, large start": way(layers=1, start=1.0),
        "the source's, rate 0.003": way(source, 3e-3),
        "everything, 1 layer, rate 0.003": way(rate=3e-3, layers=1),
        "everything, 1 layer, rate 0.01": way(rate=1e-2, layers=1),
        "everything, 1 layer, large start, rate 0.01": way(rate=1e-2, layers=1, start=1.0),
        "no attention, 1 layer, rate 0.01": way(unattended, 1e-2, layers=1),
        "no attention, no normalisation, 1 layer, rate 0.01": way(unattended, 1e-2, layers=1, normalise=False),
        "mean of embeddings, rate 0.01": way(MeanOfEmbeddings, 1e-2),
        "the source's, 10 epochs": way(source, epochs=10),
        "the source's, large start, 10 epochs": way(source, epochs=10, start=1.0),
    }
    for layers in DEPTHS[1:]:
        found |= {named(name, layers): way(layers=layers, **parts) for name, parts in DEEP.items()}
    return found
