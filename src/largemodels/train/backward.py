"""Backward passes in operations that other engines also have, for a training step that runs outside PyTorch.

Autograd uses operations that only torch has, such as ``convolution_backward``. Here each of them is written out in
operations that every engine has: the gradient of a convolution is two convolutions (Goodfellow et al. 2016,
section 9.5).
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch._decomp import core_aten_decompositions

aten = torch.ops.aten


def written_out() -> dict[object, Callable]:
    """Return the table by which ``make_fx`` replaces operations: torch's own, and those of this file."""
    return {
        **core_aten_decompositions(),
        aten.convolution_backward.default: _convolution_backward,
        aten.max_pool2d_with_indices_backward.default: _max_pool2d_backward,
        aten.unfold_backward.default: _unfold_backward,
    }


def _convolution_backward(
    g, x, weight, bias, stride, padding, dilation, transposed, output_padding, groups, wanted
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """Return the gradients of input, filters and bias, those that are ``wanted``."""
    plain = all(n == 1 for n in (*stride, *dilation)) and groups == 1 and not transposed and x.ndim == 4
    if not plain:
        raise ValueError(
            "a training step can leave PyTorch only if its convolutions are two-dimensional, with stride, dilation "
            f"and groups of 1; got {x.ndim - 2} dimensions, stride {list(stride)}, dilation {list(dilation)}, "
            f"groups {groups}{', transposed' if transposed else ''}. Use largemodels.layers.conv2d for a stride"
        )
    rest = [k - 1 - p for k, p in zip(weight.shape[2:], padding, strict=True)]
    if min(rest) < 0:
        raise ValueError(
            f"a padding of {list(padding)} is too wide for the kernel {tuple(weight.shape[2:])}: at most one less"
        )
    to_input = to_weight = None
    if wanted[0]:  # a pixel gets its gradient from all places that saw it
        to_input = F.conv2d(g, weight.flip(2, 3).transpose(0, 1), padding=rest)
    if wanted[1]:  # a weight gets it from all places: examples stand where channels stood
        to_weight = F.conv2d(x.transpose(0, 1), g.transpose(0, 1), padding=list(padding)).transpose(0, 1)
    return to_input, to_weight, g.sum((0, 2, 3)) if wanted[2] else None


def _max_pool2d_backward(g, x, size, stride, padding, dilation, ceil_mode, indices) -> Tensor:
    """Send the gradient of every window to the place that won it."""
    side = size[0]
    if list(stride or size) != list(size) or len(set(size)) > 1 or any(padding) or set(dilation) != {1} or ceil_mode:
        raise ValueError(
            "a training step can leave PyTorch only if its max pooling has square windows side by side, without "
            f"padding; got windows {list(size)}, stride {list(stride)}, padding {list(padding)}"
        )
    (b, c, h, w), (height, width) = g.shape, x.shape[2:]
    place = torch.arange(h * side * width, device=g.device).view(h, side, width)[..., : w * side]
    place = place.reshape(h, side, w, side)  # of every pixel of every window
    spread = torch.where(indices[:, :, :, None, :, None] == place, g[:, :, :, None, :, None], 0.0)
    return F.pad(spread.reshape(b, c, h * side, w * side), (0, width - w * side, 0, height - h * side))


def _unfold_backward(g, shape, axis, size, step) -> Tensor:
    """Put windows side by side again; where they overlap, leave it to torch's own way."""
    axis = axis % len(shape)
    if step < size:
        return NotImplemented
    last = len(shape)
    windows = g.movedim(last, axis + 1)  # (…, windows, size, …)
    gap = [0, 0] * (last - axis - 1)
    windows = F.pad(windows, (*gap, 0, step - size))
    flat = windows.flatten(axis, axis + 1)
    return F.pad(flat, (*gap, 0, shape[axis] - flat.shape[axis]))
