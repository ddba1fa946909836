"""Source code that every reader has: the standard library as characters, ten packages as windows of tokens."""

import sysconfig
import tokenize
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from zlib import crc32

import torch
from torch import Tensor

from largemodels.data.cache import DataError
from largemodels.data.text import Text
from largemodels.text import UNKNOWN, Vocabulary

PRINTABLE = tuple(map(chr, range(ord(" "), ord("~") + 1)))
CODE_CHARACTERS = Vocabulary((UNKNOWN, "\n", *PRINTABLE))
PACKAGES = ("torch", "numpy", "scipy", "sklearn", "sympy", "networkx", "joblib", "mpmath", "jinja2", "fsspec")
# code that others wrote, or that says what the code does and not how
TESTS = {"test", "tests", "idle_test"}
INSTALLED = {"site-packages", "dist-packages"}
TABLES = {"encodings", "pydoc_data"}
COPIED = {"_vendor", "externals", "array_api_compat", "array_api_extra"}
LAYOUT = {tokenize.NEWLINE: "⏎", tokenize.INDENT: "⇥", tokenize.DEDENT: "⇤"}
SKIPPED = (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER)


@dataclass(frozen=True)
class LabelledWindows:
    """Windows of tokens ``(n, t)`` and their labels ``(n,)``, both int64, on one device."""

    tokens: Tensor
    labels: Tensor

    def __len__(self):
        return len(self.labels)


@dataclass(frozen=True)
class WindowData:
    """A training set, a test set, the names of the classes, and what the tokens stand for."""

    train: LabelledWindows
    test: LabelledWindows
    names: tuple[str, ...]
    vocabulary: Vocabulary


def source_code(device: str | torch.device = "cpu") -> Text:
    """Return the source code of Python's standard library as characters: 9 to 10 million of them.

    It ships with every Python, so it needs no network, and people wrote it to be read. It differs a little from
    one Python version to the next. Tests are left out, and so are two folders that are no programs: ``encodings``
    (tables of characters) and ``pydoc_data`` (a manual). The files follow each other in the order of their names.

    Files go to one side as a whole, about 1 in 20 to validation, as a checksum of the name decides. The vocabulary
    is always the same 97 symbols: unknown, the end of a line, and the 95 printable characters of ASCII. Tabs are
    expanded; everything else (about 20 characters in a million) is unknown.

    Raises:
        DataError: this Python has no standard library that can be read.
    """
    sides = {False: [], True: []}
    for path, held_out in standard_library():
        sides[held_out].append(read_code(path))
    if not all(sides.values()):
        folder = sysconfig.get_path("stdlib")
        raise DataError(f"{folder} holds no source code of Python's standard library. Use shakespeare() instead")
    train, validation = (CODE_CHARACTERS.encode("".join(sides[side])).to(device) for side in (False, True))
    return Text(train, validation, CODE_CHARACTERS)


def held_out_files() -> dict[str, int]:
    """Return the files that :func:`source_code` keeps for validation, and how many characters each has, in order."""
    folder = Path(sysconfig.get_path("stdlib"))
    files = [path for path, held_out in standard_library() if held_out]
    return {path.relative_to(folder).as_posix(): len(read_code(path)) for path in files}


def standard_library() -> list[tuple[Path, bool]]:
    """Return the files of Python's standard library that are read, and whether each is held out."""
    folder = Path(sysconfig.get_path("stdlib"))
    files = python_files(folder, leave_out=TESTS | INSTALLED | TABLES)
    return [(path, checksum(path, folder) % 20 == 0) for path in files]


def read_code(path: Path) -> str:
    """Return a file's text in the encoding that it declares, with tabs expanded."""
    with tokenize.open(path) as file:
        return file.read().expandtabs()


