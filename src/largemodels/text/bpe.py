"""Byte-pair encoding: a text starts as bytes, and the most common pair of neighbours becomes a token, again and again.

Gage (1994) for compression; Sennrich et al. (2016) for translation; Radford et al. (2019) on bytes, so that no text is
unknown.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from copy import copy
from heapq import heapify, heappop, heappush
from itertools import pairwise

from largemodels.text.pre_tokenisers import pre_tokeniser

# The first 256 tokens are the bytes, in GPT-2's order: the visible characters of Latin-1, then the others
VISIBLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
MOST = 2**17  # words whose tokens are kept
ALPHABET = [bytes([byte]) for byte in [*VISIBLE, *(byte for byte in range(256) if byte not in VISIBLE)]]


def train_bpe(texts: str | Iterable[str], size: int, split: str | Callable[[str], list[str]] = "gpt-2") -> "BytePairs":
    """Learn a vocabulary of ``size`` tokens: the 256 bytes, and one for each of the pairs that were the most common.

    Of equally common pairs, the one with the smaller token ids is merged first (left ids are compared, then right ids),
    as in the tokenizers library. Where no pair is left, every word is a token, and the vocabulary stays smaller.

    Args:
        texts: one text or several.
        size: number of tokens, at least 256.
        split: cuts a text into words, across which nothing is merged: the name of a pre-tokeniser, or a function.

    Raises:
        ValueError: a size below 256, or a pre-tokeniser that is not known.
    """
    if size < len(ALPHABET):
        raise ValueError(f"a vocabulary has at least the {len(ALPHABET)} bytes; got size = {size}")
    split = pre_tokeniser(split) if isinstance(split, str) else split
    found = Counter(word for text in ([texts] if isinstance(texts, str) else texts) for word in split(text))
    ids = {byte: i for i, (byte,) in enumerate(ALPHABET)}
    words = [[ids[byte] for byte in word.encode()] for word in found]  # each as token ids; a merge shortens them
    times = list(found.values())

    counts, places = Counter(), defaultdict(set)  # of a pair: how often it occurs, and the words that may have it
    for i, word in enumerate(words):
        for pair in pairwise(word):
            counts[pair] += times[i]
            places[pair].add(i)
    queue = [(-count, pair) for pair, count in counts.items()]
    heapify(queue)

    tokens, merges = list(ALPHABET), []
    while queue and len(tokens) < size:
        count, pair = heappop(queue)
        if -count != counts[pair]:  # other merges have taken some of them since: queue what is left
            if counts[pair]:
                heappush(queue, (-counts[pair], pair))
            continue
        left, right = (tokens[i] for i in pair)
        new = len(tokens)
        tokens.append(left + right)
        merges.append((left, right))
        fresh = set()
        for i in places.pop(pair):
            for old in pairwise(words[i]):
                counts[old] -= times[i]
            words[i] = merged(words[i], pair, new)
            for now in pairwise(words[i]):
                counts[now] += times[i]
                if new in now:
                    places[now].add(i)
                    fresh.add(now)
        for now in fresh:
            heappush(queue, (-counts[now], now))
    return BytePairs(tokens, merges, split)


def merged(word: list[int], pair: tuple[int, int], new: int) -> list[int]:
    """Return ``word`` with ``new`` wherever ``pair`` was, from left to right."""
    result, i = [], 0
    while i < len(word):
        found = word[i] == pair[0] and i + 1 < len(word) and word[i + 1] == pair[1]
        result.append(new if found else word[i])
        i += 2 if found else 1
    return result


class BytePairs:
    """A vocabulary of byte pairs: ``encode`` cuts a text into tokens, ``decode`` puts them together again.

    Args:
        tokens: the bytes that each token stands for, by its id.
        merges: pairs of tokens, in the order in which they are merged.
        split: cuts a text into words, across which nothing is merged.
        whole: whether a word that is a token is taken whole, whatever the merges would make of it.

    Raises:
        ValueError: a merge whose result is not in the vocabulary.
    """

    def __init__(
        self,
        tokens: Sequence[bytes],
        merges: Sequence[tuple[bytes, bytes]],
        split: Callable[[str], list[str]],
        whole: bool = False,
    ):
        self.tokens, self.merges, self.split, self.whole = list(tokens), list(merges), split, whole
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        self._rank = {pair: i for i, pair in enumerate(self.merges)}
        for left, right in self.merges:
            if left + right not in self.ids:
                raise ValueError(f"{left!r} and {right!r} are merged, but the vocabulary has no {left + right!r}")
        self._known: dict[str, list[int]] = {}  # most words come again and again

    def __len__(self):
        return len(self.tokens)

    def without(self, special: Collection[int]) -> "BytePairs":
        """Return the same vocabulary, but no text becomes one of the tokens ``special``, whatever it says."""
        other = copy(self)
        other.ids = {token: i for i, token in enumerate(self.tokens) if i not in special}
        other._rank = {pair: i for pair, i in self._rank.items() if pair[0] + pair[1] in other.ids}
        other._known = {}
        return other

    def encode(self, text: str) -> list[int]:
        """Return the token ids of ``text``.

        Raises ``ValueError`` for half a surrogate pair, which UTF-8 cannot write, or a byte that the vocabulary lacks.
        """
        ids, known = [], self._known
        for word in self.split(text):
            if (found := known.get(word)) is None:
                if len(known) == MOST:
                    known.clear()
                found = known[word] = self._encode_word(word)
            ids += found
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of tokens. Bytes that are not UTF-8, such as half a character, become ``�``.

        Raises ``ValueError`` for an id that is not in the vocabulary.
        """
        return b"".join(map(self.token, ids)).decode(errors="replace")

    def token(self, i: int) -> bytes:
        """Return the bytes of the token with the id ``i``. Raises ``ValueError`` if there is none."""
        if not 0 <= i < len(self.tokens):
            raise ValueError(f"token ids go from 0 to {len(self.tokens) - 1:,}; got {i:,}")
        return self.tokens[i]

    def _encode_word(self, word: str) -> list[int]:
        data = word.encode()
        if self.whole and data in self.ids:
            return [self.ids[data]]
        parts = self._merge(data)
        if lacking := [part for part in parts if part not in self.ids]:
            raise ValueError(f"{word!r} cannot be encoded: the vocabulary has no token for the byte {lacking[0]!r}")
        return [self.ids[part] for part in parts]

    def _merge(self, word: bytes) -> list[bytes]:
        """Merge the pair that comes first in ``merges``, the leftmost of them, until no pair can be merged."""
        n, rank = len(word), self._rank
        parts = [word[i : i + 1] for i in range(n)]  # one that was merged into its left neighbour is empty
        before, after = list(range(-1, n)), list(range(1, n + 2))  # the places of the neighbours
        queue = [(rank[pair], i) for i, pair in enumerate(pairwise(parts)) if pair in rank]
        heapify(queue)
        while queue:
            order, i = heappop(queue)
            j = after[i]
            if j >= n or rank.get((parts[i], parts[j])) != order:  # one of the two has been merged since
                continue
            parts[i], parts[j] = parts[i] + parts[j], b""
            after[i] = after[j]
            before[after[j]] = i
            for left in (before[i], i):
                if left >= 0 and after[left] < n and (pair := (parts[left], parts[after[left]])) in rank:
                    heappush(queue, (rank[pair], left))
        return [part for part in parts if part]
