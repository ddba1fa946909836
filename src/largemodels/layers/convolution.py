"""The convolution of a batch of images with a set of filters."""

import torch
import torch.nn.functional as F
from torch import Tensor


def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
) -> Tensor:
    r"""Slide every filter over every image and sum what it covers.

    .. math:: y_{b,o,i,j} = \beta_o + \sum_{c,p,q} x_{b,\,c,\,si+p,\,sj+q}\; w_{o,c,p,q}

    Strictly a cross-correlation, as in PyTorch and many other libraries: the kernel is not flipped
    (Goodfellow et al. 2016, equation 9.6).

    Args:
        x: images, ``(b, c, height, width)``.
        weight: filters, ``(o, c, kernel height, kernel width)``.
        bias: one number for each filter, ``(o,)``.
        stride: step between two places, ``s``, or ``(vertical, horizontal)``.
        padding: zeros added on each side, or ``(top and bottom, left and right)``.

    Returns:
        Feature maps ``(b, o, h, w)``, where ``h = (height + 2·padding − kernel height) // stride + 1``.

    Raises:
        ValueError: shapes that do not fit, an empty batch, a stride below 1 or a negative padding.
    """
    (down, right), (above, beside) = _pair(stride), _pair(padding)
    _check(x, weight, bias, (down, right), (above, beside))
    _, _, rows, columns = weight.shape

    x = F.pad(x, (beside, beside, above, above)).permute(0, 2, 3, 1)  # (b, height, width, c)
    b, height, width, _ = x.shape
    h, w = (height - rows) // down + 1, (width - columns) // right + 1

    # the pixel that position (p, q) of the kernel meets at place (i, j): row s·i + p, column s·j + q
    row = down * torch.arange(h, device=x.device)[:, None] + torch.arange(rows, device=x.device)  # (h, kernel height)
    column = right * torch.arange(w, device=x.device)[:, None] + torch.arange(columns, device=x.device)
    met = row[:, None, :, None] * width + column[:, None, :]  # (h, w, kernel height, kernel width)
    windows = x.flatten(1, 2).index_select(1, met.flatten()).view(b, h, w, -1)
    kernel = weight.permute(2, 3, 1, 0).flatten(0, 2)  # (kernel height · kernel width · c, o)

    y = windows @ kernel.contiguous()  # (b, h, w, o); in one piece, or its gradient would be slow
    if bias is not None:
        y = y + bias
    return y.permute(0, 3, 1, 2)


def _pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size


def _check(x, weight, bias, stride, padding) -> None:
    if x.ndim != 4 or weight.ndim != 4:
        raise ValueError(
            f"conv2d takes images (b, c, height, width) and filters (o, c, height, width); "
            f"got shapes {tuple(x.shape)} and {tuple(weight.shape)}"
        )
    if x.shape[1] != weight.shape[1]:
        raise ValueError(f"the images have {x.shape[1]} channels, the filters {weight.shape[1]}; they must be equal")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(
            f"{weight.shape[0]} filters take a bias of shape ({weight.shape[0]},); got {tuple(bias.shape)}"
        )
    if min(stride) < 1 or min(padding) < 0:
        raise ValueError(f"stride must be at least 1 and padding at least 0; got {stride} and {padding}")
    if 0 in x.shape or 0 in weight.shape:
        raise ValueError(f"nothing to convolve: shapes {tuple(x.shape)} and {tuple(weight.shape)} hold no number")
    covered = tuple(n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True))
    if any(n < k for n, k in zip(covered, weight.shape[2:], strict=True)):
        raise ValueError(f"a kernel of {tuple(weight.shape[2:])} does not fit into a padded image of {covered}")
