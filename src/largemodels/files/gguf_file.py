"""GGUF: one file that holds a model's weights, in a few bits each, its tokens, and what there is to know about it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from largemodels.files.blocks import BYTES, PLAIN, unpack

MAGIC = b"GGUF"


@dataclass(frozen=True)
class Packed:
    """A tensor as it stands in a file: ``kind`` (``Q4_1``, ``F32`` …), ``shape`` as torch has it, and its bytes."""

    kind: str
    shape: tuple[int, ...]
    packed: Tensor  # uint8 (…, bytes of a row), a view of the file

    def unpack(self) -> Tensor:
        """Return the numbers, float32, in memory of their own."""
        if self.kind in BYTES or self.kind in PLAIN:
            return unpack(self.packed, self.kind).view(self.shape)
        from gguf import GGMLQuantizationType, dequantize

        numbers = dequantize(self.packed.numpy(), GGMLQuantizationType[self.kind])
        return torch.from_numpy(np.ascontiguousarray(numbers, np.float32)).view(self.shape)


class GGUF:
    """An open GGUF file: ``fields`` (its texts and numbers, by name) and ``tensors`` (:class:`Packed`, by name).

    Raises:
        FileNotFoundError: there is no such file.
        ImportError: the ``gguf`` package, which reads such files, is not installed.
        ValueError: it is no GGUF file, or it is damaged or cut short, or a tensor is of a type that is not known.
    """

    def __init__(self, path: str | Path):
        self.path = path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"there is no model file {path}")
        with open(path, "rb") as file:
            start = file.read(4)
        if start != MAGIC:
            raise ValueError(f"{path} is no GGUF file: it begins with {start!r} in place of {MAGIC!r}")
        try:
            from gguf import GGUFReader
        except ImportError as error:
            raise ImportError("reading GGUF files needs the gguf package: pip install gguf") from error
        try:
            self._reader = GGUFReader(path)
            self.tensors = {tensor.name: self._packed(tensor) for tensor in self._reader.tensors}
        except (ValueError, IndexError, KeyError, TypeError, OverflowError, UnicodeDecodeError, MemoryError) as error:
            raise ValueError(
                f"{path} is damaged, cut short ({path.stat().st_size:,} bytes), or has tensors of a type that the gguf "
                f"package does not know ({error}); fetch it again, or update gguf"
            ) from error

    @property
    def architecture(self) -> str:
        """The kind of model: ``llama``, ``qwen2`` …"""
        return str(self["general.architecture"])

    def __contains__(self, name: str) -> bool:
        return name in self._reader.fields

    def __getitem__(self, name: str):
        """Return a field: a number, a text, or a list of them. Raises ``KeyError``, which names the file."""
        if name not in self._reader.fields:
            raise KeyError(f"{self.path} does not say {name!r}")
        return self._reader.fields[name].contents()

    def get(self, name: str, default=None):
        """Return a field, or ``default`` where the file does not have it."""
        return self[name] if name in self else default

    def _packed(self, tensor) -> Packed:
        shape = tuple(int(n) for n in reversed(tensor.shape))
        rows = np.ascontiguousarray(tensor.data).reshape(*shape[:-1], -1).view(np.uint8)
        with np.errstate(all="ignore"):
            rows = rows if rows.flags.writeable else rows.view()
        return Packed(tensor.tensor_type.name, shape, _tensor(rows))


def _tensor(rows: np.ndarray) -> Tensor:
    """Wrap bytes of the file, which are read only; torch warns of that, and we never write."""
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(rows)
