"""Grouped-query attention: many heads ask, few are asked."""

import torch
from torch import Tensor, nn

from largemodels.layers.attention import attention_weights, causal_mask, fast_attention
from largemodels.layers.cache import Cache
from largemodels.layers.positions import turn
from largemodels.layers.watched import watched


class GroupedQueryAttention(nn.Module):
    """Let every position read from itself and those before it; each head of keys and values serves several queries.

    With as many key-value heads as query heads it is multi-head attention, with one it is multi-query attention
    (Shazeer 2019), between the two it is grouped (Ainslie et al. 2023). The cache shrinks by the size of a group.

    Taps: ``query`` ``(b, h, t, d)``, ``key``, ``value`` ``(b, h, s, d)``, repeated for every query head; ``weights``
    ``(b, h, t, s)`` after the softmax; ``mixed`` ``(b, h, t, d)``: what each head answers.

    Args:
        width: of the vectors that come in and go out.
        heads: of queries, ``h``.
        kv_heads: of keys and values: a divisor of ``heads``.
        head_width: numbers per query or key, ``d``; ``width / heads`` if not given.
        layer: the place in the model, by which a cache is asked.

    Raises ``ValueError`` for sizes below 1, heads that do not divide, or an odd ``head_width``.
    """

    def __init__(self, width: int, heads: int, kv_heads: int, head_width: int | None = None, layer: int = 0):
        super().__init__()
        if min(width, heads, kv_heads) < 1 or heads % kv_heads or (head_width is None and width % heads):
            raise ValueError(
                f"{heads} query heads take a number of key-value heads that divides {heads}, and a width that is a "
                f"multiple of it unless head_width is given; got {kv_heads} and {width}"
            )
        self.heads, self.kv_heads, self.layer = heads, kv_heads, layer
        self.head_width = width // heads if head_width is None else head_width
        if self.head_width < 2 or self.head_width % 2:
            raise ValueError(f"rotary positions turn pairs: a head's width must be even; got {self.head_width}")
        self.to_q = nn.Linear(width, heads * self.head_width, bias=False)
        self.to_k = nn.Linear(width, kv_heads * self.head_width, bias=False)
        self.to_v = nn.Linear(width, kv_heads * self.head_width, bias=False)
        self.out = nn.Linear(heads * self.head_width, width, bias=False)
        self.query, self.key, self.value, self.weights, self.mixed = (nn.Identity() for _ in range(5))

    def forward(self, x: Tensor, rotation: tuple[Tensor, Tensor], cache: Cache | None = None) -> Tensor:
        """Map ``(b, t, width)`` to the same shape.

        Args:
            x: new positions.
            rotation: cosines and sines ``(t, d / 2)``, as :func:`~largemodels.layers.rotation` returns them.
            cache: holds the keys and values of earlier positions, and takes those of the new ones.

        Raises ``ValueError`` for a rotation of other positions or another width.
        """
        b, t, _ = x.shape
        if any(part.shape != (t, self.head_width // 2) for part in rotation):
            raise ValueError(
                f"{t} positions take a rotation of cosines and sines ({t}, {self.head_width // 2}); "
                f"got {' and '.join(str(tuple(part.shape)) for part in rotation)}"
            )
        q = self.to_q(x).view(b, t, self.heads, -1).transpose(1, 2)  # (b, h, t, d)
        k = self.to_k(x).view(b, t, self.kv_heads, -1).transpose(1, 2)  # (b, kv, t, d)
        v = self.to_v(x).view(b, t, self.kv_heads, -1).transpose(1, 2)
        q, k = turn(q, *rotation), turn(k, *rotation)
        if cache is not None:
            k, v = cache.extend(self.layer, torch.stack([k, v]))  # (b, kv, s, d)
        group, s = self.heads // self.kv_heads, k.shape[2]
        if watched(self):
            q, k, v = self.query(q), self.key(_repeat(k, group)), self.value(_repeat(v, group))
            mixed = self.mixed(self.weights(attention_weights(q, k, causal_mask(t, s, x.device))) @ v)
        elif t == 1:  # the queries of a group are asked together, as if they were positions
            mixed = fast_attention(q.reshape(b, self.kv_heads, group, -1), k, v).reshape(b, self.heads, 1, -1)
        else:
            mask = None if s == t else causal_mask(t, s, x.device)
            mixed = fast_attention(q, _repeat(k, group), _repeat(v, group), mask, causal=s == t)
        return self.out(mixed.transpose(1, 2).reshape(b, t, -1))

    def extra_repr(self) -> str:
        """Say the sizes."""
        return f"{self.heads} heads on {self.kv_heads}, {self.head_width} wide"


def _repeat(x: Tensor, group: int) -> Tensor:
    """Give every query head its keys or values: ``(b, kv, s, d)`` → ``(b, h, s, d)``."""
    return x if group == 1 else x.repeat_interleave(group, 1)
