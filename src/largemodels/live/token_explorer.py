"""Type, and see the tokens of a real model's tokenizer; and what one text costs in several languages."""

import json
import re
from collections.abc import Mapping

from traitlets import Bytes, Int

from largemodels.live.view import View
from largemodels.text import Tokenizer

LIMIT = 2000  # characters


class TokenExplorer(View):
    """The reader types, and sees at every keystroke the tokens, their ids and bytes, and how many there are.

    Beside it stands what other texts cost, such as one text in several languages; a press on one shows its tokens.
    The browser encodes by itself, in a notebook as in a page: it fetches the vocabulary when the reader first types.
    A page finds it ``beside`` itself, written by ``tools/vocabulary.py``; a notebook's kernel hands it over::

        TokenExplorer(Tokenizer.from_gguf(path), {"English": "All human beings …", "German": "Alle Menschen …"})

    Args:
        tokenizer: of byte pairs, as far as :func:`page_vocabulary` can write it down.
        texts: name → text, to compare with the first, which is what is shown to begin with.

    Raises:
        ValueError: no text, or one that is empty, or too long; a tokenizer that the browser cannot copy.
    """

    parts = ("token/encoder", "token/pieces", "token/costs")

    wanted = Int(help="how often the browser has asked for the vocabulary").tag(sync=True)
    brought = Bytes(help="the vocabulary, once it was asked for").tag(sync=True)

    def __init__(self, tokenizer: Tokenizer, texts: Mapping[str, str], **traits):
        if not texts:
            raise ValueError("there is no text to begin with: give at least one")
        for name, text in texts.items():
            if not 1 <= len(text) <= LIMIT:
                raise ValueError(f"the text {name!r} must have 1 to {LIMIT:,} characters; it has {len(text):,}")
        self._vocabulary = page_vocabulary(tokenizer)
        counts = {name: len(tokenizer.encode(text)) for name, text in texts.items()}
        settings = {
            "texts": [{"name": name, "text": text, "tokens": counts[name]} for name, text in texts.items()],
            "limit": LIMIT,
            "size": len(tokenizer),
        }
        first = next(iter(texts.values()))
        ids = tokenizer.encode(first).tolist()
        start = {"text": first, "ids": ids, "pieces": [list(piece) for piece in tokenizer.pieces(first)], "lacking": []}
        super().__init__(settings, outputs=start, **traits)
        self.observe(self._bring, "wanted")

    def _bring(self, change) -> None:
        self.brought = self._vocabulary


def page_vocabulary(tokenizer: Tokenizer) -> bytes:
    """Return, as JSON, all that a browser needs to encode text as ``tokenizer`` does.

    ``names`` are the first tokens, which text never becomes; ``bytes`` the tokens of one byte, which come next;
    ``left`` and ``right`` the ids of what is merged, in order, each merge giving the next token; ``patterns`` cut a
    text into words, as JavaScript writes regular expressions.

    Raises:
        ValueError: tokens in another order, or a way of cutting texts that JavaScript does not have.
    """
    pairs = tokenizer.pairs
    patterns = [_for_javascript(pattern) for pattern in getattr(pairs.split, "patterns", ())]
    if pairs.whole or tokenizer.always or not patterns or pairs.split.normal_form:
        raise ValueError("the browser cannot cut texts as this tokenizer does: it knows patterns alone")
    merged, count = len(pairs.merges), len(pairs)
    names = sum(1 for i in tokenizer.ids.values() if i < count - merged)
    singles = pairs.tokens[names : count - merged]
    order = sorted(tokenizer.ids.values()) == list(range(names)) and all(len(single) == 1 for single in singles)
    made = (left + right for left, right in pairs.merges)
    if not order or [*made] != pairs.tokens[count - merged :] or len(set(pairs.tokens)) != count:
        raise ValueError("the tokens must be the special ones, then single bytes, then one for each merge, in order")
    vocabulary = {
        "names": [pairs.tokens[i].decode() for i in range(names)],
        "bytes": [single[0] for single in singles],
        "left": [pairs.ids[left] for left, _ in pairs.merges],
        "right": [pairs.ids[right] for _, right in pairs.merges],
        "patterns": patterns,
    }
    return json.dumps(vocabulary, separators=(",", ":")).encode()


def _for_javascript(pattern: str) -> str:
    r"""Write a pattern of the ``regex`` package for JavaScript, whose ``\s`` are other characters."""
    if "(?i:" in pattern or re.search(r"[*+?]\+|\{[\d,]+\}\+", pattern):
        raise ValueError(f"not every browser has what this pattern is made of: {pattern}")
    return pattern.replace(r"\s", r"\p{White_Space}").replace(r"\S", r"\P{White_Space}")
