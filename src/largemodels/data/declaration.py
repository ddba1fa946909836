"""One text in 24 languages and 16 scripts: the Universal Declaration of Human Rights, article by article."""

import json
from itertools import islice
from pathlib import Path

FILE = Path(__file__).with_name("declaration.json")  # written by tools/declaration.py; names its source and licence
MOST = 24  # languages in it


def declaration(languages: int = 12) -> dict[str, list[str]]:
    """Return language → the thirty articles, in order, for the first so many languages; English is the first of all.

    The texts are as published, in no particular normal form of Unicode. The paragraphs of an article stand on lines
    of their own. Raises ``ValueError`` for fewer languages than one, or more than there are.
    """
    if type(languages) is not int or not 1 <= languages <= MOST:
        raise ValueError(f"the declaration is here in 1 to {MOST} languages; got {languages!r}")
    return dict(islice(json.loads(FILE.read_text(encoding="utf-8"))["articles"].items(), languages))
