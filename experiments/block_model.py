"""The decoder of experiments/block_parts.py: GPT's block and Llama's, and all that lies between, by switches."""

import zlib
from dataclasses import dataclass, replace
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.layers import GatedMLP, GroupedQueryAttention, RMSNorm, rotation

VOCABULARY, CONTEXT, WIDTH, HEADS, LAYERS = 97, 64, 64, 4, 2
HEAD_WIDTH = WIDTH // HEADS
STD = 0.02 * (768 / WIDTH) ** 0.5  # what GPT-2's 0.02 at its width of 768 is at ours: 0.069


@dataclass(frozen=True)
class Parts:
    """What a block is made of. The defaults are GPT-2's.

    Attributes:
        rms: RMSNorm in place of LayerNorm.
        gated: SwiGLU in place of an MLP with GELU.
        biases: whether the matrices have biases, and LayerNorm with them.
        rotary: positions turn queries and keys, in place of a learned vector for each.
        kv_heads: heads of keys and values, a divisor of HEADS.
        base: of the rotary positions.
    """

    rms: bool = False
    gated: bool = False
    biases: bool = True
    rotary: bool = False
    kv_heads: int = HEADS
    base: float = 10_000.0


class PlainMLP(nn.Sequential):
    """Widen, GELU, narrow."""

    def __init__(self, width: int, hidden: int):
        super().__init__(nn.Linear(width, hidden), nn.GELU("tanh"), nn.Linear(hidden, width))


class Block(nn.Module):
    """Read from other positions, then think; each adds its answer to what is there."""

    def __init__(self, parts: Parts, hidden: int):
        super().__init__()
        self.norm1, self.norm2 = _norm(parts), _norm(parts)
        self.attention = GroupedQueryAttention(WIDTH, HEADS, parts.kv_heads)
        self.mlp = (GatedMLP if parts.gated else PlainMLP)(WIDTH, hidden)
        for linear in (part for part in self.modules() if isinstance(part, nn.Linear)):
            linear.bias = nn.Parameter(torch.zeros(linear.out_features)) if parts.biases else None

    def forward(self, x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
        """Map ``(b, t, d)`` to the same shape."""
        x = x + self.attention(self.norm1(x), turns)
        return x + self.mlp(self.norm2(x))


class Decoder(nn.Module):
    """Predict the next token after each of ``(b, t)``: logits ``(b, t, VOCABULARY)``. Embedding and head are tied."""

    def __init__(self, parts: Parts, hidden: int | None = None):
        super().__init__()
        self.parts, self.hidden = parts, hidden or hidden_width(parts)
        self.embedding = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = None if parts.rotary else nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.ModuleList(Block(parts, self.hidden) for _ in range(LAYERS))
        self.norm = _norm(parts)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits."""
        places, x = torch.arange(tokens.shape[1]), self.embedding(tokens)
        turns = rotation(places, HEAD_WIDTH, self.parts.base)
        if self.positions is not None:
            x = x + self.positions(places)
            turns = torch.ones_like(turns[0]), torch.zeros_like(turns[1])  # by an angle of 0
        for block in self.blocks:
            x = block(x, turns)
        return F.linear(self.norm(x), self.embedding.weight)


def initialise(model: Decoder, seed: int, std: float = STD) -> Decoder:
    """Give a model initial weights as GPT-2's (Radford et al. 2019), and return it.

    Embeddings are normal with standard deviation 0.02, matrices with ``std``; less by the square root of ``2 · LAYERS``
    for those whose results are added to ``x``. A matrix is drawn by the seed and its name, so that it starts alike in
    all models in which it has the same shape.
    """
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            chance = torch.Generator().manual_seed(zlib.crc32(f"{seed} {name}".encode()))
            adds = name.endswith(("attention.out.weight", "mlp.contract.weight", "mlp.2.weight"))
            scale = std if name.startswith("blocks") else 0.02
            nn.init.normal_(parameter, std=scale * ((2 * LAYERS) ** -0.5 if adds else 1.0), generator=chance)
    return model


def parameters(parts: Parts, hidden: int) -> int:
    """Return how many parameters such a model has."""
    with torch.device("meta"):
        return sum(p.numel() for p in Decoder(parts, hidden).parameters())


@cache
def hidden_width(parts: Parts) -> int:
    """Return the width of the MLP with which there are as many parameters as in GPT, as nearly as possible."""
    one, two = (parameters(parts, hidden) for hidden in (1, 2))
    return round(1 + (parameters(Parts(), 4 * WIDTH) - one) / (two - one))


def cached(parts: Parts) -> int:
    """Return how many numbers the cache keeps of a token, in all layers."""
    return 2 * LAYERS * parts.kv_heads * HEAD_WIDTH


def _norm(parts: Parts) -> nn.Module:
    return RMSNorm(WIDTH) if parts.rms else nn.LayerNorm(WIDTH, bias=parts.biases)


GPT = Parts()
LLAMA = Parts(rms=True, gated=True, biases=False, rotary=True, kv_heads=HEADS // 2)
WAYS = {
    "GPT": GPT,
    "GPT, RMSNorm": replace(GPT, rms=True),
    "GPT, SwiGLU": replace(GPT, gated=True),
    "GPT, no biases": replace(GPT, biases=False),
    "GPT, rotary positions": replace(GPT, rotary=True),
    "GPT, grouped queries": replace(GPT, kv_heads=HEADS // 2),
    "GPT, rotary positions and SwiGLU": replace(GPT, rotary=True, gated=True),
    "Llama": LLAMA,
    "Llama, LayerNorm": replace(LLAMA, rms=False),
    "Llama, GELU": replace(LLAMA, gated=False),
    "Llama, biases": replace(LLAMA, biases=True),
    "Llama, learned positions": replace(LLAMA, rotary=False),
    "Llama, multi-head": replace(LLAMA, kv_heads=HEADS),
}
