"""Check that every notebook keeps the rules of the house, without running it.

    python tools/check_notebooks.py [notebook ...]

It must be stored as `make notebooks` leaves it, with outputs; be below 1 MB; follow every cell whose output is exempt
from comparison by an assertion; silence no cell with a semicolon; end with at least five exercises, each with a
solution; and name no place of the machine it was made on.
"""

import re
import sys
from pathlib import Path

import nbformat
from notebooks import BYTES, ROOT, _exempt, normalise, write

LINES = 20


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
    for cell, following in zip(code, [*code[1:], None], strict=True):
        first = cell.source.strip().splitlines()[0]
        if len(cell.source.splitlines()) > LINES:
            found.append(f"has a cell of more than {LINES} lines: {first}")
        if cell.source.rstrip().endswith(";"):
            found.append(f"silences a cell with a semicolon, which nbval does not honour: {first}")
        if _exempt(cell) and not (following and re.search(r"^\s*assert\b", following.source, re.M)):
            found.append(f"says nothing of what it claims about the output of: {first}")

    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    exercises = re.findall(r"\{exercise(?:-start)?\}[^`]*?:label: (\S+)", prose)
    solved = re.findall(r"\{solution(?:-start)?\} (\S+)", prose)
    if len(exercises) < 5:
        found.append(f"has {len(exercises)} exercises; at least five are asked for")
    found += [f"has no solution to the exercise {label}" for label in exercises if label not in solved]
    found += [
        f"names a place of one machine: {place}" for place in re.findall(r"/(?:home|tmp|Users|root)/[\w.-]+", text)
    ]
    return [f"{path}: {fault}" for fault in found]


def main() -> int:
    paths = [Path(name) for name in sys.argv[1:]] or sorted((ROOT / "chapters").rglob("*.ipynb"))
    found = [fault for path in paths if ".ipynb_checkpoints" not in path.parts for fault in faults(path)]
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    print(f"{len(paths)} notebooks checked, {len(found)} faults")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
