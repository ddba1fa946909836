"""One token on, with a cache: the operations of a Llama in a row, without calling the modules that hold its weights.

Reading one token takes a processor a few microseconds per operation, and calling a module costs nearly as much again.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.layers import (
    Cache,
    GatedMLP,
    GroupedQueryAttention,
    QuantisedEmbedding,
    QuantisedLinear,
    RMSNorm,
    fast_attention,
    rotation,
    turn,
    watched,
)

USUAL = (
    nn.ModuleList,
    nn.Identity,
    nn.Linear,
    nn.Embedding,
    RMSNorm,
    GatedMLP,
    GroupedQueryAttention,
    QuantisedEmbedding,
)


def usual(model: nn.Module, *kinds: type) -> bool:
    """Return whether a model is of the usual parts and ``kinds`` alone, none of them changed, and nobody watches it."""
    known = {*USUAL, *kinds, *QuantisedLinear.__subclasses__()}
    if watched(model) or any(type(part) not in known or "forward" in vars(part) for part in model.modules()):
        return False
    return len({isinstance(part, QuantisedLinear) for block in model.blocks for part in _linears(block)}) == 1


class LlamaStep:
    """What ``model.advance`` does, quicker for one token of each text; several at once are left to the model itself.

    For a model that is :func:`usual`, and texts of at most ``room`` tokens.
    """

    def __init__(self, model: nn.Module, room: int):
        c, self.model, self.dtype = model.config, model, model.norm.weight.dtype
        places = torch.arange(room, device=model.norm.weight.device)
        self.turns = [part.to(self.dtype) for part in rotation(places, c.head_width, c.base, c.scaling)]
        packed = isinstance(model.blocks[0].mlp.gate, QuantisedLinear)
        self.narrow = torch.bfloat16 if packed else self.dtype  # what the products take and give
        self.blocks = [
            (block.norm1.weight, block.norm2.weight, *map(_product, _linears(block))) for block in model.blocks
        ]

    def __call__(self, tokens: Tensor, cache: Cache, last: int | None = None) -> Tensor:
        """Return the logits ``(b, t, vocabulary)``, or those of the ``last`` tokens; extend the cache."""
        if tokens.shape[1] > 1:
            return self.model.advance(tokens, cache, last)
        c, b, narrow, dtype = self.model.config, len(tokens), self.narrow, self.dtype
        h, kv, d = c.heads, c.kv_heads, c.head_width
        cos, sin = (part[cache.length] for part in self.turns)
        x = self.model.embedding(tokens[:, 0])  # (b, width)
        for layer, (norm1, norm2, to_q, to_k, to_v, out, gate, expand, contract) in enumerate(self.blocks):
            y = F.rms_norm(x, x.shape[1:], norm1, c.eps).to(narrow)
            qkv = torch.cat([to_q(y), to_k(y), to_v(y)], 1).to(dtype).view(b, h + 2 * kv, d)
            qk = turn(qkv[:, : h + kv], cos, sin)
            k, v = cache.extend(layer, torch.stack([qk[:, h:], qkv[:, h + kv :]])[:, :, :, None])  # (b, kv, s, d)
            mixed = fast_attention(qk[:, :h].view(b, kv, h // kv, d), k, v)
            x = x + out(mixed.reshape(b, h * d).to(narrow)).to(dtype)
            y = F.rms_norm(x, x.shape[1:], norm2, c.eps).to(narrow)
            x = x + contract((F.silu(gate(y).to(dtype)) * expand(y)).to(narrow)).to(dtype)
        cache.length += 1
        return self.model.head(F.rms_norm(x, x.shape[1:], self.model.norm.weight, c.eps))[:, None]


def _linears(block: nn.Module) -> tuple[nn.Module, ...]:
    a, mlp = block.attention, block.mlp
    return a.to_q, a.to_k, a.to_v, a.out, mlp.gate, mlp.expand, mlp.contract


def _product(part: nn.Module) -> Callable[[Tensor], Tensor]:
    """Return what multiplies rows ``(b, d)`` by the weights of a part."""
    if isinstance(part, QuantisedLinear):
        return part.product if part.bias is None and part.numbers.device.type == "cpu" else part
    weight, bias = part.weight, part.bias
    return lambda x: F.linear(x, weight, bias)
