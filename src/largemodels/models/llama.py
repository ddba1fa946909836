"""Llama: the decoder that most open language models are today, and the weights of real ones."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path

import torch
from torch import Tensor, nn

from largemodels.layers import Cache, GatedMLP, GroupedQueryAttention, RMSNorm, RotaryScaling, rotation
from largemodels.models.llama_files import Unfilled, fill, naming, read_gguf, read_pretrained
from largemodels.models.llama_step import LlamaStep, usual
from largemodels.models.tokens import check_last, check_tokens
from largemodels.models.writing import stream


@dataclass(frozen=True)
class LlamaConfig:
    """What a :class:`Llama` is made of. The defaults are SmolLM2-135M's.

    Raises ``ValueError`` for sizes below 1, heads that do not divide, an odd width of a head, a ``base`` that is not
    above 1, or an ``eps`` below 0.
    """

    vocabulary: int = 49_152
    context: int = 8_192
    layers: int = 30
    heads: int = 9
    kv_heads: int = 3
    width: int = 576
    hidden: int = 1_536
    head_width: int = 64
    base: float = 100_000.0  # of the rotary positions
    eps: float = 1e-5
    tied: bool = True  # the head's weights are the embedding's
    scaling: RotaryScaling | None = None

    def __post_init__(self):
        sizes = (self.vocabulary, self.context, self.layers, self.heads, self.kv_heads, self.width, self.hidden)
        if min(*sizes, self.head_width) < 1:
            raise ValueError(f"every size must be at least 1; got {self}")
        if self.heads % self.kv_heads:
            raise ValueError(f"heads must be a multiple of kv_heads; got {self.heads} and {self.kv_heads}")
        if self.head_width % 2:
            raise ValueError(f"rotary positions turn pairs: a head's width must be even; got {self.head_width}")
        if not (1 < self.base < inf and 0 <= self.eps < inf):
            raise ValueError(f"base must be above 1 and eps at least 0, both finite; got {self.base} and {self.eps}")


class LlamaBlock(nn.Module):
    """Read from other positions, then think; each adds its answer to what is there.

    Taps: ``norm1``, ``attention``, ``norm2``, ``mlp``, each ``(b, t, d)``, and theirs.
    """

    def __init__(self, config: LlamaConfig, layer: int):
        super().__init__()
        self.norm1 = RMSNorm(config.width, config.eps)
        self.attention = GroupedQueryAttention(config.width, config.heads, config.kv_heads, config.head_width, layer)
        self.norm2 = RMSNorm(config.width, config.eps)
        self.mlp = GatedMLP(config.width, config.hidden)

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], cache: Cache | None = None) -> Tensor:
        """Map ``(b, t, d)`` to the same shape; ``rotation`` turns the queries and keys of these positions."""
        x = x + self.attention(self.norm1(x), rotation, cache)
        return x + self.mlp(self.norm2(x))


class Llama(nn.Module):
    """Predict after every token of ``(b, t)`` the next one: logits ``(b, t, vocabulary)`` (Touvron et al. 2023).

    Taps: ``embedding`` ``(b, t, d)``, ``blocks.*`` ``(b, t, d)`` and what they are made of (:class:`LlamaBlock`,
    :class:`~largemodels.layers.GroupedQueryAttention`, :class:`~largemodels.layers.GatedMLP`), ``norm``, ``head``.
    """

    def __init__(self, config: LlamaConfig | None = None):
        super().__init__()
        self.config = config = config or LlamaConfig()
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.blocks = nn.ModuleList(LlamaBlock(config, layer) for layer in range(config.layers))
        self.norm = RMSNorm(config.width, config.eps)
        self.head = nn.Linear(config.width, config.vocabulary, bias=False)
        if config.tied:
            self.head.weight = self.embedding.weight
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits; their softmax are the probabilities of the next token."""
        return self.advance(tokens)

    def start(self, batch: int = 1, room: int | None = None) -> Cache:
        """Return an empty cache for so many texts, with room for so many tokens of each: the context if not given.

        Raises ``ValueError`` for less than one of either.
        """
        c, room = self.config, self.config.context if room is None else room
        if min(batch, room) < 1:
            raise ValueError(f"a cache takes at least one text and one token; got {batch} and {room}")
        return Cache(c.layers, batch, c.kv_heads, room, c.head_width, self.norm.weight)

    def advance(self, tokens: Tensor, cache: Cache | None = None, last: int | None = None) -> Tensor:
        """Return the logits of ``(b, t)`` tokens, which follow those in the cache, if there is one; keep them in it.

        With ``last``, only those of so many tokens at the end are computed: ``(b, last, vocabulary)``.
        Raises ``ValueError`` for tokens that are unknown, none, or more than the context or the cache has room for, and
        for a ``last`` below 1.
        """
        check_tokens(tokens, self.config.vocabulary)
        check_last(last)
        before = cache.length if cache is not None else 0
        t, room = tokens.shape[1], self.config.context if cache is None else cache.room
        if before + t > room:
            raise ValueError(f"there is room for {room:,} tokens; got {before + t:,}: shorten the text")
        x = self.embedding(tokens)
        places = torch.arange(before, before + t, device=tokens.device)
        turns = rotation(places, self.config.head_width, self.config.base, self.config.scaling)
        turns = (turns[0].to(x.dtype), turns[1].to(x.dtype))
        for block in self.blocks:
            x = block(x, turns, cache)
        if cache is not None:
            cache.length += t
        return self.head(self.norm(x if last is None else x[:, -last:]))

    def quickest(self, room: int) -> Callable[..., Tensor]:
        """Return what does what :meth:`advance` does with a cache of so much room, in the least time."""
        return LlamaStep(self, room) if usual(self, Llama, LlamaBlock) else self.advance

    def stream(self, prompt: Tensor, length: int, stop: tuple[int, ...] = (), **how) -> Iterator[Tensor]:
        """Write on from ``prompt`` ``(b, t)``, token by token: yields ``(b, 1)``, at most ``length`` times.

        It ends when each text holds a token of ``stop``. ``how`` are the ways to draw a token, and to be quick, of
        :func:`~largemodels.models.writing.stream`; it raises as told there.
        """
        return stream(self, prompt, length, stop, **how)

    def generate(self, prompt: Tensor, length: int, stop: tuple[int, ...] = (), **how) -> Tensor:
        """Return ``prompt`` and what :meth:`stream` writes on from it: ``(b, t + length)``, or less if it stops."""
        return torch.cat([prompt, *self.stream(prompt, length, stop, **how)], 1)

    @classmethod
    def from_gguf(cls, path: str | Path, dtype: torch.dtype = torch.float32, weights: str | None = None) -> "Llama":
        """Return the model of a GGUF file, its weights unpacked to ``dtype``.

        With ``weights`` ``"int8"`` or ``"int4"``, matrices get so few bits (:func:`~largemodels.layers.quantise`).

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the file is damaged, or holds a model of another kind.
        """
        return cls._filled(path, *read_gguf(path, dtype), weights)

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, dtype: torch.dtype = torch.float32, weights: str | None = None
    ) -> "Llama":
        """Return the model of a folder: ``config.json`` and safetensors, as the ``transformers`` library saves them.

        Arguments and errors are those of :meth:`from_gguf`.
        """
        return cls._filled(folder, *read_pretrained(folder, dtype), weights)

    @classmethod
    def _filled(cls, path: str | Path, settings: dict, weights: Iterator[tuple[str, Tensor]], kind: str | None):
        with naming(path):
            with torch.device("meta"), Unfilled():  # shapes alone: the weights come from the file
                model = cls(LlamaConfig(**settings))
            fill(model, weights, kind)
        return model.eval()
