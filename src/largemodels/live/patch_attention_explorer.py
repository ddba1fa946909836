"""Draw a digit and watch a vision Transformer read it: from every patch, where each head of each layer looks."""

from math import isqrt

import torch
from torch import Tensor, nn

from largemodels.live.binding import evaluation
from largemodels.live.drawing import LOGITS, DrawingView


class PatchAttentionExplorer(DrawingView):
    """The reader draws; the drawing is cut into patches, and the weights of every head are laid over them.

    Bind it to a watched ``ViT``, or any model of square images whose attention is over a class token and then the
    patches, row by row::

        live(
            PatchAttentionExplorer(examples=images, names=names),
            Watched(model, "layers.*.self_attn.weights"),
            {"image": images[:1]},
        )

    Args:
        examples: images to pick from, ``(n, 1, size, size)`` in [0, 1]; about twenty fit.
        names: of the classes.
        labels: the examples' classes, ``(n,)``, if known: those that the model gets wrong are marked.

    Raises:
        ValueError: images or labels that do not fit; on binding, a model that is watched for anything but weights.
    """

    owns = ()
    parts = (*DrawingView.parts, "patches/gaze")

    def describe(self, function: nn.Module, image: Tensor) -> dict:
        """Return the ``taps`` of the layers in order, their ``heads``, and the ``side``: patches in a row."""
        with torch.no_grad(), evaluation(function):
            answer = function(image)
        taps = [tap for tap in answer if tap != LOGITS] if isinstance(answer, dict) else []
        if not taps:
            raise ValueError(f"bind a Watched model, whose weights can be seen; got {type(function).__name__}")
        shapes = {tap: tuple(answer[tap].shape) for tap in taps}
        first = shapes[taps[0]]
        places = first[-1]
        side = isqrt(max(0, places - 1))
        if len(first) != 4 or first[0] != 1 or first[2] != places or side < 2 or side**2 != places - 1:
            raise ValueError(
                f"weights are (1, h, n, n) with n = 1 + side², a class token and patches; got {first} from {taps[0]}"
            )
        if not torch.allclose(answer[taps[0]].sum(-1), torch.ones(first[:-1], device=image.device), atol=1e-3):
            raise ValueError(f"the weights of each place must add up to 1; those of {taps[0]} do not")
        if other := [tap for tap in taps if shapes[tap] != first]:
            raise ValueError(f"every layer must have weights of one shape; got {first} and {shapes[other[0]]}")
        if image.shape[-1] % side:
            raise ValueError(f"{side} patches in a row do not tile an image of {image.shape[-1]} pixels")
        return {"taps": taps, "heads": first[1], "side": side}
