"""What a decoder keeps of the text that it has read, so that a new token costs one row of attention."""

import torch
from torch import Tensor


class Cache:
    """Keys and values of the tokens read so far, so that a new token costs one row of attention and not the square.

    All the room is taken at once: ``(b, h, room, d)`` for the keys of each layer, and for the values. They are kept
    without gradients.

    Args:
        layers: how many layers keep something.
        batch: texts.
        heads: key-value heads of a layer, ``h``.
        room: tokens of each text that there is room for.
        width: numbers per key, ``d``.
        like: a tensor with the device and the precision to keep them in.
    """

    def __init__(self, layers: int, batch: int, heads: int, room: int, width: int, like: Tensor):
        self.kept, self.length, self.room = (
            [like.new_empty(2, batch, heads, room, width) for _ in range(layers)],
            0,
            room,
        )

    @property
    def batch(self) -> int:
        """How many texts it is for."""
        return self.kept[0].shape[1]

    def extend(self, layer: int, kv: Tensor) -> Tensor:
        """Keep the keys and values ``(2, b, h, t, d)`` of new tokens; return those of all tokens.

        Raises ``ValueError`` for keys and values of other sizes than were said, or for which there is no room.
        """
        self.check(layer, kv)
        kept, t = self.kept[layer], kv.shape[3]
        kept.narrow(3, self.length, t).copy_(kv.detach())
        return kept.narrow(3, 0, self.length + t)

    def check(self, layer: int, kv: Tensor) -> None:
        """Raise ``ValueError`` for keys and values that it cannot keep: torch would stretch some to its own sizes."""
        (_, b, h, _, d), length = self.kept[layer].shape, self.length + kv.shape[3]
        if kv.shape != (2, b, h, kv.shape[3], d):
            raise ValueError(
                f"the cache keeps (2, {b}, {h}, t, {d}), for {b} texts and {h} heads of width {d}; got "
                f"{tuple(kv.shape)}: start one for this model and as many texts as it reads"
            )
        if length > self.room:
            raise ValueError(f"the cache has room for {self.room:,} tokens; got {length:,}: start one with more room")

    def forget(self, count: int) -> None:
        """Drop the last ``count`` tokens, as if they had not been read. Raises ``ValueError`` if there are fewer."""
        if not 0 <= count <= self.length:
            raise ValueError(f"the cache holds {self.length} tokens; {count} of them cannot be dropped")
        self.length -= count


class GivenCache:
    """Keys and values that are given as one tensor, and of new tokens as another: a cache without room of its own.

    So a step can be exported: tensors in, tensors out. ``new`` holds the keys and values of the new tokens, layer by
    layer, ``(b, 2, h, t, d)`` each.

    Args:
        kept: of the tokens before, ``(b, layers, 2, h, s, d)``; s may be 0.
    """

    def __init__(self, kept: Tensor):
        self.kept, self.length, self.new = kept, kept.shape[4], []

    def extend(self, layer: int, kv: Tensor) -> Tensor:
        """Keep the keys and values ``(2, b, h, t, d)`` of new tokens; return those of all tokens."""
        self.new.append(kv.transpose(0, 1))
        return torch.cat([self.kept[:, layer].transpose(0, 1), kv], 3)
