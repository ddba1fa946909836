"""Draw a digit and see, side by side, what five methods say the network's answer rests on."""

from torch import Tensor, nn

from largemodels.interpret import AttributionMaps
from largemodels.live.drawing import DrawingView

ABOUT = {  # of each map: its title, and what a number in it is
    "gradient": ("Gradient", "slope of the logit at a pixel"),
    "gradient × input": ("Gradient × input", "slope times ink"),
    "integrated gradients": ("Integrated gradients", "mean slope from blank paper on, times ink"),
    "occlusion": ("Occlusion", "fall of the logit when a square is blank"),
    "Grad-CAM": ("Grad-CAM", "feature maps, weighted by mean slopes"),
}


class AttributionExplorer(DrawingView):
    """The reader draws and picks a class; beside the answer stand the maps of five methods for that class.

    Bind it to :class:`~largemodels.interpret.AttributionMaps`, and begin with −1 for the likeliest class::

        start = {"image": images[:1], "towards": torch.tensor([-1.0])}
        live(AttributionExplorer(images, names), AttributionMaps(model), start)

    Args:
        examples: images to pick from, ``(n, 1, size, size)`` in [0, 1]; about ten fit.
        names: of the classes.
        labels: the examples' classes, ``(n,)``, if known: those that the model gets wrong are marked.

    Raises:
        ValueError: images or labels that do not fit; on binding, another function, or a drawing that does not fit.
    """

    owns = ()
    parts = (*DrawingView.parts, "attribution/map")
    also = ("towards",)

    def answer_examples(self, function: nn.Module, images: Tensor) -> Tensor:
        """Return the logits of all examples: the maps are of one image at a time."""
        return function.model(images)

    def describe(self, function: nn.Module, image: Tensor) -> dict:
        """Return the names of the ``maps``, their titles, and what they show."""
        if not isinstance(function, AttributionMaps):
            raise ValueError(f"bind AttributionMaps of a ConvNet; got {type(function).__name__}")
        return {"maps": [[name, *ABOUT[name]] for name in function.names]}
