"""Is a map true to the network? Its mass on pixels that are known to count; the answer as pixels go, or come."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def share_inside(maps: Tensor, where: Tensor) -> Tensor:
    """Return the share of each map's magnitude that lies in some pixels, ``(b,)``: NaN for a map of zeros.

    A map that knows nothing has about the share of the area there.

    Args:
        maps: of any sign, ``(b, …)``.
        where: booleans of the same shape.

    Raises ``ValueError`` for shapes that differ.
    """
    if maps.shape != where.shape:
        raise ValueError(f"each number of a map is inside or outside; got {tuple(maps.shape)} and {tuple(where.shape)}")
    size = maps.abs().flatten(1)
    return (size * where.flatten(1)).sum(1) / size.sum(1)


def first_pixels(maps: Tensor, count: int) -> Tensor:
    """Return where the ``count`` largest numbers of each map ``(b, c, h, w)`` are, as booleans; ties by place.

    Raises ``ValueError`` unless there are as many.
    """
    flat = maps.flatten(1)
    if not 0 <= count <= flat.shape[1]:
        raise ValueError(f"0 to {flat.shape[1]} pixels of each map can be first; got {count}")
    order = flat.sort(dim=1, descending=True, stable=True).indices[:, :count]
    return torch.zeros_like(flat, dtype=torch.bool).scatter(1, order, True).view_as(maps)


@torch.no_grad()
def deletion(model: nn.Module, images: Tensor, classes: Tensor, maps: Tensor, counts: Sequence[int]) -> Tensor:
    """Return the probability of ``classes`` ``(b,)`` when the first pixels of ``maps`` are blank: ``(b, counts)``.

    A map is good if the probability falls fast (Petsiuk et al. 2018, who call the area below the curve *deletion*).
    """
    return _probabilities(model, [images.masked_fill(first_pixels(maps, count), 0) for count in counts], classes)


@torch.no_grad()
def insertion(model: nn.Module, images: Tensor, classes: Tensor, maps: Tensor, counts: Sequence[int]) -> Tensor:
    """Return the probability of ``classes`` ``(b,)`` when all but the first pixels of ``maps`` are blank.

    A map is good if the probability rises fast. The result is ``(b, counts)``.
    """
    return _probabilities(model, [images.masked_fill(~first_pixels(maps, count), 0) for count in counts], classes)


def _probabilities(model: nn.Module, series: list[Tensor], classes: Tensor) -> Tensor:
    return torch.stack([model(x).softmax(1).gather(1, classes[:, None])[:, 0] for x in series], 1)
