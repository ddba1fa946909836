"""How large a model should be, and how long it should learn, for a given amount of computation."""

from typing import NamedTuple

from torch import Tensor

from largemodels.estimate.formula import Formula
from largemodels.estimate.quantities import PARAMETERS, TOKENS, Quantity


class Fit(NamedTuple):
    """The constants of a loss law ``floor + a / N^alpha + b / D^beta``, in nats a token; if published, where."""

    floor: float
    a: float
    b: float
    alpha: float
    beta: float
    source: str = ""
    where: str = ""

    def loss(self, parameters: Tensor, tokens: Tensor) -> Tensor:
        """Return the loss that the law expects."""
        return self.floor + self.a / parameters**self.alpha + self.b / tokens**self.beta

    def optimum(self, compute: Tensor) -> tuple[Tensor, Tensor]:
        """Return the parameters and tokens of least loss among those with ``6 N D = compute``."""
        both = self.alpha + self.beta
        scale = (self.alpha * self.a / (self.beta * self.b)) ** (1 / both)
        product = compute / 6
        return scale * product ** (self.beta / both), product ** (self.alpha / both) / scale


class Power(NamedTuple):
    """Power laws through one point: so many parameters and tokens at so much compute, and how fast both grow."""

    compute: float
    parameters: float
    tokens: float
    a: float
    b: float
    source: str
    where: str

    def optimum(self, compute: Tensor) -> tuple[Tensor, Tensor]:
        """Return parameters and tokens."""
        ratio = compute / self.compute
        return self.parameters * ratio**self.a, self.tokens * ratio**self.b


HOFFMANN, BESIROGLU = "hoffmann2022training", "besiroglu2024chinchilla"
FITS = {
    "hoffmann": Fit(1.69, 406.4, 410.7, 0.34, 0.28, HOFFMANN, "appendix D.2: approach 3, as printed"),
    "unrounded": Fit(1.6934, 406.4, 410.7, 0.3392, 0.2849, BESIROGLU, "the same as in the paper's source"),
    "besiroglu": Fit(1.8172, 482.01, 2085.43, 0.3478, 0.3658, BESIROGLU, "table 1: approach 3 on its data again"),
}
POWERS = {
    "first": Power(5.76e23, 67e9, 1.5e12, 0.50, 0.50, HOFFMANN, "tables 2 and 3: approach 1"),
    "second": Power(6.88e23, 67e9, 1.7e12, 0.49, 0.51, HOFFMANN, "tables 2 and A3: approach 2"),
}
LABELS = {
    "first": "approach 1",
    "second": "approach 2",
    "hoffmann": "approach 3",
    "unrounded": "approach 3, unrounded",
    "besiroglu": "approach 3, fitted again",
}


class ScalingLaw(Formula):
    """The loss of a model of so many parameters after so many tokens: approach 3 of Hoffmann et al. (2022).

    Args:
        fit: ``hoffmann``, the constants as printed; ``unrounded``, as they stand in the paper's source; or
            ``besiroglu``, those that Besiroglu et al. (2024) fitted to runs read off the paper's figure. Rounded
            exponents alone make the best model at Gopher's compute a fifth smaller than the paper says it is.

    The law holds for one data set, tokenizer and kind of model; between others only its form carries over.
    """

    takes = (PARAMETERS, TOKENS)
    gives = (Quantity("loss", "Loss", "nats a token", 0, float("inf")),)
    source = HOFFMANN

    def __init__(self, fit: str = "besiroglu"):
        super().__init__()
        if fit not in FITS:
            raise ValueError(f"fit is {fit!r}; choose one of {', '.join(FITS)}")
        self.fit = FITS[fit]

    def forward(self, parameters: Tensor, tokens: Tensor) -> dict[str, Tensor]:
        """Return ``loss``."""
        self.check(parameters, tokens)
        return {"loss": self.fit.loss(parameters, tokens)}


class ComputeOptimal(Formula):
    """Parameters and tokens of least loss for an amount of computation, by five published laws.

    ``first`` and ``second`` are power laws of Hoffmann et al. (2022) from the envelope of training curves and from
    curves of equal compute; the others are the laws of :class:`ScalingLaw`. Where they disagree, it is open which is
    right. A smaller model that is trained longer reaches the same loss for more computation, and costs less to use.
    """

    takes = (Quantity("compute", "Computation", "FLOP", 1e12, 1e30),)
    gives = tuple(
        Quantity(f"{name}_{law}", f"{label}, {LABELS[law]}", unit, 0, float("inf"))
        for law in (*POWERS, *FITS)
        for name, label, unit in (
            ("parameters", "Parameters", ""),
            ("tokens", "Tokens", ""),
            ("loss", "Loss", "nats a token"),
        )
        if law in FITS or name != "loss"
    )
    source = HOFFMANN

    def forward(self, compute: Tensor) -> dict[str, Tensor]:
        """Return parameters and tokens by each law, and the loss by those that tell it."""
        self.check(compute)
        found = {}
        for name, law in (POWERS | FITS).items():
            found[f"parameters_{name}"], found[f"tokens_{name}"] = law.optimum(compute)
            if name in FITS:
                found[f"loss_{name}"] = law.loss(found[f"parameters_{name}"], found[f"tokens_{name}"])
        return found
