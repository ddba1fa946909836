"""The model to beat: predict a character from the few before it, by counting."""

import numpy as np
from numpy.typing import ArrayLike

LARGEST = 2**63


class NGram:
    """Count the sequences of ``order`` symbols in a text, and predict each symbol from the ``order − 1`` before it.

    Smoothing is modified Kneser–Ney, interpolated (Kneser and Ney 1995; Chen and Goodman 1999): a discount is
    taken off every count, and what it frees is shared out as the next shorter context predicts; the shortest leaves
    it to all symbols alike. Contexts shorter than ``order − 1`` count in how many different longer ones a symbol
    follows them, not how often. There are three discounts for each length, for counts of 1, 2 and more, estimated from
    the text (Chen and Goodman's equation 26); where it is too short for that they are a half.

    Raises:
        ValueError: an order below 1.
    """

    def __init__(self, order: int = 5):
        if order < 1:
            raise ValueError(f"order must be at least 1 symbol; got {order}")
        self.order, self.size = order, 0
        self._levels: list[_Level] = []
        self._numbers: _Numbers | None = None

    def fit(self, tokens: ArrayLike, vocabulary_size: int) -> "NGram":
        """Learn a text ``(n,)`` of numbers from 0 to ``vocabulary_size − 1``; return the model itself.

        Raises:
            ValueError: a text shorter than ``order``, unknown symbols, or sequences too many to number in 64 bits.
        """
        if vocabulary_size < 1:
            raise ValueError(f"a vocabulary has at least 1 symbol; got {vocabulary_size}")
        tokens = _checked(tokens, vocabulary_size, self.order)
        self.size, self._levels = vocabulary_size, []
        self._numbers = numbers = _Numbers(tokens, self.order, vocabulary_size)
        starts = np.arange(len(tokens) - self.order + 1)  # where each different sequence stands in the text, once
        sequences = numbers(tokens, self.order)
        for length in range(self.order, 0, -1):
            if length > numbers.whole:
                sequences, index, counts = np.unique(sequences, return_index=True, return_counts=True)
                starts = starts[index] + 1  # without its first symbol a sequence begins one further
                shorter = numbers(tokens, length - 1)[starts]
            else:
                sequences, counts = np.unique(sequences, return_counts=True)
                shorter = sequences % vocabulary_size ** (length - 1)
            self._levels.insert(0, _Level(sequences, counts, vocabulary_size))
            sequences = shorter
        return self

    def probabilities(self, tokens: ArrayLike) -> np.ndarray:
        """Return the probability ``(n,)`` of every symbol of a text ``(n,)`` after those before it.

        The first symbols of the text have fewer before them than ``order − 1``, and are predicted from those.

        Raises:
            ValueError: the model has not learned a text, or the text is empty or holds symbols that it does not know.
        """
        if not self._levels:
            raise ValueError("the model has not learned a text; call fit first")
        tokens = _checked(tokens, self.size, 1)
        p = np.full(len(tokens), 1 / self.size)
        for length, level in enumerate(self._levels, start=1):
            if length <= len(tokens):
                p[length - 1 :] = level.refine(self._numbers(tokens, length), p[length - 1 :])
        return p

    @property
    def kept(self) -> int:
        """How many different sequences, of all lengths up to ``order``, it keeps a number for; 0 before ``fit``."""
        return sum(len(level.sequences) for level in self._levels)

    def loss(self, tokens: ArrayLike) -> float:
        """Return the mean cross-entropy of a text ``(n,)`` in nats a symbol. Raises as :meth:`probabilities`."""
        return float(-np.log(self.probabilities(tokens)).mean())


