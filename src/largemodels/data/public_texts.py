"""Texts that stand in many places, and texts beside them that stand nowhere: what a model could know by heart."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("public_texts.json")
MARKED = re.compile(r"\{([^|{}]+)\|([^|{}]+)\}")  # {as it is|exchanged}


@dataclass(frozen=True)
class PublicText:
    """The beginning of a text that many have copied, and two controls.

    Attributes:
        name: of the text.
        kind: ``law``, ``scripture``, ``literature``, ``software`` or ``filler``.
        origin: who wrote it, and when.
        text: as it stands.
        exchanged: the same, with words replaced by others that fit there; unlikely, and nowhere to be read.
        anew: another text in the same manner, about as long, written for this book.
    """

    name: str
    kind: str
    origin: str
    text: str
    exchanged: str
    anew: str


def public_texts() -> list[PublicText]:
    """Return beginnings of 24 texts, English but for one: declarations, scripture, first lines of books, licences."""
    found = json.loads(FILE.read_text(encoding="utf-8"))["texts"]
    return [
        PublicText(
            text=MARKED.sub(r"\1", each["marked"]),
            exchanged=MARKED.sub(r"\2", each["marked"]),
            **{name: each[name] for name in ("name", "kind", "origin", "anew")},
        )
        for each in found
    ]
