"""What the views that the reader draws in share: a pad, examples to pick from, and the model's answer."""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from largemodels.live.binding import evaluation, pack_steps
from largemodels.live.view import View

LOGITS = "output"  # what a watched model calls its answer
THICKEST = 2.2  # radius of the pen in pixels: a thicker one closes the loops of an 8


class DrawingView(View):
    """The base of the views in which the reader draws what a watched model classifies; they have the parts in ``pad``.

    Args:
        examples: images to pick from, ``(n, 1, size, size)`` in [0, 1]; about twenty fit.
        names: of the classes.
        labels: the examples' classes, ``(n,)``, if known: those that the model gets wrong are marked.

    Raises:
        ValueError: images or labels that do not fit; on binding, a drawing or a model that does not fit them.
    """

    owns = ("names",)
    parts = ("pad/look", "pad/ink", "pad/link", "pad/board", "pad/gallery", "pad/class_bars")
    also: ClassVar[tuple[str, ...]] = ()  # what the function takes beside the drawing

    def __init__(self, examples: Tensor, names: Sequence[str], labels: Tensor | None = None, **traits):
        if (
            examples.ndim != 4
            or examples.shape[1] != 1
            or examples.shape[2] != examples.shape[3]
            or 0 in examples.shape
        ):
            raise ValueError(f"examples take the shape (n, 1, size, size); got {tuple(examples.shape)}")
        if not ((examples >= 0) & (examples <= 1)).all():
            raise ValueError(f"examples are images in [0, 1]; got {examples.min():g} to {examples.max():g}")
        if labels is not None and labels.shape != examples.shape[:1]:
            raise ValueError(f"{len(examples)} examples need as many labels; got the shape {tuple(labels.shape)}")
        self._examples = examples
        settings = {
            "examples": pack_steps(examples, 1 / 255),
            "labels": None if labels is None else labels.tolist(),
            "names": [str(name) for name in names],
            "pen": pen_radius(examples),
        }
        super().__init__(settings=settings, **traits)

    def bind(self, function: nn.Module, example: dict[str, Tensor], dynamic=None) -> "DrawingView":
        """Show ``function``, a ``Watched`` model of one drawing; it may be a reader's own."""
        name, *more = example or ("",)
        if not name or tuple(more) != self.also:
            wanted = " and ".join(("one drawing", *self.also))
            raise ValueError(f"the function takes {wanted}; got {', '.join(example) or 'nothing'}")
        image = example[name]
        if image.shape != (1, *self._examples.shape[1:]):
            raise ValueError(
                f"the drawing takes one image of the examples' shape {tuple(self._examples.shape[1:])}; "
                f"got {tuple(image.shape)}"
            )
        about = self.describe(function, image)
        with torch.no_grad(), evaluation(function):
            answers = self.answer_examples(function, self._examples.to(image.device))
        names = self.settings["names"]
        if answers.shape[1:] != (len(names),):
            shape = (1, *answers.shape[1:])
            raise ValueError(f"{len(names)} names need as many logits; the model returns {shape}")
        with self.hold_sync():  # the browser gets what is new and its numbers at once
            self.settings = {**self.settings, **about, "answers": answers.argmax(1).tolist()}
            return super().bind(WithProbabilities(function), example, dynamic)

    def answer_examples(self, function: nn.Module, images: Tensor) -> Tensor:
        """Return the logits of all examples."""
        return function(images)[LOGITS]

    def describe(self, function: nn.Module, image: Tensor) -> dict:
        """Return what the view draws of the model beside its numbers. Raises ``ValueError`` for one that it cannot."""
        raise NotImplementedError


class WithProbabilities(nn.Module):
    """Add to a watched model's answer the ``probabilities`` of the classes and the image that was ``seen``."""

    def __init__(self, function: nn.Module):
        super().__init__()
        self.function = function

    def forward(self, image: Tensor, *also: Tensor) -> dict[str, Tensor]:
        """Take ``(1, 1, size, size)``; the probabilities are ``(1, classes)``."""
        answer = self.function(image, *also)
        return {**answer, "probabilities": answer[LOGITS].softmax(1), "seen": image}


def pen_radius(images: Tensor) -> float:
    """Half the width, in pixels, of the strokes in some images: the ink over the length of its outline."""
    down = images.diff(dim=2)[..., :-1]
    across = images.diff(dim=3)[..., :-1, :]
    outline = torch.hypot(down, across).sum()
    return min(THICKEST, max(0.7, (images.sum() / outline).item())) if outline else THICKEST
