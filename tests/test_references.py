"""The bibliography: every entry is whole, has a key of its own, and an address at which the work can be looked up."""

import re
from pathlib import Path

from pybtex.database.input.bibtex import Parser

FILE = Path(__file__).resolve().parents[1] / "references.bib"


def test_every_entry_is_whole_and_has_a_key_of_its_own():
    text = FILE.read_text(encoding="utf-8")
    found = Parser().parse_string(text).entries  # raises for an entry that does not end, or a key that comes twice
    assert len(found) == len(re.findall(r"^@", text, re.M)) > 300


def test_every_entry_has_an_address():
    entries = Parser().parse_file(str(FILE)).entries
    without = [key for key, entry in entries.items() if not {"doi", "url"} & {name.lower() for name in entry.fields}]
    assert without == []
