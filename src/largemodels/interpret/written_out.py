"""The backward pass of the book's ConvNet, written out without autograd, so that a page can run it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.models import ConvNet, receptive_field


class AttributionMaps(nn.Module):
    """Answer one image with the logits, and with the maps of five methods for one class, ``(h, w)`` each.

    Each map equals what the function of this package gives by autograd, on a network of stages (convolution, max
    pooling by 2, ReLU) and one linear layer. Grad-CAM is that of the last stage.

    Args:
        model: with ``pool=2``.
        steps: of integrated gradients.
        side: of the squares that occlusion blanks, in pixels, edge to edge.

    Raises ``ValueError`` for a network that pools by another number, or is no :class:`ConvNet`; squares that do not
    tile the image.
    """

    names = ("gradient", "gradient × input", "integrated gradients", "occlusion", "Grad-CAM")

    def __init__(self, model: ConvNet, steps: int = 16, side: int = 4):
        super().__init__()
        if not isinstance(model, ConvNet) or model.config.pool != 2:
            raise ValueError(f"the backward pass is written out for a ConvNet that pools by 2; got {model}")
        if not 1 <= side <= model.config.size or model.config.size % side:
            raise ValueError(f"squares of {side} do not tile an image of {model.config.size} × {model.config.size}")
        self.model, self.side = model, side
        self.register_buffer("shares", (torch.arange(steps) + 0.5).view(-1, 1, 1, 1) / steps, persistent=False)
        self.register_buffer("stretch", _stretch(model), persistent=False)

    def forward(self, image: Tensor, towards: Tensor) -> dict[str, Tensor]:
        """Take an image ``(1, c, size, size)`` and the number of a class ``(1,)``, or −1: the likeliest.

        Also returned are the logits, ``output`` ``(1, classes)``, and the class that the maps are of, ``of`` ``(1,)``.
        """
        logits, ways, x = self.run(image)
        of = torch.where(towards < 0, logits.argmax(1).to(towards.dtype), towards)
        one_hot = (torch.arange(logits.shape[1], device=of.device) == of[:, None]).to(logits.dtype)  # (1, classes)
        g = (one_hot @ self.model.classifier.weight).view(1, *x.shape[1:])  # what the class makes of the last maps
        cam = (g.mean((2, 3), keepdim=True) * x).sum(1)[0]
        slope = self.back(g, ways)
        _, on_the_way, _ = self.run(self.shares * image)
        maps = {
            "gradient": slope,
            "gradient × input": slope * image,
            "integrated gradients": self.back(g, on_the_way).mean(0, keepdim=True) * image,
            "occlusion": self.falls(image, logits, one_hot),
            "Grad-CAM": self.stretch @ cam @ self.stretch.T,
        }
        return {"output": logits, "of": of, **{name: x.reshape(-1, *image.shape[2:])[0] for name, x in maps.items()}}

    def run(self, x: Tensor) -> tuple[Tensor, list[tuple[int, Tensor]], Tensor]:
        """Return the logits; for each stage its side and where slopes pass, ``(b, c, m, 2, m, 2)``; the last maps."""
        ways = []
        for stage in self.model.stages:
            z = stage.conv(x)
            pooled, first = first_of_four(z)
            ways.append((z.shape[3], first * (pooled > 0)[:, :, :, None, :, None]))
            x = pooled.relu()
        return self.model.classifier(x.flatten(1)), ways, x

    def back(self, g: Tensor, ways: list[tuple[int, Tensor]]) -> Tensor:
        """Carry slopes ``(1, c, m, m)`` at the last maps back to the image: ``(b, channels, size, size)``."""
        for stage, (side, way) in zip(reversed(self.model.stages), reversed(ways), strict=True):
            g = g[:, :, :, None, :, None] * way  # to the one of four that won, if it was positive
            g = g.reshape(-1, way.shape[1], 2 * way.shape[2], 2 * way.shape[4])
            g = F.pad(g, (0, side - g.shape[3], 0, side - g.shape[2]))  # an odd last row went nowhere
            g = F.conv_transpose2d(g, stage.conv.weight)
        return g

    def falls(self, image: Tensor, logits: Tensor, one_hot: Tensor) -> Tensor:
        """Return by how much the logit falls when the square around a pixel is blank, ``(1, size, size)``."""
        size, n = self.model.config.size, self.model.config.size // self.side
        band = torch.eye(n, device=image.device).repeat_interleave(self.side, 1)  # (n, size)
        squares = (band[:, None, :, None] * band[None, :, None, :]).view(n * n, 1, size, size)
        falls = ((logits - self.model((1 - squares) * image)) * one_hot).sum(1)
        return (falls[:, None, None] * squares[:, 0]).sum(0, keepdim=True)


def first_of_four(z: Tensor) -> tuple[Tensor, Tensor]:
    """Return max pooling by 2 of ``(b, c, h, w)``, and 1 where the first of the largest was: ``(b, c, m, 2, m, 2)``."""
    b, c, h, w = z.shape
    m, n = h // 2, w // 2
    four = z[:, :, : 2 * m, : 2 * n].reshape(b, c, m, 2, n, 2).transpose(3, 4).reshape(b, c, m, n, 4)
    most = four.amax(4, keepdim=True)
    hit = (four >= most).to(z.dtype)
    first = hit * (hit.cumsum(4) == 1).to(z.dtype)
    return most[..., 0], first.view(b, c, m, n, 2, 2).transpose(3, 4)


def _stretch(model: ConvNet) -> Tensor:
    """Return how a pixel along a side is mixed of the last maps' cells, in a straight line between their middles."""
    field, cells = receptive_field(model, f"stages.{len(model.stages) - 1}.relu"), model.config.sizes[-1]
    at = (torch.arange(model.config.size) - field.offset - (field.size - 1) / 2) / field.stride
    return (1 - (at.clamp(0, cells - 1)[:, None] - torch.arange(cells)).abs()).clamp(min=0)
