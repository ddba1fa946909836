"""Weights in whole numbers of 8 or 4 bits, a scale for each block of them, taken apart at every use.

What is computed is computed in float32: only memory is saved. Faster, for some sizes:
:func:`largemodels.layers.quantise`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BITS = (8, 4)


def round_in_blocks(weight: Tensor, bits: int, block: int | None = None) -> tuple[Tensor, Tensor]:
    r"""Return whole numbers ``(rows, columns)``, int8, and scales ``(rows, blocks)``: :math:`w \approx s q`.

    .. math:: s = \max |w| \,/\, (2^{b-1} - \tfrac12), \qquad q = \mathrm{round}(w / s)

    so that ``q`` reaches from :math:`-2^{b-1}` to :math:`2^{b-1} - 1`, as torchao's symmetric mapping has it. Where the
    largest weight is positive it is rounded down half a step, as far as any other may be.

    Args:
        weight: a matrix, finite.
        bits: 8 or 4.
        block: columns that share a scale; the whole row if not given. A last block may be shorter.

    Raises ``ValueError`` for anything else.
    """
    if bits not in BITS or weight.ndim != 2 or not weight.numel() or (block is not None and block < 1):
        raise ValueError(
            f"a matrix is rounded to 8 or 4 bits, in blocks of 1 or more; got {tuple(weight.shape)}, {bits}, {block}"
        )
    if not weight.isfinite().all():
        raise ValueError("weights that are not finite cannot be rounded")
    columns = weight.shape[1]
    block = min(block or columns, columns)
    x = F.pad(weight.detach().float(), (0, -columns % block)).unflatten(1, (-1, block))
    most = 2 ** (bits - 1)
    scale = (x.abs().amax(2) / (most - 0.5)).clamp(min=torch.finfo(torch.float32).eps)
    numbers = (x * (1 / scale)[..., None]).round().clamp(-most, most - 1)
    return numbers.to(torch.int8).flatten(1)[:, :columns].contiguous(), scale


class Rounded(nn.Module):
    """A matrix in few bits: 4-bit numbers lie two in a byte. ``weight`` is the matrix, unpacked anew each time.

    Args: as :func:`round_in_blocks` takes them.
    """

    def __init__(self, weight: Tensor, bits: int, block: int | None = None):
        super().__init__()
        numbers, scale = round_in_blocks(weight, bits, block)
        self.bits, self.columns, self.block = bits, weight.shape[1], min(block or weight.shape[1], weight.shape[1])
        if bits == 4:
            low, high = F.pad(numbers, (0, self.columns % 2)).view(torch.uint8).unflatten(1, (-1, 2)).unbind(2)
            numbers = low & 15 | high << 4
        self.register_buffer("numbers", numbers)
        self.register_buffer("scale", scale)

    @property
    def weight(self) -> Tensor:
        """The matrix, float32."""
        return self.rows(slice(None))

    def rows(self, which) -> Tensor:
        """Return these rows of the matrix: ``(…, columns)``."""
        numbers, scale = self.numbers[which], self.scale[which]
        if self.bits == 4:
            numbers = torch.stack([numbers << 4, numbers], -1).view(torch.int8).flatten(-2)[..., : self.columns] >> 4
        return numbers * scale.repeat_interleave(self.block, -1)[..., : self.columns]


class RoundedLinear(nn.Module):
    """``x W^T + b`` with a :class:`Rounded` ``W``; gradients pass to ``x`` and the bias."""

    def __init__(self, rounded: Rounded, bias: Tensor | None):
        super().__init__()
        self.rounded, self.bias = rounded, bias

    @property
    def weight(self) -> Tensor:
        """The weights as they would stand in an ``nn.Linear``."""
        return self.rounded.weight

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(…, in)`` to ``(…, out)``."""
        return F.linear(x, self.weight.to(x.dtype), self.bias)


class RoundedEmbedding(nn.Module):
    """The rows of a :class:`Rounded` table; a head that uses its ``weight`` goes on doing so."""

    def __init__(self, rounded: Rounded):
        super().__init__()
        self.rounded = rounded

    @property
    def weight(self) -> Tensor:
        """The whole table."""
        return self.rounded.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens ``(…)`` to vectors ``(…, d)``."""
        return self.rounded.rows(tokens)


def round_weights(model: nn.Module, bits: int, block: int | None = None) -> nn.Module:
    """Round the weights of all linear layers and embeddings, in place; those that were shared are shared still.

    Returns the model. Raises ``ValueError`` as :func:`round_in_blocks` does; nothing has been changed then.
    """
    kinds = (nn.Linear, nn.Embedding)
    parts = {n: part for n, part in model.named_modules(remove_duplicate=False) if type(part) in kinds}
    tables = {part.weight: Rounded(part.weight, bits, block) for part in parts.values()}
    for name, part in parts.items():
        table = tables[part.weight]
        linear = type(part) is nn.Linear
        model.set_submodule(name, RoundedLinear(table, part.bias) if linear else RoundedEmbedding(table))
    return model
