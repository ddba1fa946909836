"""What Magika does around its network: which bytes it takes from a file, and what it makes of a confidence.

Magika is Google's detector of file types (Fratantonio et al. 2024; package `magika`, Apache 2.0). Its network is
:class:`largemodels.models.FileTypeNet`; names, thresholds and sizes are read from the package's own files.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import torch
from torch import Tensor

MODEL = "standard_v3_3"
PADDING = 256
MODES = ("high-confidence", "medium-confidence", "best-guess")


def magika_folder() -> Path:
    """Return the folder of the package's model: ``model.onnx``, ``config.min.json``.

    Raises ``FileNotFoundError`` when the package is not installed, or has another model.
    """
    try:
        folder = Path(str(resources.files("magika"))) / "models" / MODEL
    except ModuleNotFoundError:
        folder = None
    if folder is None or not (folder / "model.onnx").exists():
        raise FileNotFoundError(f"no model {MODEL} is here: pip install magika==1.0.3")
    return folder


@dataclass(frozen=True)
class FileTypes:
    """The types that the network tells apart, and the rules of the product around it.

    Attributes:
        names: of the types, in the order of the logits.
        thresholds: type → the confidence below which the type is not said, where it is not ``medium``.
        medium: the threshold of all other types.
        renamed: type → what is said in its place.
        texts: the types that are text.
        least: files of fewer bytes are not shown to the network.
        block, kept: bytes that are read at each end of a file, and how many of them, without white space at the end of
            the file that they come from, are kept.
    """

    names: tuple[str, ...]
    thresholds: Mapping[str, float]
    medium: float
    renamed: Mapping[str, str]
    texts: frozenset[str]
    least: int
    block: int
    kept: int

    def threshold(self, name: str, mode: str = MODES[0]) -> float:
        """Return the confidence that a type must reach to be said. ``ValueError`` for an unknown type or mode."""
        if name not in self.names or mode not in MODES:
            raise ValueError(f"no type {name!r}, or no mode {mode!r}: the modes are {', '.join(MODES)}")
        return {"best-guess": 0.0, "medium-confidence": self.medium}.get(mode, self.thresholds.get(name, self.medium))

    def decide(self, name: str, confidence: float, mode: str = MODES[0]) -> str:
        """Return what is said of a file that the network takes for ``name``: "txt" or "unknown" if it is too unsure."""
        said = self.renamed.get(name, name)
        if confidence >= self.threshold(name, mode):
            return said
        return "txt" if said in self.texts else "unknown"

    def tokens(self, content: bytes) -> Tensor | None:
        """Return what the network reads of a file, ``(2 × kept,)``: bytes, and 256 where there are none.

        The first half is the file's beginning, without white space before it, padded at its end; the second is the
        file's end, padded at its beginning. A short file stands in both. ``None`` when too few bytes are left.
        """
        first, last = content[: self.block].lstrip()[: self.kept], content[-self.block :].rstrip()[-self.kept :]
        if len(content) < self.least or len(first) < self.least:
            return None
        tokens = torch.full((2 * self.kept,), PADDING)
        tokens[: len(first)] = torch.tensor(list(first))
        if last:
            tokens[2 * self.kept - len(last) :] = torch.tensor(list(last))
        return tokens

    def batch(self, contents: Iterable[bytes]) -> Tensor:
        """Return :meth:`tokens` of files, ``(b, 2 × kept)``. Raises ``ValueError`` for one that is too short."""
        rows = [self.tokens(content) for content in contents]
        if not rows or any(row is None for row in rows):
            raise ValueError(f"the network reads files of {self.least} bytes or more, white space at the ends apart")
        return torch.stack(rows)

    def without_network(self, content: bytes) -> str:
        """Return what is said of a file whose :meth:`tokens` are none."""
        if not content:
            return "empty"
        try:
            content[: self.block].decode("utf-8")
        except UnicodeDecodeError:
            return "unknown"
        return "txt"


@cache
def file_types() -> FileTypes:
    """Read names, thresholds and sizes from the package. Raises as :func:`magika_folder` does."""
    folder = magika_folder()
    config = json.loads((folder / "config.min.json").read_text(encoding="utf-8"))
    known = json.loads((folder.parents[1] / "config/content_types_kb.min.json").read_text(encoding="utf-8"))
    return FileTypes(
        names=tuple(config["target_labels_space"]),
        thresholds=config["thresholds"],
        medium=config["medium_confidence_threshold"],
        renamed=config["overwrite_map"],
        texts=frozenset(name for name, about in known.items() if about["is_text"]),
        least=config["min_file_size_for_dl"],
        block=config["block_size"],
        kept=config["beg_size"],
    )
