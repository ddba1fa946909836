"""An encoder that reads and a decoder that writes, with cross-attention between them (Vaswani et al. 2017)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from largemodels.layers import MultiHeadAttention, causal_mask
from largemodels.models.tokens import check_tokens
from largemodels.models.transformer import EncoderLayer, Places, check_heads, check_sizes, check_start, embedding

PADDING, BEGIN = 0, 1  # tokens that stand for nothing in the text: what fills sources up, what begins a target


@dataclass(frozen=True)
class Seq2SeqConfig:
    """What a :class:`Seq2Seq` is made of: sources of ``source`` tokens, targets of up to ``target``, one vocabulary.

    ``start`` is the standard deviation of the first values of the embedding, and of the positions that are added to it:
    neither drowns the other. 1 is torch's own.

    Raises ``ValueError`` for sizes below 1, heads that do not divide the width, a vocabulary with nothing in it but
    what fills and begins, or a start that is not above 0.
    """

    vocabulary: int = 97
    source: int = 24
    target: int = 12
    width: int = 64
    heads: int = 4
    layers: int = 2
    start: float = 1.0

    def __post_init__(self):
        check_sizes(self, self.vocabulary, self.source, self.target, self.layers)
        check_heads(self.width, self.heads)
        check_start(self.start)
        if self.vocabulary <= BEGIN + 1:
            raise ValueError(
                f"a vocabulary holds token {PADDING}, which fills up, token {BEGIN}, which begins, and at least one "
                f"more; got {self.vocabulary}"
            )


class DecoderLayer(nn.Module):
    """Read what is written so far, then the source, then think.

    Parameters are named as those of ``nn.TransformerDecoderLayer`` (``batch_first=True, norm_first=True``, no
    dropout), which it equals.

    Taps: ``self_attn`` and ``multihead_attn`` (on the source) and their own, the norms and linear layers.
    """

    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.self_attn, self.multihead_attn = MultiHeadAttention(width, heads), MultiHeadAttention(width, heads)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.linear1, self.relu, self.linear2 = nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor, memory_mask: Tensor | None = None) -> Tensor:
        """Map ``(b, t, d)`` to the same shape, given the source ``(b, s, d)`` as the encoder left it."""
        x = x + self.self_attn(self.norm1(x), mask=mask)
        x = x + self.multihead_attn(self.norm2(x), memory, mask=memory_mask)
        return x + self.linear2(self.relu(self.linear1(self.norm3(x))))


class Seq2Seq(nn.Module):
    """Predict a target sequence token by token from a source.

    Takes both in one tensor, ``(b, source + t)``: the source, filled up with :data:`PADDING`, then what the decoder is
    given, of which the first token is :data:`BEGIN`. Returns logits ``(b, t, vocabulary)`` of what comes next.

    Taps: ``encoder.*`` ``(b, s, d)`` and ``decoder.*`` ``(b, t, d)``, layer by layer, and their own; of them
    ``decoder.*.multihead_attn.weights`` ``(b, h, t, s)`` show where in the source each token was looked up. ``head``.
    """

    def __init__(self, config: Seq2SeqConfig | None = None):
        super().__init__()
        self.config = config = config or Seq2SeqConfig()
        self.embedding = embedding(config)
        self.source_places = Places(config.source, config.width, "learned", config.start)
        self.target_places = Places(config.target, config.width, "learned", config.start)
        sizes = (config.width, config.heads, 4 * config.width)
        self.encoder = nn.ModuleList(EncoderLayer(*sizes) for _ in range(config.layers))
        self.decoder = nn.ModuleList(DecoderLayer(*sizes) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, config.vocabulary)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits of the token after each of the decoder's; it sees the source, and those before it."""
        check_tokens(tokens, self.config.vocabulary)
        source, given = tokens[:, : self.config.source], tokens[:, self.config.source :]
        if not 1 <= given.shape[1] <= self.config.target:
            raise ValueError(
                f"tokens are a source of {self.config.source} and then 1 to {self.config.target} of the target; "
                f"got {tokens.shape[1]} in all"
            )
        return self.decode(given, *self.encode(source))

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Return the source ``(b, s)`` as the encoder leaves it, ``(b, s, d)``, and the mask of what is no filling."""
        mask = (source != PADDING)[:, None, None]  # (b, 1, 1, s)
        x = self.source_places(self.embedding(source))
        for layer in self.encoder:
            x = layer(x, mask)
        return x, mask

    def decode(self, given: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        """Return the logits ``(b, t, vocabulary)`` of what follows each given token ``(b, t)``."""
        x = self.target_places(self.embedding(given))
        causal = causal_mask(given.shape[1], device=given.device)
        for layer in self.decoder:
            x = layer(x, memory, causal, mask)
        return self.head(self.norm(x))

    @torch.no_grad()
    def translate(self, source: Tensor, length: int | None = None) -> Tensor:
        """Return the likeliest tokens, one after the other, for each source ``(b, source)``: ``(b, length)``.

        Raises ``ValueError`` for a source of another length, or more tokens than ``target``.
        """
        check_tokens(source, self.config.vocabulary, self.config.source)
        return self.write(*self.encode(source), length)

    @torch.no_grad()
    def write(self, memory: Tensor, mask: Tensor, length: int | None = None) -> Tensor:
        """Return the likeliest tokens ``(b, length)``, given sources as :meth:`encode` returns them, or changed.

        Raises ``ValueError`` for more tokens than ``target``.
        """
        length = self.config.target if length is None else length
        if not 1 <= length <= self.config.target:
            raise ValueError(f"length must be from 1 to {self.config.target} tokens; got {length}")
        written = torch.full((len(memory), 1), BEGIN, device=memory.device)
        for _ in range(length):
            likeliest = self.decode(written, memory, mask)[:, -1:].argmax(2)
            written = torch.cat([written, likeliest], 1)
        return written[:, 1:]
