"""Random numbers from a seed, the same in Python and in the browser, bit for bit: ``training/random.js``."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

WHOLE = 2**32


class Seeded:
    """The generator *mulberry32* (Ettinger 2017, public domain): 32 bits of state, for runs that can be repeated."""

    def __init__(self, seed: int):
        self._state = seed % WHOLE

    def whole(self) -> int:
        """Return a number from 0 to 2³² − 1."""
        self._state = s = (self._state + 0x6D2B79F5) % WHOLE
        t = (s ^ s >> 15) * (s | 1) % WHOLE
        t ^= (t + (t ^ t >> 7) * (t | 61)) % WHOLE
        return t ^ t >> 14

    def uniform(self) -> float:
        """Return a number in [0, 1)."""
        return self.whole() / WHOLE

    def below(self, n: int) -> int:
        """Return a whole number below ``n``."""
        return int(self.uniform() * n)

    def shuffled(self, n: int) -> list[int]:
        """Return the numbers below ``n`` in random order (Fisher and Yates)."""
        order = list(range(n))
        for i in range(n - 1, 0, -1):
            j = self.below(i + 1)
            order[i], order[j] = order[j], order[i]
        return order


class EndlessOrder:
    """Endless batches: every example once in a random order, then all of them again in another, and so on."""

    def __init__(self, random: Seeded, count: int):
        self._random, self._count, self._left = random, count, []

    def next(self, size: int) -> list[int]:
        """Return the indices of the next batch."""
        batch = []
        while len(batch) < size:
            if not self._left:
                self._left = self._random.shuffled(self._count)
            batch.append(self._left.pop())
        return batch


def first_weights(random: Seeded, shapes: Sequence[Sequence[int]], bounds: Sequence[float]) -> Tensor:
    """Return flat weights: for each shape numbers that are uniform between −bound and bound; a bound of 0 is zeros."""
    values = []
    for shape, bound in zip(shapes, bounds, strict=True):
        size = int(np.prod(shape))
        values += [(2 * random.uniform() - 1) * bound for _ in range(size)] if bound else [0.0] * size
    return torch.tensor(np.array(values, np.float64).astype(np.float32))
