"""What a GPT is made of: its sizes, and the parts of a block."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.layers import Cache, attention_weights, causal_mask, fast_attention, rotate, watched

POSITIONS = ("rotary", "learned")


@dataclass(frozen=True)
class GPTConfig:
    """What a :class:`GPT` is made of.

    The defaults are small and up to date: rotary positions, queries and keys of one length (``norm_queries``), and
    blocks that begin as the identity (``quiet_start``). ``positions="learned"`` without the two is GPT-2.

    Raises ``ValueError`` for sizes below 1, heads that do not divide the width, or unknown positions.
    """

    vocabulary: int = 97
    context: int = 64
    layers: int = 4
    heads: int = 4
    width: int = 128
    positions: str = "rotary"
    norm_queries: bool = True
    quiet_start: bool = True

    def __post_init__(self):
        if min(self.vocabulary, self.context, self.layers, self.heads, self.width) < 1:
            raise ValueError(f"every size must be at least 1; got {self}")
        if self.width % self.heads:
            raise ValueError(f"the width must be a multiple of the heads; got {self.width} and {self.heads}")
        if self.positions not in POSITIONS:
            raise ValueError(f"positions is {self.positions!r}; choose one of {', '.join(POSITIONS)}")
        if self.positions == "rotary" and self.width // self.heads % 2:
            raise ValueError(
                f"rotary positions turn pairs: a head's width must be even; got {self.width // self.heads}"
            )


class SelfAttention(nn.Module):
    """Let every position read from itself and those before it.

    Taps: ``query``, ``key``, ``value`` ``(b, h, t, d/h)``, ``weights`` ``(b, h, t, t)`` after the softmax, ``mixed``
    ``(b, h, t, d/h)``: what each head answers.
    """

    def __init__(self, config: GPTConfig, layer: int):
        super().__init__()
        self.heads, self.head_width, self.layer = config.heads, config.width // config.heads, layer
        self.rotary, self.norm_queries = config.positions == "rotary", config.norm_queries
        self.to_qkv = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.query, self.key, self.value, self.weights, self.mixed = (nn.Identity() for _ in range(5))

    def forward(self, x: Tensor, positions: Tensor, cache: Cache | None = None) -> Tensor:
        """Map ``(b, t, d)`` to the same shape; ``positions`` ``(t,)`` are those of ``x`` in the text."""
        b, t, d = x.shape
        qkv = self.to_qkv(x).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # (3, b, h, t, d/h)
        q, kv = self.place(qkv, positions)
        k, v = kv if cache is None else cache.extend(self.layer, kv)
        if watched(self):
            q, k, v = self.query(q), self.key(k), self.value(v)
            mask = causal_mask(t, k.shape[2], x.device)
            mixed = self.mixed(self.weights(attention_weights(q, k, mask)) @ v)
        else:
            later = t > 1 and k.shape[2] > t  # some keys are older than the first query
            mask = causal_mask(t, k.shape[2], x.device) if later else None
            mixed = fast_attention(q, k, v, mask, causal=t > 1 and not later)
        return self.out(mixed.transpose(1, 2).reshape(b, t, d))

    def place(self, qkv: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Bring queries and keys to one length and turn them, as configured; return queries, and keys with values."""
        if self.norm_queries or self.rotary:
            qk, v = qkv.split((2, 1))
            qk = F.rms_norm(qk, qk.shape[-1:]) if self.norm_queries else qk
            qkv = torch.cat([rotate(qk, positions) if self.rotary else qk, v])
        return qkv[0], qkv[1:]


class MLP(nn.Module):
    """Think about each position by itself: widen, apply GELU (Hendrycks and Gimpel 2016), narrow.

    GELU is ``x Φ(x)``, with the normal distribution's Φ in GPT-2's approximation by tanh: ReLU with a soft bend.

    Taps: ``expand`` ``(b, t, 4d)``, ``gelu`` ``(b, t, 4d)``.
    """

    def __init__(self, width: int):
        super().__init__()
        self.expand, self.gelu, self.contract = (
            nn.Linear(width, 4 * width),
            nn.GELU("tanh"),
            nn.Linear(4 * width, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(b, t, d)`` to the same shape."""
        return self.contract(self.gelu(self.expand(x)))


class Block(nn.Module):
    """Read from other positions, then think; each adds its answer to what is there.

    Taps: ``norm1``, ``attention``, ``norm2``, ``mlp``, each ``(b, t, d)``.
    """

    def __init__(self, config: GPTConfig, layer: int):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(config.width), SelfAttention(config, layer)
        self.norm2, self.mlp = nn.LayerNorm(config.width), MLP(config.width)

    def forward(self, x: Tensor, positions: Tensor, cache: Cache | None = None) -> Tensor:
        """Map ``(b, t, d)`` to the same shape."""
        x = x + self.attention(self.norm1(x), positions, cache)
        return x + self.mlp(self.norm2(x))
