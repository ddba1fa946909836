"""One token on, with a cache: the operations of a GPT in a row, without the calls of the modules that hold its weights.

Reading one token takes a processor a few microseconds per operation, and calling a module costs nearly as much again.
So :meth:`GPT.generate` takes the weights out of their modules once, and then writes with them. No new memory is taken:
they are the model's own tensors.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.layers import fast_attention

PARTS = ("norm1", "attention.to_qkv", "attention.out", "norm2", "mlp.expand", "mlp.contract")


class Step:
    """What ``model.advance`` does, quicker for one token of each text: called with tokens ``(b, t)`` and a cache.

    For a model that is as it was built, and that nobody watches (:meth:`GPT.as_built`). Several tokens at once are
    left to the model itself.
    """

    def __init__(self, model: nn.Module):
        self.model = model
        self.blocks = [
            (block.attention, *(_weights(block.get_submodule(part)) for part in PARTS)) for block in model.blocks
        ]
        self.embedding, self.norm = model.embedding.weight, _weights(model.norm)
        self.positions = None if model.positions is None else model.positions.weight

    def __call__(self, tokens: Tensor, cache) -> Tensor:
        """Return the logits ``(b, t, vocabulary)``, and keep keys and values in the cache."""
        if tokens.shape[1] > 1:
            return self.model.advance(tokens, cache)
        place = cache.length
        x = F.embedding(tokens, self.embedding)  # (b, 1, d)
        if self.positions is not None:
            x = x + self.positions[place]
        place = torch.arange(place, place + 1, device=x.device)
        for layer, (attention, norm1, to_qkv, out, norm2, expand, contract) in enumerate(self.blocks):
            qkv = F.linear(_norm(x, norm1), *to_qkv).view(-1, 3, attention.heads, 1, attention.head_width)
            q, kv = attention.place(qkv.transpose(0, 1), place)
            k, v = cache.extend(layer, kv)  # (b, h, s, d/h)
            mixed = fast_attention(q, k, v).flatten(1)[:, None]
            x = x + F.linear(mixed, *out)
            x = x + F.linear(F.gelu(F.linear(_norm(x, norm2), *expand), approximate="tanh"), *contract)
        cache.length += 1
        return F.linear(_norm(x, self.norm), self.embedding)


def _weights(part: nn.Module) -> tuple[Tensor, Tensor]:
    return part.weight, part.bias


def _norm(x: Tensor, weights: tuple[Tensor, Tensor]) -> Tensor:
    return torch.layer_norm(x, x.shape[-1:], *weights)
