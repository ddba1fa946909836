"""Draw a digit and read what a network takes it for: a probability for each class."""

from torch import Tensor, nn

from largemodels.live.drawing import LOGITS, DrawingView


class DigitReader(DrawingView):
    """The reader draws; the classes are drawn as bars of probability, and the likeliest in large.

    Bind it to any module that classifies such images, from ``(b, 1, size, size)`` to logits ``(b, classes)``::

        live(DigitReader(images, names, labels), model, {"image": images[:1]})

    Args:
        examples: images to pick from, ``(n, 1, size, size)`` in [0, 1]; about ten fit.
        names: of the classes.
        labels: the examples' classes, ``(n,)``, if known: those that the model gets wrong are marked.

    Raises:
        ValueError: images or labels that do not fit; on binding, a drawing or a model that does not fit them.
    """

    parts = (*DrawingView.parts, "own/model")

    def bind(self, function: nn.Module, example: dict[str, Tensor], dynamic=None) -> "DigitReader":
        """Show the answers of ``function``; it may be a reader's own."""
        return super().bind(Answer(function), example, dynamic)

    def describe(self, function: nn.Module, image: Tensor) -> dict:
        """There is nothing to draw but the answer."""
        return {}


class Answer(nn.Module):
    """Return the ``output`` of a model and nothing else, also of one that is watched."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Take images as the model does. Raises ``ValueError`` if it returns no logits."""
        answer = self.model(image)
        logits = answer.get(LOGITS) if isinstance(answer, dict) else answer
        if not isinstance(logits, Tensor):
            raise ValueError(f"the model must return logits (b, classes), one tensor; got {type(answer).__name__}")
        return {LOGITS: logits}
