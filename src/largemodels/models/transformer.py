"""From attention to the Transformer: the source document's classifier, and what it lacks, part by part."""

from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor, nn

from largemodels.layers import MultiHeadAttention, sinusoidal
from largemodels.models.tokens import check_tokens

POSITIONS = ("none", "sinusoidal", "learned")
READOUTS = ("flatten", "mean")


@dataclass(frozen=True)
class AttentionClassifierConfig:
    """What an :class:`AttentionClassifier` is made of; the defaults are the source document's program, repaired.

    ``start`` is the standard deviation of the embeddings' first values: small, as in Keras, which the source's
    program is written in (there it is 0.029). Torch's own is 1.

    Raises ``ValueError`` for sizes below 1, heads that do not divide the width, or a start that is not above 0.
    """

    vocabulary: int = 10_000
    steps: int = 100
    width: int = 64
    heads: int = 8
    classes: int = 10
    start: float = 0.02

    def __post_init__(self):
        check_sizes(self, self.vocabulary, self.steps, self.classes)
        check_heads(self.width, self.heads)
        check_start(self.start)


class AttentionClassifier(nn.Module):
    """Classify sequences of tokens ``(b, steps)`` into logits ``(b, classes)`` by attention alone.

    The source document's program, made to run: each token has three vectors, as query, key and value. With the
    defaults: 1,920,000 parameters in the embeddings, 16,640 in the attention, 4,160 and 64,010 in the linear layers.

    Taps: ``query``, ``key``, ``value`` ``(b, t, d)``, ``attention`` and its own, ``hidden``, ``relu`` ``(b, t, d)``,
    ``classifier``.
    """

    def __init__(self, config: AttentionClassifierConfig | None = None):
        super().__init__()
        self.config = config = config or AttentionClassifierConfig()
        self.query, self.key, self.value = (embedding(config) for _ in range(3))
        self.attention = MultiHeadAttention(config.width, config.heads)
        self.hidden, self.relu = nn.Linear(config.width, config.width), nn.ReLU()
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(config.steps * config.width, config.classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits; their softmax are the class probabilities."""
        check_tokens(tokens, self.config.vocabulary, self.config.steps)
        x = self.attention(self.query(tokens), self.key(tokens), self.value(tokens))
        return self.classifier(self.flatten(self.relu(self.hidden(x))))


@dataclass(frozen=True)
class TransformerEncoderConfig:
    """What a :class:`TransformerEncoder` is made of; each part of the Transformer can be left out.

    Without positions, residuals, normalisation and feed-forward part it is attention and a classifier.

    ``start`` is the standard deviation of the first values of the embedding, and of the positions; 0.02 is GPT-2's.

    Raises ``ValueError`` for sizes below 1, heads that do not divide the width, unknown positions or readout, or a
    start that is not above 0.
    """

    vocabulary: int = 10_000
    steps: int = 100
    width: int = 64
    heads: int = 8
    layers: int = 2
    classes: int = 10
    positions: str = "learned"
    residual: bool = True
    normalise: bool = True
    feed_forward: bool = True
    readout: str = "mean"
    start: float = 0.02

    def __post_init__(self):
        check_sizes(self, self.vocabulary, self.steps, self.layers, self.classes)
        check_heads(self.width, self.heads)
        check_start(self.start)
        if self.positions not in POSITIONS:
            raise ValueError(f"positions is {self.positions!r}; choose one of {', '.join(POSITIONS)}")
        if self.readout not in READOUTS:
            raise ValueError(f"readout is {self.readout!r}; choose one of {', '.join(READOUTS)}")


class EncoderLayer(nn.Module):
    """Read from all positions, then think about each: one layer of an encoder (Vaswani et al. 2017).

    Parameters are named as those of ``nn.TransformerEncoderLayer`` (``batch_first=True``, no dropout), which it
    equals, with ``norm_first`` or without. Residuals, norms and the feed-forward part can be left out.

    Taps: ``self_attn`` and its own, ``norm1``, ``linear1``, ``relu``, ``linear2``, ``norm2``, each ``(b, t, …)``.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        norm_first: bool = True,
        residual: bool = True,
        normalise: bool = True,
        feed_forward: bool = True,
    ):
        super().__init__()
        self.norm_first, self.residual = norm_first, residual
        self.self_attn = MultiHeadAttention(width, heads)
        self.norm1, self.norm2 = (nn.LayerNorm(width) if normalise else nn.Identity() for _ in range(2))
        self.linear1 = nn.Linear(width, hidden) if feed_forward else None
        self.relu = nn.ReLU()
        self.linear2 = nn.Linear(hidden, width) if feed_forward else None

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map ``(b, t, d)`` to the same shape; ``mask`` is true where a position may look."""
        x = self._add(x, lambda x: self.self_attn(x, mask=mask), self.norm1)
        return x if self.linear1 is None else self._add(x, self._think, self.norm2)

    def _think(self, x: Tensor) -> Tensor:
        return self.linear2(self.relu(self.linear1(x)))

    def _add(self, x: Tensor, part, norm: nn.Module) -> Tensor:
        if self.norm_first:
            return x + part(norm(x)) if self.residual else part(norm(x))
        return norm(x + part(x)) if self.residual else norm(part(x))


class TransformerEncoder(nn.Module):
    """Classify sequences of tokens ``(b, steps)`` into logits ``(b, classes)``.

    Taps: ``embedding`` ``(b, t, d)``, ``layers.*`` ``(b, t, d)`` and their own, ``norm``, ``classifier``.
    """

    def __init__(self, config: TransformerEncoderConfig | None = None):
        super().__init__()
        self.config = config = config or TransformerEncoderConfig()
        self.embedding = embedding(config)
        self.places = Places(config.steps, config.width, config.positions, config.start)
        parts = {"residual": config.residual, "normalise": config.normalise, "feed_forward": config.feed_forward}
        self.layers = nn.Sequential(
            *(EncoderLayer(config.width, config.heads, 4 * config.width, **parts) for _ in range(config.layers))
        )
        self.norm = nn.LayerNorm(config.width) if config.normalise else nn.Identity()
        read = config.steps * config.width if config.readout == "flatten" else config.width
        self.classifier = nn.Linear(read, config.classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits; their softmax are the class probabilities."""
        check_tokens(tokens, self.config.vocabulary, self.config.steps)
        x = self.norm(self.layers(self.places(self.embedding(tokens))))
        return self.classifier(x.flatten(1) if self.config.readout == "flatten" else x.mean(1))


