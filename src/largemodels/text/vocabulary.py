"""A vocabulary: the symbols that a model knows, and their numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

UNKNOWN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Vocabulary:
    """The symbols (characters or longer tokens) that a model knows, each with a number: its place.

    Symbol 0 is ``UNKNOWN``, ``"\N{REPLACEMENT CHARACTER}"``; it stands for every symbol that is not in the list.

    Raises:
        ValueError: symbols that do not begin with ``UNKNOWN``, are empty or stand in the list twice.
    """

    symbols: tuple[str, ...]

    def __post_init__(self):
        if not self.symbols or self.symbols[0] != UNKNOWN:
            raise ValueError(f"symbol 0 must be {UNKNOWN!r}, for what is unknown; got {self.symbols[:1]}")
        if "" in self.symbols or len(set(self.symbols)) < len(self.symbols):
            wrong = [symbol for symbol, n in Counter(self.symbols).items() if n > 1 or not symbol]
            raise ValueError(f"symbols must differ and not be empty; empty, or there more than once: {wrong[:5]}")

    def __len__(self):
        return len(self.symbols)

    def encode(self, text: str | Iterable[str]) -> Tensor:
        """Return the numbers ``(n,)``, int64, of a text's characters or of a list's tokens; 0 for unknown ones."""
        if isinstance(text, str) and self._characters:
            table = self._table
            codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
            return torch.from_numpy(np.where(codes < len(table), table[np.minimum(codes, len(table) - 1)], 0))
        return torch.tensor([self._numbers.get(symbol, 0) for symbol in text], dtype=torch.int64)

    def decode(self, ids: Tensor | Sequence[int]) -> str:
        """Return the text that numbers ``(n,)`` stand for; tokens longer than a character get spaces between them.

        Raises:
            ValueError: a number that is not in the vocabulary, or more than one axis.
        """
        ids = torch.as_tensor(ids)
        if ids.ndim != 1:
            raise ValueError(f"one text has one axis, (n,); got {tuple(ids.shape)}: decode its rows one by one")
        numbers = ids.tolist()
        if wrong := [i for i in numbers if not (isinstance(i, int) and 0 <= i < len(self))]:
            raise ValueError(f"symbols have whole numbers from 0 to {len(self) - 1}; got {wrong[0]}")
        return ("" if self._characters else " ").join(self.symbols[i] for i in numbers)

    def unknown(self, text: str | Iterable[str]) -> list[str]:
        """Return the symbols of a text that the vocabulary does not know, in order of appearance, each once."""
        return list(dict.fromkeys(symbol for symbol in text if symbol not in self._numbers))

    @cached_property
    def _characters(self) -> bool:
        return all(len(symbol) == 1 for symbol in self.symbols)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {symbol: i for i, symbol in enumerate(self.symbols)}

    @cached_property
    def _table(self) -> np.ndarray:
        """The number of every character, by its code point, as far as the vocabulary reaches."""
        points = [ord(symbol) for symbol in self.symbols]
        table = np.zeros(max(points) + 1, np.int64)
        table[points] = np.arange(len(points))
        return table
