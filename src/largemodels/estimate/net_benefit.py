"""What it is worth to act on a model's chances, for one who says how a wrong alarm compares with a missed case."""

import torch
from torch import Tensor

from largemodels.estimate.formula import Formula
from largemodels.estimate.quantities import Quantity


class NetBenefit(Formula):
    """The net benefit of acting on the chances of two models, of acting for everybody, and for nobody (which is 0).

    Who would rather act for ``harm`` people in vain than miss one acts at a chance of at least t = 1 / (1 + harm), and
    the net benefit is TP / n − FP / n · t / (1 − t) (Vickers and Elkin 2006). All cases are stored with the formula.

    Args:
        first: chances by the first model, ``(n,)``, from 0 to 1.
        second: by the second.
        happened: 1 or True for the cases where acting was right, ``(n,)``.

    Raises:
        ValueError: shapes that differ, or values out of their limits.
    """

    takes = (Quantity("harm", "People treated in vain who are as bad as one missed", "", 0.05, 50),)
    gives = (
        Quantity("threshold", "So treat from a chance of", "", 0, 1),
        Quantity("treated", "The first model treats", "", 0, 1),
        Quantity("missed", "… and misses, of those who needed it", "", 0, 1),
        Quantity("first", "Net benefit in 100 people: first model", "", -5000, 100),
        Quantity("second", "Second model", "", -5000, 100),
        Quantity("everybody", "Treat everybody", "", -5000, 100),
    )
    source = "vickers2006decision"

    def __init__(self, first: Tensor, second: Tensor, happened: Tensor):
        super().__init__()
        given = {"first": first, "second": second, "happened": happened}
        if first.ndim != 1 or not len(first) or any(each.shape != first.shape for each in given.values()):
            raise ValueError(f"all are (n,); got {', '.join(f'{n} {tuple(x.shape)}' for n, x in given.items())}")
        for name in ("first", "second"):
            if not ((given[name] >= 0) & (given[name] <= 1)).all():  # NaN is not
                raise ValueError(f"chances are from 0 to 1; got {given[name].min():g} to {given[name].max():g}")
        if not ((happened == 0) | (happened == 1)).all() or not happened.any():
            raise ValueError("happened must be 0 or 1, or False or True, and 1 somewhere")
        self.register_buffer("chances", torch.stack([first, second]).float())
        self.register_buffer("happened", happened.bool())

    def forward(self, harm: Tensor) -> dict[str, Tensor]:
        """Return shares, and net benefits in 100 people, in the shape of ``harm``."""
        self.check(harm)
        threshold = 1 / (1 + harm)
        needed = self.happened.to(harm.dtype)
        found = {"threshold": threshold}
        for name, chances in zip(("first", "second"), self.chances, strict=True):
            treated = (chances >= threshold[..., None]).to(harm.dtype)
            right, wrong = (treated * needed).mean(-1), (treated * (1 - needed)).mean(-1)
            found[name] = 100 * (right - wrong / harm)
            if name == "first":
                found["treated"], found["missed"] = right + wrong, 1 - right / needed.mean()
        found["everybody"] = 100 * (needed.mean() - (1 - needed).mean() / harm)
        return {quantity.name: found[quantity.name] for quantity in self.gives}
