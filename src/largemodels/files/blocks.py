"""How the numbers of a model are stored: in blocks of 32 that share a scale, with 8 or 4 bits for each number.

The formats are those of GGUF files (ggml's ``block_q8_0``, ``block_q4_0``, ``block_q4_1``). A row of a matrix is a row
of blocks, and a block is a few bytes:

- ``Q8_0``: scale (float16), 32 whole numbers from −128 to 127. ``x = scale · q``; 8.5 bits per number.
- ``Q4_0``: scale (float16), 32 whole numbers from 0 to 15. ``x = scale · (q − 8)``; 4.5 bits.
- ``Q4_1``: scale and least number (float16), 32 whole numbers from 0 to 15. ``x = scale · q + least``; 5 bits.

Of 4-bit numbers, the first 16 of a block stand in the lower halves of its 16 bytes, the others in the upper halves.
"""

import torch
from torch import Tensor

SIZE = 32
PIECE = 2**17  # bytes taken apart at a time
BYTES = {"Q8_0": 34, "Q4_0": 18, "Q4_1": 20}
PLAIN = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "F64": torch.float64}


def unpack(packed: Tensor, kind: str, dtype: torch.dtype = torch.float32, columns: bool = False) -> Tensor:
    """Return the numbers that bytes stand for.

    Args:
        packed: bytes ``(…, n)``, uint8: rows of numbers.
        kind: ``Q8_0``, ``Q4_0``, ``Q4_1``, or a plain type: ``F32``, ``F16``, ``BF16``, ``F64``.
        dtype: of the numbers that are returned; they are computed in float32.
        columns: lay them out in memory by columns, not by rows.

    Raises:
        ValueError: another kind, or rows that are not made of whole blocks.
    """
    if kind in PLAIN:
        x = _whole(packed, PLAIN[kind].itemsize, kind).clone().view(PLAIN[kind]).to(dtype)
        return x.mT.contiguous().mT if columns else x
    if kind not in BYTES:
        raise ValueError(f"the kind is {kind!r}; known are {', '.join([*BYTES, *PLAIN])}")
    rows = _whole(packed, BYTES[kind], kind).reshape(-1, packed.shape[-1])
    n, k = len(rows), rows.shape[1] // BYTES[kind] * SIZE
    whole = torch.empty((k, n) if columns else (n, k), dtype=dtype, device=packed.device)
    whole = whole.T if columns else whole
    x = whole.unflatten(1, (-1, SIZE))
    few = max(1, PIECE // rows.shape[1])  # what lies between bytes and numbers stays in the processor's cache
    for some, numbers in zip(rows.split(few), x.split(few), strict=True):
        scale, least, q = parts(some, kind)
        y = q * scale[..., None]
        numbers.copy_(y if least is None else y.add_(least[..., None]))
    return whole.unflatten(0, packed.shape[:-1]) if packed.ndim > 1 else whole[0]


def parts(packed: Tensor, kind: str) -> tuple[Tensor, Tensor | None, Tensor]:
    """Take blocks apart: scales ``(…, blocks)``, least numbers likewise (or None), both float32, and whole numbers.

    The whole numbers are ``(…, blocks, 32)``, int8, as they are multiplied: of ``Q4_0`` from −8 to 7. Raises
    ``ValueError`` as :func:`unpack` does.
    """
    if kind not in BYTES:
        raise ValueError(f"the kind is {kind!r}; known are {', '.join([*BYTES, *PLAIN])}")
    blocks = _whole(packed, BYTES[kind], kind).unflatten(-1, (-1, BYTES[kind]))
    head = 4 if kind == "Q4_1" else 2
    shared = blocks[..., :head].contiguous().view(torch.float16).float()  # (…, blocks, 1 or 2)
    body = blocks[..., head:]
    if kind == "Q8_0":
        return shared[..., 0], None, body.contiguous().view(torch.int8)
    numbers = torch.cat([body & 15, body >> 4], -1).view(torch.int8)
    return (shared[..., 0], None, numbers - 8) if kind == "Q4_0" else (shared[..., 0], shared[..., 1], numbers)


def pack(x: Tensor, kind: str) -> Tensor:
    """Return numbers as blocks of bytes, each with the scale that makes it fit; the other way round: :func:`unpack`.

    ``Q8_0`` divides by the largest absolute value over 127; ``Q4_0`` by the value that is largest without its sign,
    over −8; ``Q4_1`` spreads 0 to 15 from the least value to the greatest. Whole numbers are the nearest.

    Args:
        x: ``(…, n)``, finite; ``n`` a multiple of 32.
        kind: ``Q8_0``, ``Q4_0`` or ``Q4_1``.

    Returns:
        Bytes, uint8: ``(…, n / 32 · bytes of a block)``.

    Raises:
        ValueError: another kind, or rows that are not made of whole blocks.
    """
    if kind not in BYTES:
        raise ValueError(f"the kind is {kind!r}; numbers can be packed as {', '.join(BYTES)}")
    if x.ndim < 1 or x.shape[-1] % SIZE or not x.numel():
        raise ValueError(f"rows are made of blocks of {SIZE} numbers; got shape {tuple(x.shape)}")
    x = x.float().unflatten(-1, (-1, SIZE))
    if kind == "Q4_1":
        least, most = x.aminmax(dim=-1, keepdim=True)
        scale = (most - least) / 15
        shared, numbers = torch.cat([scale, least], -1), _inverse(scale).mul(x - least).add_(0.5)
    elif kind == "Q4_0":
        shared = x.gather(-1, x.abs().argmax(-1, keepdim=True)) / -8
        numbers = x.mul(_inverse(shared)).add_(8.5)
    else:
        shared = x.abs().amax(-1, keepdim=True) / 127
        numbers = x * _inverse(shared)
        numbers = numbers + numbers.frac()  # halves are rounded away from 0
    shared = shared.half()
    if not shared.isfinite().all():
        raise ValueError("numbers must be finite, and small enough for scales in float16, which end at 65,504")
    numbers = numbers.to(torch.int8) if kind == "Q8_0" else numbers.clamp_(0, 15).to(torch.int8)
    numbers = numbers.view(torch.uint8)
    body = numbers if kind == "Q8_0" else numbers[..., :16] | numbers[..., 16:] << 4
    return torch.cat([shared.view(torch.uint8), body], -1).flatten(-2)


def _inverse(scale: Tensor) -> Tensor:
    """Return ``1 / scale``, by which ggml multiplies in place of a division; 0 for a block of zeros."""
    return torch.where(scale == 0, 0.0, 1 / scale)


def _whole(packed: Tensor, size: int, kind: str) -> Tensor:
    if packed.dtype != torch.uint8 or packed.ndim < 1 or packed.shape[-1] % size or not packed.numel():
        raise ValueError(
            f"{kind} takes bytes (uint8) in rows of a multiple of {size}; got {tuple(packed.shape)}, {packed.dtype}"
        )
    return packed
