"""The sizes of a Transformer as numbers that a reader can change."""

from types import SimpleNamespace

from torch import Tensor

from largemodels.estimate.formula import Formula
from largemodels.estimate.quantities import Quantity
from largemodels.estimate.shape import Shape

SIZES = (
    Quantity("vocabulary", "Tokens of the vocabulary", "", 1, 1e7, whole=True),
    Quantity("width", "Width", "", 1, 1e6, whole=True),
    Quantity("layers", "Layers", "", 1, 1e4, whole=True),
    Quantity("heads", "Query heads", "", 1, 1e4, whole=True),
    Quantity("kv_heads", "Key-value heads", "", 1, 1e4, whole=True),
    Quantity("head_width", "Width of a head", "", 1, 1e4, whole=True),
    Quantity("hidden", "Hidden width of an MLP", "", 1, 1e7, whole=True),
    Quantity("gated", "Gated MLP (1) or not (0)", "", 0, 1, whole=True),
    Quantity("tied", "Head shares the embedding's weights (1) or not (0)", "", 0, 1, whole=True),
    Quantity("biases", "Biases and LayerNorm (1), or none and RMSNorm (0)", "", 0, 1, whole=True),
    Quantity("positions", "Learned position vectors", "", 0, 1e7, whole=True),
    Quantity("experts", "Experts a layer", "", 1, 1e4, whole=True),
    Quantity("chosen", "Experts that a token passes", "", 1, 1e4, whole=True),
)


class Sized(Formula):
    """A formula whose first inputs are :data:`SIZES`."""

    def check(self, *values: Tensor) -> list[Tensor]:
        """Raise ``ValueError`` for a value out of its limits, and for sizes that do not fit together, as ``relate``."""
        super().check(*values)
        s = dict(zip((q.name for q in SIZES), values, strict=False))
        return [
            self.relate("at most", chosen=s["chosen"], experts=s["experts"]),
            self.relate("a multiple of", heads=s["heads"], kv_heads=s["kv_heads"]),
        ]


def shaped(*values: Tensor) -> SimpleNamespace:
    """Return tensors of :data:`SIZES` as the attributes of a ``Shape``."""
    s = SimpleNamespace(**dict(zip((q.name for q in SIZES), values, strict=True)))
    mixed = s.experts > 1
    s.expert_layers, s.expert_hidden = s.layers * mixed, s.hidden
    s.norm_bias = s.qkv_bias = s.out_bias = s.mlp_bias = s.biases
    s.norms, s.final_norm, s.embedding_norm, s.query_norm, s.latent, s.shared_hidden = 2, 1, 0, "", None, 0
    return s


def sizes(shape: Shape) -> dict[str, int]:
    """Return the numbers of :data:`SIZES` that a shape has, as far as they can say it.

    Raises ``ValueError`` for a shape that has what they cannot say: latent attention, shared experts, layers of
    both kinds, or biases in some places only. Norms of queries and of the embedding, a few thousand numbers, are let
    go.
    """
    mixed = shape.expert_layers > 0
    biases = {shape.norm_bias, shape.qkv_bias, shape.out_bias, shape.mlp_bias}
    if shape.latent or shape.shared_hidden or (mixed and shape.expert_layers < shape.layers) or len(biases) > 1:
        raise ValueError(
            "these sizes cannot say latent attention, shared experts, layers of both kinds, or biases in some places "
            f"only; use the methods of Shape; got {shape}"
        )
    return {
        "hidden": shape.expert_hidden if mixed else shape.hidden,
        "biases": int(shape.norm_bias),
        "experts": shape.experts if mixed else 1,
        "chosen": shape.chosen if mixed else 1,
    } | {q.name: int(getattr(shape, q.name)) for q in SIZES if q.name not in ("hidden", "biases", "experts", "chosen")}
