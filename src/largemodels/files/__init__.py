"""What model files hold: GGUF, and numbers in a few bits."""

from largemodels.files.blocks import pack, parts, unpack
from largemodels.files.gguf_file import GGUF, Packed

__all__ = ["GGUF", "Packed", "pack", "parts", "unpack"]
