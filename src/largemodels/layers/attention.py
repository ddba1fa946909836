"""Attention: every position asks, and is answered with a mean of what the positions that it may see have to say."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.layers.known import values_known
from largemodels.layers.watched import watched

ROWS = 64  # queries answered at a time
NARROW = 8  # numbers per head
PIECE = 2**19  # weights that stay in a processor's cache


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    r"""Return scaled dot-product attention, :math:`\mathrm{softmax}(q k^\top / \sqrt{d})\, v` (Vaswani et al. 2017).

    Queries are answered in blocks. For each, the last keys that none of its queries may see are left out: with a
    causal mask that is nearly half of the work.

    Args:
        q: queries ``(…, t, d)``, usually ``(b, h, t, d)``.
        k: keys ``(…, s, d)``.
        v: values ``(…, s, e)``.
        mask: true where a query may look, as ``F.scaled_dot_product_attention`` has it: any shape that broadcasts
            to ``(…, t, s)``.

    Returns:
        ``(…, t, e)``.

    Raises:
        ValueError: shapes that do not fit, or a mask that is not of booleans or hides every key from a query.
    """
    check(q, k, v, mask)
    t, s = q.shape[-2], k.shape[-2]
    if t <= ROWS or mask is None or not values_known():  # a graph must not depend on what the mask holds
        return attention_weights(q, k, mask) @ v
    answers = []
    for rows, some in zip(mask.expand(*mask.shape[:-2], t, s).split(ROWS, -2), q.split(ROWS, -2), strict=True):
        keys = int(rows.flatten(0, -2).any(0).nonzero()[-1]) + 1
        answers.append(attention_weights(some, k[..., :keys, :], rows[..., :keys]) @ v[..., :keys, :])
    return torch.cat(answers, -2)


def fast_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None, causal: bool = False) -> Tensor:
    """Return what :func:`attention` does, by torch's fused kernel where that is the faster form.

    On a CPU it is not in bfloat16, where it takes several times as long, nor for narrow heads.

    Args:
        q, k, v, mask: as for :func:`attention`; ``(b, h, t, d)`` and ``(b, h, s, d)``.
        causal: whether no query may see a later key; then the mask need not be given, and there are as many of both.

    Raises:
        ValueError: as :func:`attention` does, which torch's kernels do not: a query that sees nothing gets zeros
            there, or NaN. So it does here while masks cannot be looked at (:func:`values_known`).
    """
    if mask is not None:
        check(q, k, v, mask)
    if q.device.type == "cpu":
        narrow = q.shape[-1] <= NARROW
        if narrow and mask is None and not causal and _precision(q) == torch.float32:
            return narrow_attention(q, k, v)
        if narrow or _precision(q) == torch.bfloat16:
            return attention(q, k, v, causal_mask(q.shape[-2], device=q.device) if causal else mask)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)


def narrow_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Return what :func:`attention` does, with the weights transposed, and a few texts at a time.

    So no product, forward or backward, has the transpose of all weights on its left: for heads of 8 numbers, MKL takes
    about three times as long for that one as for the others.

    Args:
        q, k, v: ``(b, h, t, d)``, ``(b, h, s, d)``, ``(b, h, s, e)``.
    """
    k = k * q.shape[-1] ** -0.5
    # a graph has one piece: how many there are depends on the size of the batch
    few = len(q) if torch.compiler.is_compiling() else max(1, PIECE // (q.shape[1] * q.shape[2] * k.shape[2]))
    parts = zip(q.split(few), k.split(few), v.split(few), strict=True)
    return torch.cat([(v.mT @ (k @ q.mT).softmax(-2)).mT for q, k, v in parts])


def _precision(x: Tensor) -> torch.dtype:
    """Return the type that products of ``x`` are computed in."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def attention_weights(q: Tensor, k: Tensor, mask: Tensor | None = None) -> Tensor:
    r"""Return how much each query takes from each key, :math:`\mathrm{softmax}(q k^\top / \sqrt{d})`: ``(…, t, s)``.

    Every row adds up to 1. Arguments are those of :func:`attention`.
    """
    q = q * q.shape[-1] ** -0.5
    if mask is None:
        return (q @ k.mT).softmax(-1)
    hidden = torch.zeros_like(mask, dtype=q.dtype).masked_fill(~mask, float("-inf"))
    if q.ndim != k.ndim or q.shape[:-2] != k.shape[:-2] or q.ndim < 3:
        return (q @ k.mT + hidden).softmax(-1)
    # the same in one operation: the product is added to what is hidden
    lead = q.shape[:-2]
    if hidden.ndim > 2 and hidden.shape[:-2].numel() > 1:
        hidden = hidden.expand(*lead, q.shape[-2], k.shape[-2]).flatten(0, -3)
    else:
        hidden = hidden.reshape(hidden.shape[-2:])
    return torch.baddbmm(hidden, q.flatten(0, -3), k.flatten(0, -3).mT).softmax(-1).unflatten(0, lead)


def causal_mask(t: int, s: int | None = None, device: torch.device | str = "cpu") -> Tensor:
    """Return the mask ``(t, s)`` with which no position sees a later one: the last query sees every key."""
    s = t if s is None else s
    if not 1 <= t <= s:
        raise ValueError(f"a causal mask takes 1 or more queries and at least as many keys; got {t} and {s}")
    return torch.ones(t, s, dtype=torch.bool, device=device).tril(s - t)


class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each on its share of the width (Vaswani et al. 2017, section 3.2.2).

    Parameters are named as those of ``nn.MultiheadAttention(width, heads, batch_first=True)``, so that
    ``load_state_dict`` takes either's.

    Taps: ``query``, ``key``, ``value`` ``(b, h, t, d/h)``, ``weights`` ``(b, h, t, s)`` after the softmax, ``mixed``
    ``(b, h, t, d/h)``: what each head answers. While somebody watches one of them the attention is written out;
    else the same is computed in the form that is fastest.

    Args:
        width: ``d``.
        heads: ``h``; they share the width, so it must be a multiple of them.

    Raises:
        ValueError: sizes below 1, heads that do not divide the width, or, at the call, shapes that do not fit.
    """

    def __init__(self, width: int, heads: int):
        super().__init__()
        if min(width, heads) < 1 or width % heads:
            raise ValueError(f"the width must be a multiple of the heads, both at least 1; got {width} and {heads}")
        self.width, self.heads = width, heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)
        self.query, self.key, self.value, self.weights, self.mixed = (nn.Identity() for _ in range(5))

    def forward(
        self, query: Tensor, key: Tensor | None = None, value: Tensor | None = None, mask: Tensor | None = None
    ) -> Tensor:
        """Let every position of ``query`` look at those of ``key`` and take from ``value``; return ``(b, t, d)``.

        ``query`` is ``(b, t, d)``, ``key`` and ``value`` are ``(b, s, d)``. Without them the
        sequence looks at itself; without ``value`` the keys are the values, too. ``mask`` is true where a position
        may look: any shape that broadcasts to ``(b, h, t, s)``.
        """
        key = query if key is None else key
        value = key if value is None else value
        for given in (query, key, value):
            if given.ndim != 3 or given.shape[2] != self.width or 0 in given.shape:
                raise ValueError(f"attention takes (b, t, {self.width}), not empty; got {tuple(given.shape)}")
        q, k, v = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (b, h, t or s, d/h)
            for part in self._project(query, key, value)
        )
        check(q, k, v, mask)
        if watched(self):
            q, k, v = self.query(q), self.key(k), self.value(v)
            mixed = self.mixed(self.weights(attention_weights(q, k, mask)) @ v)
        else:
            mixed = fast_attention(q, k, v, mask)
        return self.out_proj(mixed.transpose(1, 2).flatten(2))

    def extra_repr(self) -> str:
        """Say the sizes."""
        return f"{self.width}, {self.heads}"

    def _project(self, *given: Tensor) -> tuple[Tensor, ...]:
        if all(each is given[0] for each in given):  # one product for all three
            return F.linear(given[0], self.in_proj_weight, self.in_proj_bias).chunk(3, 2)
        weights, biases = self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3)
        return tuple(map(F.linear, given, weights, biases))


