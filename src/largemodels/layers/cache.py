"""What a decoder keeps of the text that it has read, so that a new token costs one row of attention."""

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

    def extend(self, layer: int, kv: Tensor) -> Tensor:
        """Keep the keys and values ``(2, b, h, t, d)`` of new tokens; return those of all tokens."""
        kept, t = self.kept[layer], kv.shape[3]
        kept.narrow(3, self.length, t).copy_(kv.detach())
        return kept.narrow(3, 0, self.length + t)

    def forget(self, count: int) -> None:
        """Drop the last ``count`` tokens, as if they had not been read. Raises ``ValueError`` if there are fewer."""
        if not 0 <= count <= self.length:
            raise ValueError(f"the cache holds {self.length} tokens; {count} of them cannot be dropped")
        self.length -= count
