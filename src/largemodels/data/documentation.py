"""Prose that every reader has: Python's manual, and what packages say of their own functions."""

import ast
from importlib.util import find_spec
from pathlib import Path
from zlib import crc32

from largemodels.data.cache import DataError
from largemodels.data.source_code import INSTALLED, TESTS, package_folder, python_files

SHORTEST = 400  # characters: shorter texts say little
LONG = 80  # characters of a paragraph: shorter ones are headings, which all texts share
EVERY = 10  # text, one is held out


def documentation(packages: tuple[str, ...] = ()) -> tuple[list[str], list[str]]:
    """Return texts in English about programs: some to learn from, and a tenth of them held out.

    They are the topics of Python's own manual (``help("if")`` shows one), about 400,000 characters, and the docstrings
    of packages, if some are given; with ``("numpy", "scipy", "sklearn")`` several million. They differ a little from
    one version to the next. A text that stands in several places is there once, and a checksum of it decides on which
    side it is. Long paragraphs that both sides have are left out of the texts to learn from. The order is by name.

    Args:
        packages: names of packages, which must be installed; none of them is imported.

    Raises:
        DataError: a package is not installed, or this Python came without its manual.
    """
    texts = _topics()
    for package in packages:
        folder = package_folder(package)
        for path in python_files(folder, leave_out=TESTS | INSTALLED):
            texts |= {
                f"{package}/{path.relative_to(folder).as_posix()}:{name}": text for name, text in _docstrings(path)
            }
    learn, held = [], []
    for text in dict.fromkeys(text for _, text in sorted(texts.items()) if len(text) >= SHORTEST):
        (learn if crc32(text.encode()) % EVERY else held).append(text)
    known = {paragraph for text in held for paragraph in text.split("\n\n") if len(paragraph) >= LONG}
    apart = ["\n\n".join(paragraph for paragraph in text.split("\n\n") if paragraph not in known) for text in learn]
    return [text for text in apart if len(text) >= SHORTEST], held


def _topics() -> dict[str, str]:
    if find_spec("pydoc_data") is None or find_spec("pydoc_data.topics") is None:
        raise DataError("this Python came without its manual (pydoc_data): install its standard library as a whole")
    from pydoc_data.topics import topics

    return {f"python/{name}": text for name, text in topics.items()}


def _docstrings(path: Path) -> list[tuple[str, str]]:
    """Return (name, docstring) of a file's module, classes and functions; nothing if it is no code of this Python."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return []
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            found.setdefault(text, f"{getattr(node, 'name', '')}:{getattr(node, 'lineno', 0)}")
    return [(name, text) for text, name in found.items()]
