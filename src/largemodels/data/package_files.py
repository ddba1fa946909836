"""Files of many types that lie on every machine with this book: those of the packages that it is installed with."""

import random
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ENDINGS = {  # how the name of a file ends → the types that Magika may name it by; the first is what we call it
    "py pyi": "python",
    "js mjs cjs": "javascript",
    "ts": "typescript",
    "json": "json",
    "ipynb": "ipynb json",
    "txt": "txt",
    "md": "markdown",
    "rst": "rst",
    "html": "html jinja twig handlebars",
    "xml": "xml",
    "css": "css",
    "scss": "scss",
    "h": "c cpp",
    "c": "c",
    "cpp cc hpp": "cpp",
    "f90 f": "fortran",
    "po pot": "po",
    "csv": "csv",
    "toml": "toml",
    "yaml yml": "yaml",
    "ini cfg": "ini",
    "sh": "shell",
    "ps1": "powershell",
    "cmd bat": "batch",
    "cmake": "cmake",
    "proto": "proto",
    "tex sty": "latex",
    "jinja j2": "jinja twig",
    "svg": "svg",
    "png": "png",
    "jpg jpeg": "jpeg",
    "gif": "gif",
    "ico": "ico",
    "pdf": "pdf",
    "wav": "wav",
    "ttf": "ttf",
    "woff": "woff",
    "woff2": "woff2",
    "npy": "npy",
    "npz": "npz",
    "pkl": "pickle",
    "onnx": "onnx",
    "gz": "gzip",
    "bz2": "bzip",
    "xz": "xz",
    "zip": "zip",
    "pyc": "pythonbytecode",
    "so": "elf",
    "exe": "pebin",
}
TYPE_OF = {f".{ending}": tuple(types.split()) for endings, types in ENDINGS.items() for ending in endings.split()}
OTHERWISE = {"entry_points.txt", "CMakeLists.txt"}  # the ending says another type than the file is of
LEAST = 8  # bytes, white space at both ends apart
MOST = 8_000_000


@dataclass(frozen=True)
class PackageFile:
    """A file, the package that it came with, and its type: the names that count as right, the usual one first."""

    path: Path
    package: str
    types: tuple[str, ...]

    @property
    def type(self) -> str:
        """The usual name of its type."""
        return self.types[0]

    def read(self) -> bytes:
        """Return what is in it."""
        return self.path.read_bytes()


def package_files(
    packages: Iterable[str] | None = None, most: int = 4, seed: int = 0, only: Iterable[str] | None = None
) -> list[PackageFile]:
    """Return files of installed packages whose type their ending tells, at most ``most`` of each type from a package.

    Empty and very short files are left out, and so are files that begin and end as one that was taken before: many
    packages carry copies of the same files.

    Args:
        packages: names; all that are installed if not given.
        most: files of one type from one package, drawn by chance.
        seed: of the draw.
        only: types to be taken; all of them if not given.

    Raises ``ValueError`` for ``most`` below 1, ``PackageNotFoundError`` for a package that is not installed.
    """
    if most < 1:
        raise ValueError(f"at least one file of a type is taken from a package; got {most}")
    found = [metadata.distribution(name) for name in packages] if packages else list(metadata.distributions())
    named = {each.name.lower(): each for each in found}
    kept, seen = [], set()
    for name in sorted(named):
        of_type = defaultdict(list)
        for file in sorted(named[name].files or (), key=str):
            types = TYPE_OF.get(file.suffix.lower())
            if types and file.name not in OTHERWISE and ".." not in file.parts and (not only or types[0] in only):
                of_type[types].append(Path(str(named[name].locate_file(file))))
        for types, paths in sorted(of_type.items()):
            chance = random.Random(zlib.crc32(f"{seed} {name} {types[0]}".encode()))
            chance.shuffle(paths)
            taken = 0
            for path in paths:
                if taken == most:
                    break
                if (ends := _ends(path)) and ends not in seen:
                    seen.add(ends)
                    kept.append(PackageFile(path, name, types))
                    taken += 1
    return kept


def common_types(files: Iterable[PackageFile], packages: int = 4) -> list[str]:
    """Return the types that come from at least so many packages, the most frequent first."""
    files = list(files)
    sources = defaultdict(set)
    for file in files:
        sources[file.type].add(file.package)
    return [name for name, _ in Counter(file.type for file in files).most_common() if len(sources[name]) >= packages]


def _ends(path: Path) -> bytes:
    """Return a file's first and last 1,024 bytes, without white space; nothing for a file that is not to be taken."""
    if not path.is_file() or not LEAST <= path.stat().st_size <= MOST:
        return b""
    content = path.read_bytes().strip()
    return content[:1024] + content[-1024:] if len(content) >= LEAST else b""
