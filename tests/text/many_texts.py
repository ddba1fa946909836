"""Lines of code and of many languages, from packages that the tests have anyway, and strange ones made at random."""

import sysconfig
import unicodedata
from collections import Counter
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from babel import Locale
from babel.messages.pofile import read_po
from hypothesis import strategies as st

SPHINX = Path(find_spec("sphinx").submodule_search_locations[0]) / "locale"
TRANSLATED = "ar bg bn ca cs de el es et fa fr gl he hi hu id ja ka ko lt ne nl pl pt_BR ru si sq ta te tr ur vi zh_CN"
NAMED = "am as bo chr dz gu hy km kn ks lo ml mn mr my or pa ps sd ug th ti ii yi dv"


@cache
def prose() -> list[str]:
    """Return messages of Sphinx in its languages, and names of languages in others, a line each."""
    lines = []
    for language in TRANSLATED.split():
        with open(SPHINX / language / "LC_MESSAGES/sphinx.po", "rb") as file:
            messages = [message.string for message in read_po(file, ignore_obsolete=True) if message.id]
        lines += [line for message in messages if isinstance(message, str) for line in message.splitlines() if line]
    for language in NAMED.split():
        if language in AVAILABLE:
            names = [*Locale(language).languages.values(), *Locale(language).territories.values()]
            lines += [", ".join(names[i : i + 5]) for i in range(0, len(names), 5)]
    return lines


@cache
def code() -> list[str]:
    """Return lines of Python and C as they stand, with their ends."""
    folders = [Path(sysconfig.get_path("stdlib")), Path(find_spec("numpy").submodule_search_locations[0])]
    paths = [path for folder in folders for suffix in ("py", "h") for path in sorted(folder.rglob(f"*.{suffix}"))]
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in paths[::100])
    return [line for text in texts for line in text.splitlines(keepends=True)]


def scripts(lines: list[str], least: int = 500) -> set[str]:
    """Return the scripts of which there are at least so many letters, by the first word of their names."""
    letters = Counter(character for line in lines for character in line if character.isalpha())
    found = Counter()
    for letter, count in letters.items():
        found[unicodedata.name(letter, "UNNAMED").split()[0]] += count
    return {script for script, count in found.items() if count >= least and script != "UNNAMED"}


def _available() -> set[str]:
    from babel.localedata import locale_identifiers

    return set(locale_identifiers())


AVAILABLE = _available()

WHITE = [
    "  ",
    "\n",
    "\r\n",
    "\t",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1f",
    "\x85",
    "\xa0",
    "\u1680",
    "\u2009",
    "\u2028",
    "\u3000",
    "\u200b",
    "\ufeff",
]
EMOJI = ["😀", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🇧🇷", "✈️", "1️⃣", "👍🏽"]
MARKS = ["e\u0301", "\u0301", "a\u0308\u0323", "क्षि", "ก็", "שׁ", "\u200d", "각"]
NUMBERS = ["2026", "٣", "१२", "Ⅷ", "½", "²", "十", "①", "1,000.5", "0x1F"]
ENGLISH = [
    "'s",
    "'re",
    "'LL",
    "'ſ",
    "don't",
    " the",
    "The",
    "_x",
    "__init__",
    "<|im_end|>",
    "<|endoftext|>",
    "-----",
    "=" * 40,
]
STRANGE = st.lists(
    st.one_of(
        *map(st.sampled_from, (WHITE, EMOJI, MARKS, NUMBERS, ENGLISH)),
        st.characters(exclude_categories=("Cs", "Cn")),
        st.text(st.characters(codec="ascii"), max_size=6),
    ),
    max_size=30,
).map("".join)
