"""Inputs changed so little that nobody sees it, and so well that the network errs."""

from collections.abc import Callable, Sequence
from math import inf

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Attack = Callable[[nn.Module, Tensor, Tensor], Tensor]


def fgsm(model: nn.Module, images: Tensor, labels: Tensor, size: float) -> Tensor:
    r"""Move every pixel by ``size``, in the direction in which the loss rises (Goodfellow et al. 2015).

    :math:`x + \epsilon \, \mathrm{sign}(\nabla_x L)`, and no pixel leaves the range from 0 to 1.

    Args:
        model: maps images ``(b, c, h, w)`` to logits, in the mode in which it is to be attacked.
        images: in [0, 1].
        labels: the right classes, ``(b,)``.
        size: ε, at least 0.

    Raises ``ValueError`` for a size that is negative or not finite, and for images that leave the range, are NaN or are
    whole numbers.
    """
    _check(images, size)
    return project(images + size * slopes(model, images, labels).sign(), images, size)


def pgd(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    size: float,
    steps: int = 20,
    stride: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Take many small such steps, and after each go back to what is allowed: projected gradient descent.

    Madry et al. (2018). Arguments and errors are those of :func:`fgsm`; besides:

    Args:
        steps: at least 1.
        stride: of one step; ``2.5 · size / steps`` if not given, so that every corner can be reached.
        generator: draws the image from which to start, anywhere in the box; without one it is the image itself.
    """
    _check(images, size)
    if steps < 1:
        raise ValueError(f"an attack takes at least one step; got {steps}")
    stride = 2.5 * size / steps if stride is None else stride
    if not 0 <= stride < inf:
        raise ValueError(f"a step goes the way in which the loss rises, by 0 or more; got {stride}")
    moved = images
    if generator is not None:
        start = torch.rand(images.shape, generator=generator).to(images) * 2 - 1
        moved = project(images + size * start, images, size)
    for _ in range(steps):
        moved = project(moved + stride * slopes(model, moved, labels).sign(), images, size)
    return moved


def project(moved: Tensor, images: Tensor, size: float) -> Tensor:
    """Return the point nearest to ``moved`` that is an image, and differs by at most ``size`` from ``images``."""
    return moved.clamp(images - size, images + size).clamp(0, 1)


def slopes(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return the gradient of each image's cross-entropy with respect to its pixels, as the images."""
    with torch.enable_grad():
        images = images.detach().clone().requires_grad_()
        loss = F.cross_entropy(model(images).float(), labels, reduction="sum")  # so no image's depends on the others
        return torch.autograd.grad(loss, images)[0]


class Attacked(Sequence):
    """The batches of a training run, each attacked as the model is when its turn comes: adversarial training.

    Give it to :func:`~largemodels.train.fit` in place of ``batches`` (Madry et al. 2018). Unlike other batches, the
    same one is another later, so a run cannot go on from a checkpoint.
    """

    def __init__(self, batches: Sequence[tuple[Tensor, Tensor]], model: nn.Module, attack: Attack):
        self.batches, self.model, self.attack = batches, model, attack

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        images, labels = self.batches[i]
        training = [part for part in self.model.modules() if part.training]  # others may be frozen in evaluation mode
        self.model.eval()
        try:
            return self.attack(self.model, images, labels), labels
        finally:
            for part in training:
                part.training = True


def _check(images: Tensor, size: float) -> None:
    if not 0 <= size < inf:
        raise ValueError(f"the size of a change is finite and at least 0; got {size}")
    if not images.is_floating_point():
        raise ValueError(f"pixels lie between 0 and 1, in floating point; got {images.dtype}")
    if not ((images >= 0) & (images <= 1)).all():  # NaN is neither
        raise ValueError(f"pixels lie between 0 and 1; got {images.min():g} to {images.max():g}")
