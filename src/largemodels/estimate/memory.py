"""How much memory training takes on one device."""

from torch import Tensor

from largemodels.estimate.formula import Formula
from largemodels.estimate.quantities import PARAMETERS, Quantity

BATCH = Quantity("batch", "Texts at a time", "", 1, 1e6, whole=True)
CONTEXT = Quantity("context", "Tokens of a text", "", 1, 1e8, whole=True)
VOCABULARY = Quantity("vocabulary", "Tokens of the vocabulary", "", 1, 1e7, whole=True)
WIDTH = Quantity("width", "Width", "", 1, 1e6, whole=True)
LAYERS = Quantity("layers", "Layers", "", 1, 1e4, whole=True)
HEADS = Quantity("heads", "Query heads", "", 1, 1e4, whole=True)
KV_HEADS = Quantity("kv_heads", "Key-value heads", "", 1, 1e4, whole=True)
HEAD_WIDTH = Quantity("head_width", "Width of a head", "", 1, 1e4, whole=True)
HIDDEN = Quantity("hidden", "Hidden widths of an MLP that a token passes", "", 1, 1e7, whole=True)
GATED = Quantity("gated", "Gated MLP (1) or not (0)", "", 0, 1, whole=True)
TIED = Quantity("tied", "Head shares the embedding's weights (1) or not (0)", "", 0, 1, whole=True)

FLOAT = 4  # bytes of a logit: losses are computed in float32
COPIES = 4  # of the logits at the start of the backward pass: they, log-probabilities, and the gradients of both


class TrainingMemory(Formula):
    r"""The bytes that training takes on one of ``devices``.

    **States**: weights, gradients and what the optimiser keeps, each parameters times bytes, shared out among devices
    in ZeRO's stages (Rajbhandari et al. 2020): 1 the optimiser's, 2 the gradients too, 3 the weights too. Adam in
    float32 takes 4 + 4 + 8 bytes; in mixed precision 2 + 2 + 12, of which 4 are a master copy of the weights.

    **Activations** kept for the backward pass. A token keeps in a layer what its matrices and functions took in:
    4 widths (each norm's input and output), queries, keys, values and the answer of attention, 2 hidden widths of an
    MLP or 4 if it is gated; a dropout mask of a byte a number, twice; and unless attention is ``fused``, or computed
    again, weights for every head and position. With an MLP of four widths, 2 bytes, and dropout, that is
    :math:`34\,s b h + 5\,a s^2 b` bytes a layer, as in Korthikanti et al. (2023, section 4.1). ``extra`` adds widths:
    2 where RMSNorm is written out, as in our ``Llama``, 3 for the norms of our ``GPT``'s queries and keys.
    With ``recomputed`` a layer keeps its input alone, and one layer at a time is whole (Chen et al. 2016).

    **Logits**: float32, four times a token when the backward pass begins.

    **Peak**: gradients come as activations go, so the most is at one of four moments: the backward pass begins; the
    head's gradient is there; the last layer's begins; all gradients are there. ``total`` has everything at once, as
    where gradients are kept from before.
    """

    takes = (
        PARAMETERS,
        VOCABULARY,
        WIDTH,
        LAYERS,
        HEADS,
        KV_HEADS,
        HEAD_WIDTH,
        HIDDEN,
        GATED,
        TIED,
        BATCH,
        CONTEXT,
        Quantity("weight_bytes", "Bytes of a weight", "B", 0.5, 8),
        Quantity("gradient_bytes", "Bytes of a gradient", "B", 0, 8),
        Quantity("optimiser_bytes", "Bytes that the optimiser keeps of a parameter", "B", 0, 32),
        Quantity("activation_bytes", "Bytes of an activation", "B", 0.5, 8),
        Quantity("fused", "Attention in one operation (1) or with a matrix of weights (0)", "", 0, 1, whole=True),
        Quantity("dropout", "Dropout (1) or none (0)", "", 0, 1, whole=True),
        Quantity("extra", "Further widths that a layer keeps", "", 0, 100),
        Quantity("recomputed", "Layers computed again (1) or kept (0)", "", 0, 1, whole=True),
        Quantity("devices", "Devices that share the states", "", 1, 1e7, whole=True),
        Quantity("stage", "ZeRO stage", "", 0, 3, whole=True),
    )
    gives = tuple(
        Quantity(name, label, "B", 0, float("inf"))
        for name, label in {
            "weights": "Weights",
            "gradients": "Gradients",
            "optimiser": "Optimiser",
            "activations": "Activations",
            "logits": "Logits",
            "peak": "Peak",
            "total": "All at once",
        }.items()
    )
    source = "korthikanti2023reducing"

    def forward(self, *values: Tensor) -> dict[str, Tensor]:
        """Return bytes, from tensors of ``takes`` in their order."""
        self.check(*values)
        n, vocabulary, width, layers, heads, kv_heads, head_width, hidden, gated, tied, batch, context, *rest = values
        weight, gradient, optimiser, activation, fused, dropout, extra, recomputed, devices, stage = rest
        fits = self.relate("a multiple of", heads=heads, kv_heads=kv_heads)
        tokens = batch * context

        def share(bytes_each, first):  # of what is shared out from this stage on
            return n * bytes_each / (1 + (devices - 1) * (stage >= first))

        weights, gradients, states = share(weight, 3), share(gradient, 2), share(optimiser, 1)
        numbers = (4 + extra) * width + 2 * (heads + kv_heads) * head_width + 2 * (1 + gated) * hidden
        matrix = (1 - fused) * heads * context
        layer = activation * (numbers + matrix * (1 + dropout)) + dropout * (2 * width + matrix)
        each = recomputed * width * activation + (1 - recomputed) * layer
        kept = tokens * (layers * each + 2 * width * activation)  # the last norm, too
        again = tokens * recomputed * layer
        logits = tokens * vocabulary * FLOAT
        head = vocabulary * width * gradient
        inside = tokens * activation * (hidden + 2 * width)  # gradients of one layer's activations
        moments = (
            kept + COPIES * logits,
            kept + 2 * logits + head,
            kept + again + logits + head + inside,
            gradients + logits + 2 * tied * head,  # the embedding's gradient, and its sum with the head's
        )
        peak = weights + states
        most = moments[0]
        for moment in moments[1:]:
            most = most.maximum(moment)
        results = {
            "weights": weights,
            "gradients": gradients,
            "optimiser": states,
            "activations": kept + again,
            "logits": COPIES * logits,
            "peak": peak + most,
            "total": peak + gradients + kept + again + COPIES * logits,
        }
        return self.fitting(results, fits)
