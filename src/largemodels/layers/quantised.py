"""Linear layers whose weights are whole numbers of 8 or 4 bits, multiplied as they stand by torch's own kernels.

Each token that is written takes every weight once, so its time is that of fetching them: fewer bits, less time.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GROUP = 32  # weights that share a scale, of 4 bits
ROWS = 16  # the kernels take a multiple of them


class QuantisedLinear(nn.Module):
    """``x W^T + b`` with a ``W`` of few bits: :meth:`unpack` gives it as numbers, a kernel multiplies without.

    What is between is bfloat16: the scales, and ``x`` on its way into the product. The weights cannot be trained, but
    gradients pass to ``x``: then ``W`` is unpacked first, as on other devices than a CPU.

    Args:
        weight: ``(out, in)``; multiples of 16 and 32.
        bias: ``(out,)`` or none.

    Raises ``ValueError`` for other sizes, or weights that are not finite.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None):
        super().__init__()
        if weight.ndim != 2 or weight.shape[0] % ROWS or weight.shape[1] % GROUP or not weight.numel():
            raise ValueError(
                f"weights (out, in) are packed in multiples of ({ROWS}, {GROUP}); got {tuple(weight.shape)}"
            )
        if not weight.isfinite().all():
            raise ValueError("weights that are not finite cannot be packed")
        self.bias = bias

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(…, in)`` to ``(…, out)``."""
        if x.device.type != "cpu" or not x.numel() or (torch.is_grad_enabled() and x.requires_grad):
            return F.linear(x, self.weight.to(x.dtype), self.bias)
        rows = x.reshape(-1, x.shape[-1]).bfloat16().contiguous()
        y = self.product(rows).view(*x.shape[:-1], -1).to(x.dtype)
        return y if self.bias is None else y + self.bias

    @property
    def weight(self) -> Tensor:
        """The weights as they would stand in an ``nn.Linear``: unpacked anew each time."""
        return self.unpack()

    def _apply(self, fn, recurse=True):
        kept = dict(self._buffers)
        super()._apply(fn, recurse)
        for name, x in kept.items():  # model.bfloat16() and the like are for what is between, not for packed weights
            if self._buffers[name].dtype != x.dtype:
                self._buffers[name] = x.to(self._buffers[name].device)
        return self

    def product(self, x: Tensor) -> Tensor:
        """Multiply rows ``(n, in)`` of bfloat16 by the packed weights, on a CPU: ``(n, out)``, bfloat16."""
        raise NotImplementedError

    def unpack(self) -> Tensor:
        """Return the weights as the kernel has them, float32: ``(out, in)``."""
        raise NotImplementedError


class EightBitLinear(QuantisedLinear):
    r"""One scale for each row of weights: :math:`W_{ij} = s_i q_{ij}`, with whole numbers from −127 to 127."""

    def __init__(self, weight: Tensor, bias: Tensor | None = None):
        super().__init__(weight, bias)
        numbers, scale = eight_bits(weight.detach())
        self.register_buffer("numbers", numbers)
        self.register_buffer("scale", scale)

    def product(self, x: Tensor) -> Tensor:
        """Multiply rows of bfloat16 by the packed weights."""
        return torch._weight_int8pack_mm(x, self.numbers, self.scale)

    def unpack(self) -> Tensor:
        """Return the weights, float32."""
        return self.numbers * self.scale.float()[:, None]


class FourBitLinear(QuantisedLinear):
    r"""A scale and a middle for every 32 weights: :math:`W_{ij} = s\,(q_{ij} - 8) + z`, whole numbers from 0 to 15.

    These are the blocks of ``Q4_1`` (:func:`~largemodels.files.pack`) but for their scales in bfloat16. The kernel has
    an order of its own for the numbers, which depends on the processor.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None):
        super().__init__(weight, bias)
        numbers, scale, middle = four_bits(weight.detach())
        self.register_buffer("numbers", _in_kernels_order(numbers))  # (out, in / 2), bytes
        self.register_buffer("shared", torch.stack([scale.T, middle.T], -1).contiguous())  # (in / 32, out, 2)

    def product(self, x: Tensor) -> Tensor:
        """Multiply rows of bfloat16 by the packed weights."""
        return torch.ops.aten._weight_int4pack_mm_for_cpu(x, self.numbers, GROUP, self.shared)

    def unpack(self) -> Tensor:
        """Return the weights, float32."""
        n, k = self.numbers.shape[0], 2 * self.numbers.shape[1]
        places = torch.zeros(n * k, dtype=torch.long)  # which number stands where: found by packing numbers that tell
        tell = torch.arange(n * k).view(n, k)
        for shift in range(0, (n * k - 1).bit_length(), 4):
            places |= _halves(_in_kernels_order(tell >> shift & 15)).long() << shift
        numbers = torch.empty(n * k, device=self.numbers.device)
        numbers[places.to(numbers.device)] = _halves(self.numbers).float() - 8
        scale, middle = self.shared.float().permute(2, 1, 0)[..., None]  # (out, in / 32, 1)
        return (numbers.view(n, -1, GROUP) * scale + middle).view(n, k)