class Places(nn.Module):
    """Add to each of at most ``t`` positions a vector that tells it from the others: learned, sinusoidal or none.

    ``size`` is the root mean square of the vectors' first values. What is added should be about as large as what it
    is added to, or it drowns the tokens.
    """

    def __init__(self, t: int, width: int, positions: str, size: float = 0.02):
        super().__init__()
        if positions == "learned":
            self.vectors = nn.Parameter(torch.randn(t, width) * size)
        else:
            clocks = sinusoidal(t, width) * 2**0.5 * size if positions == "sinusoidal" else None
            self.register_buffer("vectors", clocks, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(b, t, d)`` to the same shape."""
        return x if self.vectors is None else x + self.vectors[: x.shape[1]]


def embedding(config) -> nn.Embedding:
    """Return a vector for each token, with first values as small as the configuration says."""
    vectors = nn.Embedding(config.vocabulary, config.width)
    nn.init.normal_(vectors.weight, std=config.start)
    return vectors


def check_start(start: float) -> None:
    """Raise ``ValueError`` unless first values of this size can be told apart."""
    if not (isfinite(start) and start > 0):
        raise ValueError(f"start must be a number above 0; got {start}")


def check_sizes(config, *sizes: int) -> None:
    """Raise ``ValueError`` for a size below 1."""
    if min(sizes) < 1:
        raise ValueError(f"every size must be at least 1; got {config}")


def check_heads(width: int, heads: int) -> None:
    """Raise ``ValueError`` unless the heads divide the width."""
    if min(width, heads) < 1 or width % heads:
        raise ValueError(f"the width must be a multiple of the heads, both at least 1; got {width} and {heads}")
