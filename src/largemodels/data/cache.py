"""Find a published file on disk or on a mirror, and never trust one whose content is not the published one."""

import gzip
import hashlib
import os
import tempfile
from pathlib import Path


class DataError(OSError):
    """A data file is missing, could not be fetched or is not what was published."""


def data_folder() -> Path:
    """Return where downloaded data lives: ``LARGEMODELS_DATA`` if set, else the user's cache folder."""
    if folder := os.environ.get("LARGEMODELS_DATA"):
        return Path(folder).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "largemodels"


def read_published(name: str, sha256: str, mirrors: tuple[str, ...], offline: str) -> bytes:
    """Return the decompressed content of a published file, from the data folder or else from a mirror.

    Args:
        name: path below the data folder (``mnist/train-images-idx3-ubyte.gz``); ``.gz`` is decompressed.
        sha256: of the decompressed content, so that any mirror's compression will do.
        mirrors: folders on the web that hold the file, tried in order.
        offline: what a reader without a network can use instead, in words, for the error.

    Raises:
        DataError: the file on disk is not the published one, or no mirror gave it.
    """
    path = data_folder() / name
    if path.exists():
        return _verified(path, path, sha256, offline)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{name} has no place to be kept ({error}); set LARGEMODELS_DATA. {offline}") from error
    problems = []
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        for mirror in mirrors:
            try:
                fetched = _fetch(mirror + path.name, Path(folder))
                content = _verified(fetched, mirror + path.name, sha256, offline)
            except (OSError, ValueError) as error:
                problems.append(f"  {mirror}: {error}")
                continue
            fetched.replace(path)  # whole or not at all
            return content
    raise DataError(f"{name} is not in {data_folder()} and no mirror gave it.\n" + "\n".join([*problems, offline]))


def _fetch(url: str, folder: Path) -> Path:
    try:
        import pooch
    except ImportError as error:
        raise DataError("downloading needs pooch: pip install pooch") from error
    downloaded = pooch.retrieve(url, known_hash=None, path=folder, downloader=pooch.HTTPDownloader(timeout=20))
    return Path(downloaded)


def _verified(path: Path, origin: Path | str, sha256: str, offline: str) -> bytes:
    content = path.read_bytes()
    if str(origin).endswith(".gz"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError) as error:
            raise DataError(f"{origin} is damaged: not a whole gzip file ({error}). Delete it. {offline}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataError(
            f"{origin} is not the published file: its content has SHA-256 {found}, expected {sha256}. "
            f"Delete it to fetch it anew. {offline}"
        )
    return content
