"""One text in twelve languages and seven scripts: the Universal Declaration of Human Rights, article by article."""

import json
from pathlib import Path

FILE = Path(__file__).with_name("declaration.json")  # written by tools/declaration.py; names its source and licence


def declaration() -> dict[str, list[str]]:
    """Return language → the thirty articles, in order; English is the first language.

    The texts are as published, in no particular normal form of Unicode. The paragraphs of an article stand on lines
    of their own.
    """
    return json.loads(FILE.read_text(encoding="utf-8"))["articles"]
