"""How many parameters a Transformer has."""

from torch import Tensor

from largemodels.estimate import counting
from largemodels.estimate.quantities import Quantity
from largemodels.estimate.sizes import SIZES, Sized, shaped

PARTS = {
    "embedding": "Embedding",
    "positions": "Positions",
    "attention": "Attention",
    "mlp": "MLPs",
    "experts": "Experts",
    "router": "Routers",
    "norms": "Normalisation",
    "head": "Head",
}


class Parameters(Sized):
    """The parameters of a Transformer, all and active, and those of its parts, from its sizes.

    It is what :meth:`Shape.parts` computes, for the shapes that these sizes can say. With ``experts`` above 1 every
    layer has so many MLPs of ``hidden`` and a router.
    """

    takes = SIZES
    gives = tuple(
        Quantity(name, label, "", 0, float("inf"))
        for name, label in {
            "parameters": "Parameters",
            "active": "Active parameters",
            **{f"{name}_parameters": label for name, label in PARTS.items()},
        }.items()
    )
    source = "vaswani2017attention"

    def forward(self, *sizes: Tensor) -> dict[str, Tensor]:
        """Return ``parameters``, ``active``, and ``embedding_parameters`` and so on for each part.

        ``sizes`` are tensors of ``SIZES`` in their order.
        """
        fits = self.check(*sizes)
        s = shaped(*sizes)
        parts = counting.parts(s)
        named = {f"{name}_parameters": count for name, count in parts.items()}
        return self.fitting({"parameters": sum(parts.values()), "active": counting.active(s)} | named, *fits)
