"""How many operations training takes."""

from torch import Tensor

from largemodels.estimate import counting
from largemodels.estimate.quantities import TOKENS, Quantity
from largemodels.estimate.sizes import SIZES, Sized, shaped

CONTEXT = Quantity("context", "Tokens of a text", "", 1, 1e8, whole=True)
CAUSAL = Quantity("causal", "Of attention, what is seen (1) or the whole square (0)", "", 0, 1, whole=True)
RECOMPUTED = Quantity("recomputed", "Layers computed again for the backward pass (1) or not (0)", "", 0, 1)

NAMES = {
    "six_nd": "6ND",
    "matrices": "Products with matrices",
    "attention": "Products of attention",
    "exact": "Forward and backward",
    "recomputation": "Computed again",
    "done": "All that is done",
}


class TrainingCompute(Sized):
    """The floating-point operations of training, two for each multiply-add: by the rule 6ND, and from the shape.

    **6ND**: two operations for each active parameter and token forward, twice as many backward (Kaplan et al. 2020,
    section 2.1, who leave the embedding out of N; published totals count it).

    **From the shape**: the products of every matrix, where the embedding has none and the head has; and the products
    of attention, which grow with ``context``. The whole square is ``12 · layers · heads · head_width · context`` a
    token (Chowdhery et al. 2022, appendix B); Kaplan et al. (Table 1) have half of it, what a causal mask leaves.
    ``recomputed`` adds the forward pass of that share of the layers (Chen et al. 2016): chips do it, the model does
    not need it, and so it counts for HFU but not for MFU. Additions without a product, softmax, normalisation and
    activations are not counted.
    """

    takes = (*SIZES, TOKENS, CONTEXT, CAUSAL, RECOMPUTED)
    gives = tuple(Quantity(name, label, "FLOP", 0, float("inf")) for name, label in NAMES.items())
    source = "kaplan2020scaling"

    def forward(self, *values: Tensor) -> dict[str, Tensor]:
        """Return the operations of all of training, from tensors of ``takes`` in their order."""
        fits = self.check(*values)
        *sizes, tokens, context, causal, recomputed = values
        return self.fitting(counting.training(shaped(*sizes), tokens, context, causal, recomputed), *fits)
