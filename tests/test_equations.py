"""Equations are written so that MathJax draws them well."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("*.ipynb"), *ROOT.glob("chapters/**/*.md"), *ROOT.glob("chapters/**/*.ipynb")]
# the font of the page is used for \text, and its box in a script is as wide as the full-size text would be
TEXT_IN_A_SCRIPT = re.compile(r"[_^](\{[^{}]*)?\\text\{[^}]*\}")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_words_in_subscripts_and_superscripts_are_roman_letters_rather_than_text(path):
    written = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(written)["cells"]
        written = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    found = [match[0] for match in TEXT_IN_A_SCRIPT.finditer(written)]
    assert not found, "write \\mathrm"
