"""Layer normalisation: every position brought to mean 0 and variance 1 on its own."""

import torch
from torch import Tensor, nn


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    r"""Return :math:`(x - \mu)\, /\, \sqrt{\sigma^2 + \epsilon} \cdot w + \beta` (Ba, Kiros and Hinton 2016).

    Args:
        x: ``(…, d)``; mean and variance are those of the last axis, for every position of the others by itself.
        weight: ``(d,)``.
        bias: ``(d,)``.
        eps: keeps a constant position from dividing by zero.

    Raises:
        ValueError: a weight or bias that does not fit.
    """
    if weight.shape != x.shape[-1:] or bias.shape != x.shape[-1:]:
        raise ValueError(
            f"the last axis of {tuple(x.shape)} takes a weight and a bias of shape {tuple(x.shape[-1:])}; "
            f"got {tuple(weight.shape)} and {tuple(bias.shape)}"
        )
    centred = x - x.mean(-1, keepdim=True)
    variance = centred.square().mean(-1, keepdim=True)
    return centred * (variance + eps).rsqrt() * weight + bias


class LayerNorm(nn.Module):
    """:func:`layer_norm` with a weight and a bias that are learned; named as those of ``nn.LayerNorm``."""

    def __init__(self, width: int, eps: float = 1e-5):
        super().__init__()
        if width < 1:
            raise ValueError(f"width must be at least 1; got {width}")
        self.weight, self.bias, self.eps = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width)), eps

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(…, width)`` to the same shape."""
        return layer_norm(x, self.weight, self.bias, self.eps)


def rms_norm(x: Tensor, weight: Tensor | None = None, eps: float = 1e-6) -> Tensor:
    r"""Return :math:`x\, /\, \sqrt{\mathrm{mean}(x^2) + \epsilon} \cdot w`; no mean is taken off.

    It is root mean square normalisation (Zhang and Sennrich 2019). ``x`` is ``(…, d)``, ``weight`` ``(d,)`` or none.
    Raises ``ValueError`` for a weight that does not fit.
    """
    if weight is not None and weight.shape != x.shape[-1:]:
        raise ValueError(f"{tuple(x.shape)} takes a weight of shape {tuple(x.shape[-1:])}; got {tuple(weight.shape)}")
    wide = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x  # squares of short numbers are too coarse
    x = (wide * (wide.square().mean(-1, keepdim=True) + eps).rsqrt()).to(x.dtype)
    return x if weight is None else x * weight


class RMSNorm(nn.Module):
    """:func:`rms_norm` with a weight that is learned; named as that of ``nn.RMSNorm``."""

    def __init__(self, width: int, eps: float = 1e-5):
        super().__init__()
        if width < 1:
            raise ValueError(f"width must be at least 1; got {width}")
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(…, width)`` to the same shape."""
        return rms_norm(x, self.weight, self.eps)