class QuantisedEmbedding(nn.Module):
    """The rows of an :class:`EightBitLinear`, looked up: an embedding that can share its weights with the head."""

    def __init__(self, table: EightBitLinear, dtype: torch.dtype):
        super().__init__()
        self.table = table
        self.register_buffer("like", torch.empty(0, dtype=dtype), persistent=False)  # of the type of what is between

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens ``(…)`` to vectors ``(…, d)``."""
        return (self.table.numbers[tokens] * self.table.scale.float()[tokens][..., None]).to(self.like.dtype)


KINDS = {"int8": EightBitLinear, "int4": FourBitLinear}


def quantise(model: nn.Module, kind: str, *paths: str) -> nn.Module:
    """Pack the weights of a model's linear layers and embeddings, in place; return the model.

    Embeddings get 8 bits, and so do linear layers that share their weights with one; they go on sharing them.

    Args:
        model: of any kind; ``nn.Linear`` and ``nn.Embedding`` are replaced, whatever else it holds stays.
        kind: ``int8`` or ``int4``.
        paths: names of the parts to replace; all if none is given.

    Raises:
        ValueError: another kind, or sizes that cannot be packed (:class:`QuantisedLinear`).
    """
    if kind not in KINDS:
        raise ValueError(f"weights can be packed as {' or '.join(KINDS)}; got {kind!r}")
    parts = {path: model.get_submodule(path) for path in paths} if paths else dict(model.named_modules())
    tables = {}  # by the weights that they share
    for path, part in parts.items():
        if type(part) is nn.Embedding:
            tables[part.weight] = EightBitLinear(part.weight)
            model.set_submodule(path, QuantisedEmbedding(tables[part.weight], part.weight.dtype))
    for path, part in parts.items():
        if type(part) is nn.Linear:
            shared = tables.get(part.weight)
            model.set_submodule(path, KINDS[kind](part.weight, part.bias) if shared is None else shared)
    return model


def eight_bits(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return whole numbers ``(out, in)``, int8, and a scale for each row ``(out,)``, bfloat16."""
    weight = weight.float().contiguous()  # the kernel has them by rows
    scale = (weight.abs().amax(1) / 127).bfloat16()
    return _divided(weight, scale.float()[:, None]).round_().clamp_(-127, 127).to(torch.int8), scale


def four_bits(weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return whole numbers ``(out, in)``, and for every 32 a scale and a middle ``(out, in / 32)``, bfloat16."""
    groups = weight.float().contiguous().unflatten(1, (-1, GROUP))
    least, most = groups.aminmax(dim=2)
    scale = ((most - least) / 15).bfloat16()
    middle = ((least + most + scale.float()) / 2).bfloat16()  # number 8, as 0 to 15 reach equally far
    numbers = _divided(groups - middle.float()[..., None], scale.float()[..., None]).add_(8).round_().clamp_(0, 15)
    return numbers.to(torch.int32).flatten(1), scale, middle


def _divided(x: Tensor, scale: Tensor) -> Tensor:
    return x / torch.where(scale == 0, 1.0, scale)


def _in_kernels_order(numbers: Tensor) -> Tensor:
    return torch.ops.aten._convert_weight_to_int4pack_for_cpu(numbers.to(torch.int32), 1)


def _halves(packed: Tensor) -> Tensor:
    """Take bytes apart: two numbers each, the lower half first."""
    return torch.stack([packed & 15, packed >> 4], -1).flatten()