class _Numbers:
    """Gives every sequence of symbols in a text a number, whose lowest digit is its last symbol.

    As long as that fits into 63 bits, the digits are the symbols. In longer sequences the first ``whole`` symbols, as
    many as fit, become one digit: their place among those of the text that is learned. What begins otherwise is −1.
    """

    def __init__(self, tokens: np.ndarray, order: int, size: int):
        self.size = size
        self.whole = next(length for length in range(order, 0, -1) if size**length <= LARGEST)
        self.heads = np.unique(_numbered(tokens, self.whole, size)) if self.whole < order else np.zeros(1, np.int64)
        if len(self.heads) * size ** (order - self.whole) > LARGEST:
            raise ValueError(f"sequences of {order} of {size} symbols cannot be numbered in 63 bits; lower the order")

    def __call__(self, tokens: np.ndarray, length: int) -> np.ndarray:
        """Return the numbers of all sequences of ``length`` symbols in a text ``(n,)``: ``(n − length + 1,)``."""
        rest = length - self.whole
        if rest <= 0:
            return _numbered(tokens, length, self.size)
        place, known = _find(self.heads, _numbered(tokens[:-rest], self.whole, self.size))
        return np.where(known, place * self.size**rest + _numbered(tokens[self.whole :], rest, self.size), -1)


class _Level:
    """What the contexts of one length predict; a sequence is numbered with its last symbol as the lowest digit."""

    def __init__(self, sequences: np.ndarray, counts: np.ndarray, size: int):
        self.size, self.sequences = size, sequences
        off = discounts(counts)[np.minimum(counts, 3) - 1]
        # sequences are sorted, so those of one context stand together
        self.contexts, first, followers = np.unique(sequences // size, return_index=True, return_counts=True)
        totals = np.add.reduceat(counts, first)
        self.left = np.add.reduceat(off, first) / totals
        self.shares = (counts - off) / np.repeat(totals, followers)

    def refine(self, sequences: np.ndarray, p: np.ndarray) -> np.ndarray:
        """Turn the shorter context's probabilities into this one's; unknown contexts leave them as they are."""
        context, known = _find(self.contexts, sequences // self.size)
        place, seen = _find(self.sequences, sequences)
        return np.where(known, self.left[context], 1.0) * p + np.where(seen, self.shares[place], 0.0)


def discounts(counts: np.ndarray) -> np.ndarray:
    """Estimate what to take off a count of 1, of 2, and of 3 or more: ``(3,)``."""
    n = np.array([(counts == k).sum() for k in (1, 2, 3, 4)])
    if (n == 0).any():
        return np.full(3, 0.5)
    k = np.arange(1, 4)
    estimate = k - (k + 1) * n[0] / (n[0] + 2 * n[1]) * n[1:] / n[:-1]
    return estimate if (estimate > 0).all() and (estimate < k).all() else np.full(3, 0.5)


def _find(ordered: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where each of ``wanted`` stands in an ordered array, and whether it does."""
    place = np.searchsorted(ordered, wanted).clip(max=len(ordered) - 1)
    return place, ordered[place] == wanted


def _numbered(tokens: np.ndarray, length: int, size: int) -> np.ndarray:
    """Return one number for every sequence of ``length`` symbols in a text ``(n,)``: ``(n − length + 1,)``."""
    numbers = np.zeros(len(tokens) - length + 1, np.int64)
    for i in range(length):
        numbers *= size
        numbers += tokens[i : i + len(numbers)]
    return numbers


def _checked(tokens: ArrayLike, size: int, shortest: int) -> np.ndarray:
    """Return a text as an array; raise ``ValueError`` unless it is whole numbers ``(n,)``, all known, and enough."""
    tokens = np.asarray(tokens)
    if tokens.ndim != 1 or tokens.dtype.kind not in "iu":
        raise ValueError(f"a text is whole numbers (n,); got {tokens.dtype} of shape {tokens.shape}")
    if len(tokens) < shortest:
        raise ValueError(f"the text must have at least {shortest} symbols; got {len(tokens)}")
    if tokens.min() < 0 or tokens.max() >= size:
        wrong = tokens.min() if tokens.min() < 0 else tokens.max()
        raise ValueError(f"the model knows symbols from 0 to {size - 1}; got {wrong}: encode with the same vocabulary")
    return tokens
