"""A kernel that the reader edits, slid over a photograph: what one number of a feature map means."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.layers import conv2d
from largemodels.live.binding import pack_steps
from largemodels.live.view import View

STEP = 0.01  # brightness is kept in hundredths, so that the numbers on the screen are exact


class Convolve(nn.Module):
    """The convolution of an image with one kernel: the function behind a :class:`KernelExplorer`.

    Takes ``image`` ``(1, c, h, w)``, ``kernel`` ``(1, c, p, q)`` and, if wanted, ``bias`` ``(1,)``;
    returns ``map`` ``(1, 1, h − p + 1, w − q + 1)``. A kernel of one channel serves every channel of the image.
    """

    def forward(self, image: Tensor, kernel: Tensor, bias: Tensor | None = None) -> dict[str, Tensor]:
        """Raises ``ValueError`` for shapes that do not fit, as :func:`largemodels.layers.conv2d` does."""
        if kernel.ndim == 4 and kernel.shape[1] == 1 and image.ndim == 4:
            kernel = kernel.expand(-1, image.shape[1], -1, -1)
        return {"map": conv2d(image, kernel, bias)}


class KernelExplorer(View):
    """A photograph, a 3×3 kernel to edit, and the feature map that the two make.

    Bind it to :class:`Convolve`, with ``image``, ``kernel`` and, for a field more, ``bias``::

        live(KernelExplorer(photos), Convolve(), {"image": photos["coffee"], "kernel": sobel, "bias": torch.zeros(1)})

    Args:
        photos: name → grey image ``(1, 1, h, w)`` in hundredths, as :func:`thumbnail` makes them, all of one size:
            the ones to choose from.

    Raises:
        ValueError: photographs of different shapes, or in colour.
    """

    def __init__(self, photos: dict[str, Tensor] | None = None, **traits):
        photos = photos or {}
        shapes = {tuple(photo.shape) for photo in photos.values()}
        if len(shapes) > 1 or any(len(shape) != 4 or shape[:2] != (1, 1) for shape in shapes):
            raise ValueError(f"photographs must share one shape (1, 1, h, w); got {sorted(shapes)}")
        examples = [{"name": name, "image": pack_steps(photo, STEP)} for name, photo in photos.items()]
        super().__init__(settings={"examples": examples}, **traits)


def thumbnail(photo: Tensor, height: int = 72, width: int = 96) -> Tensor:
    """Crop the middle of a photograph ``(1, 3, h, w)`` or ``(1, 1, h, w)``, and make it small and grey.

    Returns ``(1, 1, height, width)``, in whole hundredths from 0 (black) to 1 (white).
    Raises ``ValueError`` for another shape, or a photograph smaller than what is asked for.
    """
    if photo.ndim != 4 or photo.shape[0] != 1 or photo.shape[1] not in (1, 3):
        raise ValueError(f"a photograph has shape (1, 3, h, w) or (1, 1, h, w); got {tuple(photo.shape)}")
    h, w = photo.shape[2:]
    if h < height or w < width:
        raise ValueError(f"a photograph of {h} × {w} is smaller than {height} × {width}")
    if photo.shape[1] == 3:
        luma = torch.tensor([0.299, 0.587, 0.114], device=photo.device).view(1, 3, 1, 1)  # ITU-R BT.601
        photo = (photo * luma).sum(1, keepdim=True)
    scale = min(h / height, w / width)
    tall, wide = round(height * scale), round(width * scale)
    top, left = (h - tall) // 2, (w - wide) // 2
    middle = photo[..., top : top + tall, left : left + wide]
    small = F.interpolate(middle, (height, width), mode="bilinear", antialias=True)
    return (small.clamp(0, 1) / STEP).round() * STEP
