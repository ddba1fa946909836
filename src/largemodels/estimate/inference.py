"""How much memory it takes to write with a model."""

from torch import Tensor

from largemodels.estimate.formula import Formula
from largemodels.estimate.memory import BATCH, CONTEXT, GATED, HEAD_WIDTH, HIDDEN, KV_HEADS, LAYERS, VOCABULARY, WIDTH
from largemodels.estimate.quantities import PARAMETERS, Quantity


class InferenceMemory(Formula):
    r"""The bytes of weights, of the cache of keys and values, and of what reading the prompt takes.

    **Cache**: :math:`2 \cdot layers \cdot kv\_heads \cdot head\_width` numbers for each token that there is room for
    (Pope et al. 2023); with grouped queries ``kv_heads`` are fewer than the queries' heads. **Reading** keeps nothing
    for a backward pass: in the widest place, the MLP, a token has what came in, its norm, and hidden widths: two, or
    three if it is gated. Logits come after it, with the bytes of an activation, of all the prompt or of its last token.
    """

    takes = (
        PARAMETERS,
        VOCABULARY,
        WIDTH,
        LAYERS,
        KV_HEADS,
        HEAD_WIDTH,
        HIDDEN,
        GATED,
        BATCH,
        CONTEXT,
        Quantity("prompt", "Tokens read at once", "", 1, 1e8, whole=True),
        Quantity("scored", "Tokens whose logits are computed", "", 1, 1e8, whole=True),
        Quantity("weight_bytes", "Bytes of a weight", "B", 0.25, 8),
        Quantity("cache_bytes", "Bytes of a number in the cache", "B", 0.25, 8),
        Quantity("activation_bytes", "Bytes of an activation", "B", 0.25, 8),
    )
    gives = tuple(
        Quantity(name, label, "B", 0, float("inf"))
        for name, label in {
            "weights": "Weights",
            "cache": "Keys and values",
            "reading": "Reading the prompt",
            "logits": "Logits",
            "peak": "Peak",
        }.items()
    )
    source = "pope2023efficiently"

    def forward(
        self,
        parameters: Tensor,
        vocabulary: Tensor,
        width: Tensor,
        layers: Tensor,
        kv_heads: Tensor,
        head_width: Tensor,
        hidden: Tensor,
        gated: Tensor,
        batch: Tensor,
        context: Tensor,
        prompt: Tensor,
        scored: Tensor,
        weight_bytes: Tensor,
        cache_bytes: Tensor,
        activation_bytes: Tensor,
    ) -> dict[str, Tensor]:
        """Return bytes; ``context`` is the room of the cache in tokens of each text."""
        self.check(
            parameters, vocabulary, width, layers, kv_heads, head_width, hidden, gated, batch, context, prompt, scored,
            weight_bytes, cache_bytes, activation_bytes,
        )  # fmt: skip
        fits = (
            self.relate("at most", prompt=prompt, context=context),
            self.relate("at most", scored=scored, prompt=prompt),
        )
        weights = parameters * weight_bytes
        cache = 2 * layers * kv_heads * head_width * batch * context * cache_bytes
        reading = batch * prompt * (2 * width + (2 + gated) * hidden) * activation_bytes
        logits = batch * scored * vocabulary * activation_bytes
        results = {
            "weights": weights,
            "cache": cache,
            "reading": reading,
            "logits": logits,
            "peak": weights + cache + reading.maximum(logits + batch * prompt * width * activation_bytes),
        }
        return self.fitting(results, *fits)
