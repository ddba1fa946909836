"""Which pixels, or which earlier tokens, an answer rests on: five methods, and how far two maps agree."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.interpret.capture import capture
from largemodels.interpret.stream import read_on
from largemodels.models import Llama, receptive_field


def gradient(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    """Return the slope of the logit of ``classes`` ``(b,)`` at each pixel: signed maps, as the images.

    Its magnitude is the saliency map of Simonyan et al. (2014).
    """
    with torch.enable_grad():
        images = images.detach().clone().requires_grad_()
        return torch.autograd.grad(_logits(model, images, classes).sum(), images)[0]


def gradient_times_input(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    """Return each pixel times the slope of the logit of ``classes`` ``(b,)`` there: signed maps, as the images.

    For a network that is linear along the way from a blank image the maps add up to what the image adds to the logit
    (Shrikumar et al. 2017 discuss where it is not).
    """
    return gradient(model, images, classes) * images


def integrated_gradients(model: nn.Module, images: Tensor, classes: Tensor, steps: int = 32) -> Tensor:
    """Return each pixel times its mean slope on the straight way from a blank image (Sundararajan et al. 2017).

    Slopes are taken in the middle of ``steps`` equal parts of the way. As these grow in number, each map adds up to the
    logit of the image less that of the blank one. Raises ``ValueError`` for fewer than one step.
    """
    if steps < 1:
        raise ValueError(f"the way takes at least one step; got {steps}")
    shares = (torch.arange(steps, device=images.device) + 0.5) / steps
    return sum(gradient(model, share * images, classes) for share in shares) / steps * images


@torch.no_grad()
def occlusion(model: nn.Module, images: Tensor, classes: Tensor, side: int = 4, stride: int = 2) -> Tensor:
    """Return by how much the logit falls when squares of the image are blank (Zeiler and Fergus 2014).

    A pixel gets the mean over the squares that covered it, 0 if none did.

    Args:
        model: maps images ``(b, c, h, w)`` to logits.
        images: the value of blank paper is 0.
        classes: whose logits, ``(b,)``.
        side: of a square, in pixels; at most the image's.
        stride: from one square to the next.

    Raises ``ValueError`` for squares that are larger than the image, or a stride below 1.
    """
    h, w = images.shape[2:]
    if not 1 <= side <= min(h, w) or stride < 1:
        raise ValueError(f"squares of 1 to {min(h, w)} pixels, 1 or more apart; got {side}, and {stride} apart")
    before, falls = _logits(model, images, classes), torch.zeros_like(images)
    covered = images.new_zeros(h, w)
    for top in range(0, h - side + 1, stride):
        for left in range(0, w - side + 1, stride):
            square = (..., slice(top, top + side), slice(left, left + side))
            less = images.clone()
            less[square] = 0
            falls[square] += (before - _logits(model, less, classes))[:, None, None, None]
            covered[square] += 1
    return falls / covered.clamp(min=1)


def grad_cam(model: nn.Module, tap: str, images: Tensor, classes: Tensor) -> Tensor:
    """Return the maps of a tap, each weighted with its mean slope, before the ReLU: ``(b, 1, h, w)`` (Selvaraju 2017).

    A cell lies where the middle of its receptive field does, and between cells the map is interpolated: to stretch it
    over the image, as is often done, moves the outer cells outward. Meant for networks that average the maps before
    they decide.

    Raises ``LookupError`` for a tap that the model does not have.
    """
    field = receptive_field(model, tap)
    with torch.enable_grad(), capture(model, tap) as seen:
        logits = _logits(model, images.clone().requires_grad_(), classes)
    maps = seen[tap]
    (slopes,) = torch.autograd.grad(logits.sum(), maps)
    cam = (slopes.mean((2, 3), keepdim=True) * maps.detach()).sum(1, keepdim=True)  # (b, 1, cells, cells)
    return F.grid_sample(cam, _places(cam, images, field), padding_mode="border", align_corners=True)


def _places(cam: Tensor, images: Tensor, field) -> Tensor:
    """Return where each pixel lies among the cells: ``(b, h, w, 2)`` from −1, the first cell, to 1, the last."""
    first = field.offset + (field.size - 1) / 2
    along = [
        ((torch.arange(side, device=cam.device) - first) / field.stride) / max(cells - 1, 1) * 2 - 1
        for side, cells in zip(images.shape[2:], cam.shape[2:], strict=True)
    ]
    down, right = torch.meshgrid(*along, indexing="ij")
    return torch.stack([right, down], -1).to(cam.dtype).expand(len(images), -1, -1, -1)


def _logits(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    return model(images).gather(1, classes[:, None])[:, 0]


def gradient_times_embedding(model: Llama, tokens: Tensor, towards: Tensor) -> Tensor:
    """Return what each of ``(b, t)`` tokens adds to the log probability of ``towards`` ``(b,)``, next: ``(b, t)``.

    It is a first-order estimate: the slope of the log probability at the token's embedding, times the embedding.
    """
    with torch.enable_grad():
        x = model.embedding(tokens).detach().requires_grad_()
        chance = read_on(model, x, 0, last=1)[:, -1].log_softmax(-1).gather(1, towards[:, None])
        (slopes,) = torch.autograd.grad(chance.sum(), x)
    return (slopes * x.detach()).sum(-1)


@torch.no_grad()
def without_each(model: Llama, tokens: Tensor, towards: Tensor) -> Tensor:
    """Return by how much the log probability of ``towards`` falls if each of ``(b, t)`` tokens is left out, ``(b, t)``.

    Later tokens move up by one place. Raises ``ValueError`` for texts of fewer than two tokens.
    """
    t = tokens.shape[1]
    if t < 2:
        raise ValueError(f"a token can be left out of two or more; got {t}")
    others = torch.stack([torch.cat([tokens[:, :j], tokens[:, j + 1 :]], 1) for j in range(t)], 1)  # (b, t, t − 1)

    def chance(texts: Tensor, following: Tensor) -> Tensor:
        return model.advance(texts, last=1)[:, -1].log_softmax(-1).gather(1, following[:, None])[:, 0]

    lacking = [chance(texts, following.expand(t)) for texts, following in zip(others, towards, strict=True)]
    return chance(tokens, towards)[:, None] - torch.stack(lacking)


@torch.no_grad()
def looked_at(model: Llama, tokens: Tensor) -> Tensor:
    """Return how much the last of ``(b, t)`` tokens looks at each, ``(b, t)``: the mean over all layers and heads."""
    with capture(model, "blocks.*.attention.weights") as seen:
        model.advance(tokens, last=1)
    return torch.stack([weights[:, :, -1].mean(1) for weights in seen.values()]).mean(0)


def rank_correlation(one: Tensor, other: Tensor, where: Tensor | None = None) -> Tensor:
    """Return Spearman's rank correlation of two maps of each example, ``(b,)``: NaN where one of them is constant.

    Args:
        one: numbers ``(b, …)``; equal ones share their mean rank.
        other: as many.
        where: booleans of the same shape: count these places alone.

    Raises ``ValueError`` for shapes that differ, no examples, or NaN among what counts, which has no rank.
    """
    shapes = [tuple(x.shape) for x in (one, other, one if where is None else where)]
    if len(set(shapes)) > 1 or one.ndim < 2 or not len(one):
        raise ValueError(f"two maps, and places in them, of one shape (b, …) are needed; got {shapes}")
    where = torch.ones_like(one, dtype=torch.bool) if where is None else where
    if (one.isnan() | other.isnan())[where].any():
        raise ValueError("NaN has no rank; leave these places out by `where`")
    pairs = zip(one.flatten(1), other.flatten(1), where.flatten(1), strict=True)
    ranks = [torch.stack([_ranks(a[chosen]), _ranks(b[chosen])]) for a, b, chosen in pairs]
    return torch.stack([torch.corrcoef(both)[0, 1] for both in ranks])


def _ranks(x: Tensor) -> Tensor:
    _, place, times = x.unique(return_inverse=True, return_counts=True)
    return (times.cumsum(0) - (times - 1).double() / 2)[place]
