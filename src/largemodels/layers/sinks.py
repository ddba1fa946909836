"""A cache that keeps the first tokens of a text and the latest: however long the text, it stays as large as it is."""

import math

import torch
from torch import Tensor

from largemodels.layers.cache import Cache
from largemodels.layers.positions import BASE, rotation, turn
from largemodels.layers.stretching import RotaryScaling


class SinkCache(Cache):
    r"""Keys and values of the first ``sinks`` and the last ``window`` tokens; others are dropped (Xiao et al. 2024).

    A query meets the tokens that are kept at the distances that they have *in the cache*. Between the tokens of the
    window these are the distances in the text. The sinks move up: once :math:`D` tokens were dropped, sink :math:`j` is
    met as if it stood at :math:`j + D`. Rotary positions depend on distances alone, so it is enough to turn the few
    keys of the sinks on by :math:`D` positions, and no others. Distances stay below ``sinks + window``.

    Tokens may be read several at a time, at most ``window``. Room is made for all of them before they are read, so the
    first of ``t`` sees ``window − t + 1`` tokens with itself; read one by one, each sees ``window``.

    Args:
        layers, batch, heads, width, like: as for :class:`~largemodels.layers.Cache`.
        sinks: tokens at the beginning to keep; may be 0.
        window: latest tokens to keep.
        base, scaling: of the rotary positions by which the keys were turned, as for
            :func:`~largemodels.layers.rotation`.

    Raises ``ValueError`` for a negative number of sinks, or a window below 1.
    """

    def __init__(
        self,
        layers: int,
        batch: int,
        heads: int,
        width: int,
        like: Tensor,
        sinks: int = 4,
        window: int = 1020,
        base: float = BASE,
        scaling: RotaryScaling | None = None,
    ):
        if sinks < 0 or window < 1:
            raise ValueError(f"a cache keeps 0 or more sinks and a window of at least 1; got {sinks} and {window}")
        super().__init__(layers, batch, heads, 0, width, like)
        self.room = math.inf
        self.sinks, self.window, self.base, self.scaling = sinks, window, base, scaling

    def dropped(self, new: int = 0) -> int:
        """Return how many tokens are gone once so many new ones are read."""
        return max(0, self.length + new - self.sinks - self.window)

    def extend(self, layer: int, kv: Tensor) -> Tensor:
        """Keep the keys and values ``(2, b, h, t, d)`` of new tokens; return those of all tokens that are kept.

        Raises ``ValueError`` for more new tokens than the window holds, or other sizes than were said.
        """
        self.check(layer, kv)
        t = kv.shape[3]
        if t > self.window:
            raise ValueError(f"the window holds {self.window} tokens; got {t} at once: read them in pieces")
        gone = self.dropped(t) - self.dropped()
        kept = self.kept[layer]
        first, rest = kept[:, :, :, : self.sinks], kept[:, :, :, self.sinks + gone :]
        self.kept[layer] = kept = torch.cat([first, rest, kv.detach()], 3)
        if not self.sinks or not self.dropped(t):
            return kept
        moved = turn(first[0], *self._by(self.dropped(t), kv))
        return torch.cat([torch.stack([moved, first[1]]), kept[:, :, :, self.sinks :]], 3)

    def forget(self, count: int) -> None:
        """Drop the last ``count`` tokens. Raises ``ValueError`` if there are fewer, or others were dropped for them."""
        if count and self.dropped():
            raise ValueError(f"{self.dropped():,} tokens were dropped to make room; what was read since stays")
        super().forget(count)
        self.kept = [kept[:, :, :, : self.length] for kept in self.kept]

    def _by(self, count: int, like: Tensor) -> tuple[Tensor, Tensor]:
        """Return what turns keys on by ``count`` positions: a turn alone, without YaRN's change of length."""
        cos, sin = rotation(torch.tensor([count], device=like.device), like.shape[-1], self.base, self.scaling)
        norm = torch.hypot(cos, sin)
        return (cos / norm).to(like.dtype), (sin / norm).to(like.dtype)
