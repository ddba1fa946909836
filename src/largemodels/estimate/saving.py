"""What the means of saving leave of the memory that training takes on one device."""

from torch import Tensor

from largemodels.estimate.formula import Formula
from largemodels.estimate.memory import LAYERS, WIDTH
from largemodels.estimate.quantities import PARAMETERS, Quantity

WEIGHT, GRADIENT, STATES = 2, 2, 12  # bytes of a parameter that learns; states: a float32 copy and Adam's two means
NUMBERS = 16  # widths that a layer keeps of a token: norms 4, attention 4, an MLP of four widths 8
ACTIVATION = 2  # bytes of a number


class Saving(Formula):
    r"""The bytes that training in mixed precision takes on one of ``devices``, and the work of a step.

    A parameter that learns takes 2 bytes, 2 for its gradient, and 12 for a copy in float32 and Adam's two means
    (Rajbhandari et al. 2020, section 3.1); a frozen one ``bits`` / 8. Devices share them out in ZeRO's stages: 1 the 12
    bytes, 2 the gradients too, 3 all weights too. Of each token a layer keeps 16 widths of 2 bytes, with attention in
    one operation, an MLP of four widths and no dropout; one that is ``recomputed`` keeps its input, and is whole when
    its turn comes. ``pieces`` cut the tokens that are computed at a time. Logits, and what programs need, come on top.

    ``work`` counts products beside those of a step in which every parameter learns and nothing is computed twice:
    a part forward, one for the gradients of activations, one for those of weights that learn, and one for a second
    time forward.
    """

    takes = (
        PARAMETERS,
        LAYERS,
        WIDTH,
        Quantity("tokens", "Tokens of a step, on one device", "", 1, 1e9, whole=True),
        Quantity("learned", "Share of the parameters that learns", "", 0, 1),
        Quantity("bits", "Bits of a frozen weight", "", 2, 32),
        Quantity("pieces", "Pieces that a step is computed in", "", 1, 1e6, whole=True),
        Quantity("recomputed", "Share of the layers that are computed again", "", 0, 1),
        Quantity("devices", "Devices that share", "", 1, 1e7, whole=True),
        Quantity("stage", "ZeRO stage: what they share", "", 0, 3, whole=True),
    )
    gives = (
        Quantity("weights", "Weights", "B", 0, float("inf")),
        Quantity("gradients", "Gradients", "B", 0, float("inf")),
        Quantity("states", "Optimiser", "B", 0, float("inf")),
        Quantity("held", "These three", "B", 0, float("inf")),
        Quantity("activations", "Activations", "B", 0, float("inf")),
        Quantity("total", "Together", "B", 0, float("inf")),
        Quantity("work", "Products, plain training = 1", "", 0, float("inf")),
    )
    source = "rajbhandari2020zero"

    def forward(self, *values: Tensor) -> dict[str, Tensor]:
        """Return bytes and work, from tensors of ``takes`` in their order."""
        self.check(*values)
        parameters, layers, width, tokens, learned, bits, pieces, recomputed, devices, stage = values

        def share(size: Tensor, first: int) -> Tensor:  # of what is shared out from this stage on
            return size / (1 + (devices - 1) * (stage >= first))

        learning = parameters * learned
        weights = share(learning * WEIGHT + (parameters - learning) * bits / 8, 3)
        gradients, states = share(learning * GRADIENT, 2), share(learning * STATES, 1)
        layer = NUMBERS * width * ACTIVATION
        one = width * ACTIVATION
        kept = layers * (recomputed * one + (1 - recomputed) * layer) + (recomputed > 0) * layer + 2 * one
        activations = tokens / pieces * kept
        held = weights + gradients + states
        return {
            "weights": weights,
            "gradients": gradients,
            "states": states,
            "held": held,
            "activations": activations,
            "total": held + activations,
            "work": (2 + learned + recomputed) / 3,
        }