def check(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> None:
    """Raise ``ValueError`` unless queries, keys, values and mask fit together."""
    if min(q.ndim, k.ndim, v.ndim) < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ValueError(
            f"queries (…, t, d) take keys (…, s, d) and values (…, s, e); "
            f"got {tuple(q.shape)}, {tuple(k.shape)} and {tuple(v.shape)}"
        )
    if 0 in (*q.shape, *k.shape, *v.shape):
        raise ValueError(f"nothing to attend to: shapes {tuple(q.shape)}, {tuple(k.shape)}, {tuple(v.shape)}")
    if mask is None:
        return
    if mask.dtype != torch.bool:
        raise ValueError(f"the mask is true where a query may look, so of booleans; got {mask.dtype}")
    scores = (*torch.broadcast_shapes(q.shape[:-2], k.shape[:-2]), q.shape[-2], k.shape[-2])
    try:
        fits = torch.broadcast_shapes(mask.shape, scores) == scores and mask.ndim >= 2
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(f"the mask must broadcast to {scores}; got {tuple(mask.shape)}")
    if values_known() and not (sees := mask.any(-1)).all():
        blind = (~sees).nonzero()[0].tolist()
        raise ValueError(f"the mask hides every key from query {blind[-1]} (at {blind}); let it see at least one")
