"""How published models cut text into words before byte-pair encoding, which never merges across the end of a word.

A pre-tokeniser is a list of patterns. The first cuts the text into what it matches and what lies between; the next cuts
the pieces further. Sources: for ``gpt-2``, Radford et al. 2019 and their ``encoder.py``; for the others, the names
that the llama.cpp project writes into GGUF files, and the patterns of the tokenizers published with the models.
"""

import unicodedata
from dataclasses import dataclass
from functools import cached_property

CONTRACTIONS = "'s|'t|'re|'ve|'m|'ll|'d"
SPACE = r"\s+(?!\S)|\s+"  # the last space before a word is the word's own
LINES = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|" + SPACE

GPT2 = rf"{CONTRACTIONS}| ?\p{{L}}+| ?\p{{N}}+| ?[^\s\p{{L}}\p{{N}}]+|{SPACE}"
NUMBER = r"\p{N}"
QWEN2 = rf"(?i:{CONTRACTIONS})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}|{LINES}"
LLAMA3 = rf"(?i:{CONTRACTIONS})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{LINES}"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
CASES = tuple(rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}{a}{LOWER}{b}" for a, b in ("*+", "+*"))
MARKS = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|" + SPACE
TEKKEN = rf"{CASES[0]}|{CASES[1]}|\p{{N}}|{MARKS}"
GPT4O = rf"{CASES[0]}(?i:{CONTRACTIONS})?|{CASES[1]}(?i:{CONTRACTIONS})?|\p{{N}}{{1,3}}|{MARKS}"


@dataclass(frozen=True)
class PreTokeniser:
    """Cuts a text into words: ``split(text) -> list[str]``, which put together are the text.

    Args:
        patterns: regular expressions as the ``regex`` package has them (``\\p{L}``: letters, ``\\p{N}``: numbers).
        normal_form: a form of Unicode that the text is brought into first, such as ``NFC``, which writes an e and its
            accent as one character; the words are then those of that text.

    Raises, when it is used, ``ImportError`` where the ``regex`` package is not installed, and ``ValueError`` for a
    pattern that means nothing.
    """

    patterns: tuple[str, ...]
    normal_form: str | None = None

    def __call__(self, text: str) -> list[str]:
        """Return the words of ``text``."""
        words = [unicodedata.normalize(self.normal_form, text) if self.normal_form else text]
        for pattern in self._compiled:
            words = [piece for word in words for piece in _cut(word, pattern)]
        return words

    @cached_property
    def _compiled(self) -> list:
        try:
            import regex
        except ImportError as error:
            raise ImportError("cutting text into words needs the regex package: pip install regex") from error
        try:
            return [regex.compile(pattern) for pattern in self.patterns]
        except regex.error as error:
            raise ValueError(f"the pre-tokeniser has a pattern that means nothing: {error}") from error


KNOWN = {
    "gpt-2": PreTokeniser((GPT2,)),
    "smollm": PreTokeniser((NUMBER, GPT2)),
    "llama-bpe": PreTokeniser((LLAMA3,)),
    "qwen2": PreTokeniser((QWEN2,), "NFC"),
    "tekken": PreTokeniser((TEKKEN,)),
    "gpt-4o": PreTokeniser((GPT4O,)),
}
ALSO = {
    "gpt2": "gpt-2",
    "starcoder": "smollm",
    "refact": "smollm",
    "llama3": "llama-bpe",
    "llama-v3": "llama-bpe",
    "pixtral": "llama-bpe",
    "deepseek-r1-qwen": "qwen2",
    "llama4": "gpt-4o",
}


def pre_tokeniser(name: str) -> PreTokeniser:
    """Return the pre-tokeniser that GGUF files call ``name``.

    Raises ``ValueError`` for a name that is not known: text cut in another way than in training gives other tokens.
    """
    try:
        return KNOWN[ALSO.get(name, name)]
    except KeyError:
        raise ValueError(f"the pre-tokeniser is {name!r}; known are {', '.join(sorted([*KNOWN, *ALSO]))}") from None


def _cut(text: str, pattern) -> list[str]:
    """Return what a pattern matches, and what lies between."""
    pieces = pattern.findall(text)
    if sum(map(len, pieces)) == len(text):
        return pieces
    pieces, end = [], 0
    for match in pattern.finditer(text):
        pieces += text[end : match.start()], match.group()
        end = match.end()
    return [piece for piece in (*pieces, text[end:]) if piece]
