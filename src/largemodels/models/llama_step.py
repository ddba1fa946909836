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
    return not watched(model) and all(type(part) in known and "forward" not in vars(part) for part in model.modules())


class LlamaStep:
    """What ``model.advance`` does, quicker for one token of each text; several at once are left to the model itself.

    For a model that is :func:`usual`, and caches with at most ``room``.
    """

    def __init__(self, model: nn.Module, room: int):
        c, self.model = model.config, model
        places = torch.arange(room, device=model.norm.weight.device)
        self.turns = [part.to(model.norm.weight.dtype) for part in rotation(places, c.head_width, c.base, c.scaling)]
        self.blocks = [
            (
                block.norm1.weight,
                *(_product(part) for part in (a.to_q, a.to_k, a.to_v, a.out)),
                block.norm2.weight,
                *(_product(part) for part in (block.mlp.gate, block.mlp.expand, block.mlp.contract)),
            )
            for block, a in ((block, block.attention) for block in model.blocks)
        ]
        self.head = _product(model.head)

    def __call__(self, tokens: Tensor, cache: Cache, last: int | None = None) -> Tensor:
        """Return the logits ``(b, t, vocabulary)``, or those of the ``last`` tokens; extend the cache."""
        if tokens.shape[1] > 1:
            return self.model.advance(tokens, cache, last)
        c, place = self.model.config, cache.length
        cos, sin = (part[place : place + 1] for part in self.turns)
        x = self.model.embedding(tokens[:, 0])  # (b, d)
        for layer, (norm1, to_q, to_k, to_v, out, norm2, gate, expand, contract) in enumerate(self.blocks):
            y = F.rms_norm(x, x.shape[1:], norm1, c.eps)
            q = turn(to_q(y).view(-1, c.heads, 1, c.head_width), cos, sin)
            k = turn(to_k(y).view(-1, c.kv_heads, 1, c.head_width), cos, sin)
            k, v = cache.extend(layer, torch.stack([k, to_v(y).view(k.shape)]))  # (b, kv, s, d)
            mixed = fast_attention(q.view(len(x), c.kv_heads, -1, c.head_width), k, v)
            x = x + out(mixed.reshape(len(x), -1))
            y = F.rms_norm(x, x.shape[1:], norm2, c.eps)
            x = x + contract(F.silu(gate(y)).mul_(expand(y)))
        cache.length += 1
        return self.head(F.rms_norm(x, x.shape[1:], self.model.norm.weight, c.eps))[:, None]


def _product(part: nn.Module) -> Callable[[Tensor], Tensor]:
    """Return what multiplies rows ``(b, d)`` by the weights of a part."""
    if isinstance(part, QuantisedLinear):
        return part.forward
    weight = part.weight
    return lambda x: F.linear(x, weight)
