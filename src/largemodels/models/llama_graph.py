"""A Llama in parts that a page can run: one block as a graph, which all blocks share, and the head.

Each block is the same computation on other weights. So a page takes one graph, and fills it with the weights of one
block after the other, as they arrive; what it has read stays with it, as a cache that goes in and comes out.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.layers import rms_norm, turn
from largemodels.models.llama import LlamaConfig


class BlockGraph(nn.Module):
    """One block of a ``Llama``, which reads ``t`` tokens after the ``s`` that are in its cache.

    Takes ``x`` ``(t, width)``; ``past`` ``(2, kv_heads, s, d)``, the keys and values of the tokens before; ``cos`` and
    ``sin`` ``(t, d / 2)``, which turn queries and keys; ``mask`` ``(t, s + t)``, 0 where a token may look and far below
    elsewhere; ``heads`` ``(heads,)``, 1 for a head that is on and 0 for one whose answer is replaced by zeros.

    Returns ``y`` ``(t, width)``; ``cache`` ``(2, kv_heads, s + t, d)``; ``weights`` ``(heads, t, s + t)``; ``query``
    ``(heads, t, d)``, turned. Matrices stand as they are multiplied from the right, ``(in, out)``.
    """

    def __init__(self, config: LlamaConfig):
        super().__init__()
        self.config = config
        for name, shape in block_shapes(config).items():
            setattr(self, name, nn.Parameter(torch.randn(shape)))

    def forward(self, x: Tensor, past: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, heads: Tensor) -> dict:
        """Read on."""
        c, t = self.config, x.shape[0]
        h, kv, d = c.heads, c.kv_heads, c.head_width
        y = rms_norm(x, self.norm1, c.eps)
        q = turn((y @ self.to_q).view(t, h, d).transpose(0, 1), cos, sin)  # (h, t, d)
        k = turn((y @ self.to_k).view(t, kv, d).transpose(0, 1), cos, sin)
        v = (y @ self.to_v).view(t, kv, d).transpose(0, 1)
        cache = torch.cat([past, torch.stack([k, v])], 2)  # (2, kv, s + t, d)
        asked = q.view(kv, h // kv * t, d)  # the queries of a group stand one after the other
        scores = (asked @ cache[0].mT * d**-0.5).view(h, t, -1) + mask
        weights = scores.softmax(-1)  # (h, t, s + t)
        mixed = (weights.view(kv, h // kv * t, -1) @ cache[1]).view(h, t, d) * heads[:, None, None]
        x = x + mixed.transpose(0, 1).reshape(t, h * d) @ self.out
        y = rms_norm(x, self.norm2, c.eps)
        y = x + (F.silu(y @ self.gate) * (y @ self.expand)) @ self.contract
        return {"y": y, "cache": cache, "weights": weights, "query": q}


class HeadGraph(nn.Module):
    """The end of a ``Llama`` for some of its tokens: ``x`` ``(t, width)`` to ``logits`` ``(t, tokens)``."""

    def __init__(self, config: LlamaConfig, tokens: int):
        super().__init__()
        self.eps = config.eps
        for name, shape in head_shapes(config, tokens).items():
            setattr(self, name, nn.Parameter(torch.randn(shape)))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the logits."""
        return {"logits": rms_norm(x, self.norm, self.eps) @ self.head}


def block_shapes(config: LlamaConfig) -> dict[str, tuple[int, ...]]:
    """Return the weights of a :class:`BlockGraph` and their shapes, in the order in which a page gets them."""
    c = config
    inner, shared = c.heads * c.head_width, c.kv_heads * c.head_width
    return {
        "norm1": (c.width,),
        "to_q": (c.width, inner),
        "to_k": (c.width, shared),
        "to_v": (c.width, shared),
        "out": (inner, c.width),
        "norm2": (c.width,),
        "gate": (c.width, c.hidden),
        "expand": (c.width, c.hidden),
        "contract": (c.hidden, c.width),
    }


def head_shapes(config: LlamaConfig, tokens: int) -> dict[str, tuple[int, ...]]:
    """Return the same of a :class:`HeadGraph`."""
    return {"norm": (config.width,), "head": (config.width, tokens)}
