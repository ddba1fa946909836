"""Check that every notebook keeps the rules of the house, without running it.

    python tools/check_notebooks.py [notebook ...] [--open]

It must be stored as `make notebooks` leaves it, with outputs; be below 1 MB; follow every cell whose output is exempt
from comparison by an assertion; silence no cell with a semicolon; end with at least five exercises, if it is a section
of a chapter, or two, if it answers questions, each with a solution; and name no place of the machine it was made on.
--open prints what stands open on the page of each (see tools/open_path.py).
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat
import open_path
from notebooks import BYTES, ROOT, _exempt, normalise, of_the_book, write

LINES = 20
WORDS = 3500  # on the open path: one sitting
NUMBERS = {2: "two", 5: "five"}


def faults(path: Path) -> list[str]:
    """Return what is wrong with one notebook, in sentences."""
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    found = []
    if len(text.encode()) > BYTES:
        found.append(f"is {len(text.encode()) / 1e6:.2f} MB large; {BYTES / 1e6:.0f} MB is allowed")

    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    counts = [cell.execution_count for cell in code]
    name = path.resolve().relative_to(ROOT).with_suffix("").as_posix()
    if counts != list(range(1, len(code) + 1)) or write(normalise(notebook, name)) != text:
        found.append("is not as `make notebooks` leaves it")
    for cell, following in zip(code, [*code[1:], None], strict=False):  # the last one has none
        first = cell.source.strip().splitlines()[0]
        if len(cell.source.splitlines()) > LINES and not open_path.is_model(cell.source):
            found.append(f"has a cell of more than {LINES} lines: {first}")
        if cell.source.rstrip().endswith(";"):
            found.append(f"silences a cell with a semicolon, which nbval does not honour: {first}")
        timed = "times" in cell.metadata.get("tags", [])  # tests/test_shown_times.py holds what it shows to the text
        if _exempt(cell) and not timed and not (following and re.search(r"^\s*assert\b", following.source, re.M)):
            found.append(f"says nothing of what it claims about the output of: {first}")

    stands = open_path.look(notebook)
    found += [f"has a cell of imports alone, which wants the tag setup: {first}" for first in stands.imports]
    found += [f"has a cell of assertions alone, which wants the tag check: {first}" for first in stands.assertions]
    found += [f"has a cell of plumbing alone, which wants the tag setup: {first}" for first in stands.plumbing]
    if stands.words > WORDS:
        found.append(
            f"has {stands.words:,} words that stand open; {WORDS:,} are allowed: cut, or fold with the tag deeper"
        )

    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    exercises = re.findall(r"\{exercise(?:-start)?\}[^`]*?:label: (\S+)", prose)
    solved = re.findall(r"\{solution(?:-start)?\} (\S+)", prose)
    if len(exercises) < (least := _exercises_of(name)):
        found.append(f"has {len(exercises)} exercises; at least {NUMBERS[least]} are asked for")
    found += [f"has no solution to the exercise {label}" for label in exercises if label not in solved]
    found += [
        f"names a place of one machine: {place}" for place in re.findall(r"/(?:home|tmp|Users|root)/[\w.-]+", text)
    ]
    return [f"{path}: {fault}" for fault in found]


def _exercises_of(name: str) -> int:
    """Return how many exercises a page has at least: five, or two where it answers questions; none outside chapters."""
    section = re.fullmatch(r"chapters/([^/]+)/.+", name)
    return 0 if section is None else 2 if section[1] == "faq" else 5


def print_open(paths: list[Path]):
    """Print what stands open: cells of one kind alone, lines of code, of code shown from src/, and words."""
    print(
        f"{'open on the page':32} {'imports':>8} {'asserts':>8} {'plumbing':>8} {'code':>6} {'shown':>6} {'words':>7}"
    )
    for path in paths:
        found = open_path.look(nbformat.read(path, as_version=4))
        name = path.with_suffix("").as_posix().removeprefix(f"{ROOT.as_posix()}/").removeprefix("chapters/")
        print(
            f"{name:32} {len(found.imports):8} {len(found.assertions):8} {len(found.plumbing):8}"
            f" {found.code:6} {found.shown:6} {found.words:7,}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path, help="all of the book if none is given")
    parser.add_argument("--open", action="store_true", help="print what stands open on each page, and no more")
    options = parser.parse_args()
    paths = options.notebooks or of_the_book()
    if options.open:
        print_open(paths)
        return 0
    found = [fault for path in paths for fault in faults(path)]
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    print(f"{len(paths)} notebooks checked, {len(found)} faults")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