def package_windows(
    device: str | torch.device = "cpu", train: int = 400, test: int = 80, vocabulary: int = 10_000, length: int = 100
) -> WindowData:
    """Return windows of 100 tokens of Python, to be told apart by which of ten packages they are from.

    The packages come with torch and scikit-learn. Tokens are those of Python's own :mod:`tokenize`; the ends of
    lines are ``⏎``, a deeper or shallower indentation is ``⇥`` or ``⇤``. Comments and docstrings are left out,
    tests and copies of other packages as well.

    Every fourth file, by size, is for the test, and no file is on both sides. Training windows begin every
    ``length / 2`` tokens, test windows do not overlap. Where a package has more than are asked for, they are
    taken evenly from its first files, in an order that a checksum of the name decides. The vocabulary is the
    commonest tokens of the training files. Files that are no code of this Python are passed over.

    Args:
        train: windows per package to learn from.
        test: windows per package to test on.
        vocabulary: symbols, with the unknown one.
        length: tokens per window.

    Raises:
        ValueError: a number below 1, or more windows than a package has.
        DataError: a package is not installed.
    """
    if min(train, test, vocabulary, length) < 1:
        raise ValueError(f"all numbers must be at least 1; got {train}, {test}, {vocabulary} and {length}")
    taken = {"train": [], "test": []}
    common = Counter()
    for name in PACKAGES:
        learned, tested = _split(package_folder(name))
        taken["train"] += _take(learned, train, length, max(1, length // 2), f"{name} to learn from", common)
        taken["test"] += _take(tested, test, length, length, f"{name} to test on", Counter())
    symbols = Vocabulary((UNKNOWN, *(token for token, _ in common.most_common(vocabulary - 1))))

    def labelled(windows: list[list[str]]) -> LabelledWindows:
        tokens = symbols.encode(chain.from_iterable(windows)).view(-1, length)
        labels = torch.arange(len(PACKAGES)).repeat_interleave(len(windows) // len(PACKAGES))
        return LabelledWindows(tokens.to(device), labels.to(device))

    return WindowData(labelled(taken["train"]), labelled(taken["test"]), PACKAGES, symbols)


def python_files(folder: Path, leave_out: set[str]) -> list[Path]:
    """Return the Python files below a folder by name, but for those in folders whose names are left out.

    Files that the installation wrote for this machine alone (``_sysconfigdata…``) are left out, too.
    """
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.py")}
    return [
        path
        for name, path in sorted(files.items())
        if not leave_out & set(name.split("/")[:-1]) and not path.name.startswith("_sysconfigdata")
    ]


def package_folder(name: str) -> Path:
    """Return where a package is installed, without importing it. Raises ``DataError`` if it is not."""
    found = find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise DataError(f"the package {name} is not installed; it comes with torch or scikit-learn: install them")
    return Path(found.submodule_search_locations[0])


def read_tokens(path: Path) -> list[str]:
    """Return a Python file's tokens, without comments and docstrings; none if it is no code of this Python."""
    tokens, line = [], []
    try:
        with tokenize.open(path) as file:
            for token in tokenize.generate_tokens(file.readline):
                if token.type == tokenize.NEWLINE and [each.type for each in line] == [tokenize.STRING]:
                    line = []  # a docstring
                elif token.type == tokenize.NEWLINE:
                    tokens += [each.string for each in line] + [LAYOUT[token.type]]
                    line = []
                elif token.type in LAYOUT:
                    tokens.append(LAYOUT[token.type])
                elif token.type not in SKIPPED:
                    line.append(token)
    except (SyntaxError, UnicodeDecodeError, tokenize.TokenError):
        return []
    return tokens


def checksum(path: Path, folder: Path) -> int:
    """Return a number that depends on a file's name below its folder alone."""
    return crc32(path.relative_to(folder).as_posix().encode())


def _split(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return a package's files to learn from and to test on, each in the order of their checksums."""
    files = python_files(folder, leave_out=TESTS | COPIED)
    files.sort(key=lambda path: path.stat().st_size, reverse=True)
    tested = set(files[1::4])
    files.sort(key=lambda path: checksum(path, folder))
    return [path for path in files if path not in tested], [path for path in files if path in tested]


def _take(files: list[Path], wanted: int, length: int, stride: int, purpose: str, common: Counter) -> list[list[str]]:
    """Return windows of tokens, evenly from files that hold three times as many; count all their tokens."""
    windows = []
    for path in files:
        tokens = read_tokens(path)
        common.update(tokens)
        windows += [tokens[i : i + length] for i in range(0, len(tokens) - length + 1, stride)]
        if len(windows) >= 3 * wanted:
            break
    if len(windows) < wanted:
        raise ValueError(f"there are {len(windows)} windows of {purpose}; got {wanted}: ask for fewer, or shorter ones")
    return [windows[i * len(windows) // wanted] for i in range(wanted)]
