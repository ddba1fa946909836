"""GGUF: one file that holds a model's weights, in a few bits each, its tokens, and what there is to know about it.

The form is ggml's: numbers with their lowest byte first; names and values; for each tensor its name, sizes, type and
place; then the tensors. The ``gguf`` package reads it, too, but takes an object for every token, and so seconds.
"""

import mmap
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from largemodels.files.blocks import BYTES, PLAIN, SIZE, unpack

MAGIC, VERSIONS = b"GGUF", (2, 3)
NUMBERS = dict(zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True))  # in struct's codes
TEXT, LIST = 8, 9
TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 8: "Q8_0", 28: "F64", 30: "BF16"}

# what reading a damaged file raises; a text that cannot be decoded is a ValueError
DAMAGE = (ValueError, struct.error, MemoryError, OverflowError, RecursionError)


@dataclass(frozen=True)
class Packed:
    """A tensor as it stands in a file: ``kind`` (``Q4_1``, ``F32`` …), ``shape`` as torch has it, and its bytes."""

    kind: str
    shape: tuple[int, ...]
    packed: Tensor  # uint8 (…, bytes of a row), a view of the file

    def unpack(self, dtype: torch.dtype = torch.float32, columns: bool = False) -> Tensor:
        """Return the numbers, in memory of their own. Other kinds than :func:`unpack` knows need the gguf package."""
        if self.kind in BYTES or self.kind in PLAIN:
            return unpack(self.packed, self.kind, dtype, columns)
        numbers = _gguf().dequantize(self.packed.numpy(), _gguf().GGMLQuantizationType[self.kind])
        return torch.from_numpy(np.array(numbers, np.float32)).view(self.shape).to(dtype)


class GGUF:
    """An open GGUF file: ``file["general.name"]`` is a text or a number, ``tensors`` are :class:`Packed`, by name.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no GGUF file, or it is damaged or cut short, or a tensor is of a type that is not known.
        ImportError: tensors are of a type that takes the ``gguf`` package, and it is not installed.
    """

    def __init__(self, path: str | Path):
        self.path = path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"there is no model file {path}")
        with open(path, "rb") as file:
            start = file.read(4)
            if start != MAGIC:
                raise ValueError(f"{path} is no GGUF file: it begins with {start!r} in place of {MAGIC!r}")
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            self._read(_Cursor(self._bytes))
        except DAMAGE as error:
            raise self._damaged(error) from error

    @property
    def architecture(self) -> str:
        """The kind of model: ``llama``, ``qwen2`` …"""
        return str(self["general.architecture"])

    def __iter__(self) -> Iterator[str]:
        """Return the names of the fields, one after the other."""
        return iter(self._fields)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def __getitem__(self, name: str):
        """Return a field: a number, a text, or a list of them. Raises ``KeyError``, which names the file."""
        if name not in self._fields:
            raise KeyError(f"{self.path} does not say {name!r}")
        kind, place = self._fields[name]
        try:
            return _Cursor(self._bytes, place).value(kind)
        except DAMAGE as error:
            raise self._damaged(error) from error

    def get(self, name: str, default=None):
        """Return a field, or ``default`` where the file does not have it."""
        if name not in self:
            return default
        return self[name]

    def _damaged(self, error: Exception) -> ValueError:
        size = len(self._bytes)
        return ValueError(f"{self.path} is damaged or cut short, at {size:,} bytes: {error}; fetch it again")

    def _read(self, cursor: "_Cursor") -> None:
        cursor.place = len(MAGIC)
        if (version := cursor.number("I")) not in VERSIONS:
            raise ValueError(f"version {version} is not known, only {VERSIONS}")
        tensors, fields = cursor.number("Q"), cursor.number("Q")
        self._fields = {}  # types and places of values, which are read when asked for: most are long lists of tokens
        for _ in range(fields):
            name, kind = cursor.text(), cursor.number("I")
            self._fields[name] = kind, cursor.place
            cursor.skip(kind)
        found = []
        for _ in range(tensors):
            name, sizes = cursor.text(), cursor.numbers("Q", cursor.number("I"))
            found.append((name, tuple(reversed(sizes)), cursor.number("I"), cursor.number("Q")))
        step = self.get("general.alignment", 32)
        if type(step) is not int or step < 1:
            raise ValueError(f"general.alignment is {step!r}; it must be a whole number from 1")
        first = -(-cursor.place // step) * step
        self.tensors = {name: self._packed(name, shape, kind, first + place) for name, shape, kind, place in found}

    def _packed(self, name: str, shape: tuple[int, ...], number: int, place: int) -> Packed:
        kind, size, bytes_of_a_block = _kind(number)
        if not shape or prod(shape) < 1 or shape[-1] % size:
            raise ValueError(f"tensor {name} of shape {shape} is not made of whole blocks of {size}")
        row = shape[-1] // size * bytes_of_a_block
        if place + prod(shape[:-1]) * row > len(self._bytes):
            raise ValueError(f"tensor {name} ends past the end of the file")
        with warnings.catch_warnings():  # the file is read only; torch warns of that, and we never write
            warnings.filterwarnings("ignore", message="The given buffer is not writable")
            rows = torch.frombuffer(self._bytes, dtype=torch.uint8, count=prod(shape[:-1]) * row, offset=place)
        return Packed(kind, shape, rows.view(*shape[:-1], row))


class _Cursor:
    """A place in the bytes of a file, which moves on as they are read. Raises ``struct.error`` at their end."""

    def __init__(self, source: mmap.mmap, place: int = 0):
        self.source, self.place = source, place

    def numbers(self, code: str, count: int) -> tuple:
        if count > len(self.source):
            raise ValueError(f"there cannot be {count:,} numbers or texts in it")
        form = f"<{count}{code}"
        found = struct.unpack_from(form, self.source, self.place)
        self.place += struct.calcsize(form)
        return found

    def number(self, code: str):
        return self.numbers(code, 1)[0]

    def text(self) -> str:
        return self.numbers("s", self.number("Q"))[0].decode()

    def value(self, kind: int):
        if kind in NUMBERS:
            return self.number(NUMBERS[kind])
        if kind == TEXT:
            return self.text()
        inner, count = self.number("I"), self.number("Q")
        return (
            list(self.numbers(NUMBERS[inner], count)) if inner in NUMBERS else [self.value(inner) for _ in range(count)]
        )

    def skip(self, kind: int) -> None:
        if kind in NUMBERS:
            self.place += struct.calcsize("<" + NUMBERS[kind])
        elif kind == TEXT:
            length = self.number("Q")
            self.place += length
        elif kind == LIST:
            inner, count = self.number("I"), self.number("Q")
            if inner in NUMBERS:
                self.place += count * struct.calcsize("<" + NUMBERS[inner])
            else:
                for _ in range(count):
                    self.skip(inner)
        else:
            raise ValueError(f"a value of type {kind} is not known")
        if self.place > len(self.source):
            raise ValueError("a value ends past the end of the file")


def _kind(number: int) -> tuple[str, int, int]:
    """Return the name of a type of tensors, how many numbers a block has, and how many bytes."""
    if number in TYPES:
        kind = TYPES[number]
        return (kind, SIZE, BYTES[kind]) if kind in BYTES else (kind, 1, PLAIN[kind].itemsize)
    kind = _gguf().GGMLQuantizationType(number)
    return kind.name, *_gguf().GGML_QUANT_SIZES[kind]


def _gguf():
    try:
        import gguf
    except ImportError as error:
        raise ImportError("tensors of this type need the gguf package: pip install gguf") from error
    return gguf
