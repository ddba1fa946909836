"""Batch normalisation: give every channel mean 0 and variance 1 over the batch, then let it choose its own."""

from torch import Tensor


def batch_norm2d(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> Tensor:
    r"""Normalise each channel by the statistics of the batch.

    .. math:: y = \gamma\,\frac{x - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}} + \beta

    where mean and variance are taken over the batch and all places (Ioffe and Szegedy 2015, algorithm 1).
    This is the training form; at test time running averages stand in for :math:`\mu_c` and :math:`\sigma_c^2`.

    Args:
        x: feature maps, ``(b, c, h, w)``.
        weight: the scale γ, ``(c,)``.
        bias: the shift β, ``(c,)``.
        eps: keeps the root away from 0.

    Raises:
        ValueError: not four axes, a channel count that does not fit, or only one number in each channel.
    """
    if x.ndim != 4 or weight.shape != (x.shape[1],) or bias.shape != weight.shape:
        raise ValueError(
            f"batch_norm2d takes (b, c, h, w) and a scale and shift of shape (c,); "
            f"got {tuple(x.shape)}, {tuple(weight.shape)}, {tuple(bias.shape)}"
        )
    if x.numel() <= x.shape[1]:
        raise ValueError(f"a variance takes at least two numbers per channel; got {tuple(x.shape)}")
    mean = x.mean((0, 2, 3), keepdim=True)
    variance = x.var((0, 2, 3), keepdim=True, correction=0)
    return weight[:, None, None] * (x - mean) / (variance + eps).sqrt() + bias[:, None, None]
