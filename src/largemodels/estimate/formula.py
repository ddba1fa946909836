"""The form of all estimates: a torch module from named numbers to named numbers, which says what they are."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from largemodels.estimate.quantities import Quantity


class Formula(nn.Module):
    """A module whose ``forward`` takes tensors of the quantities ``takes``, in this order, and returns ``gives``.

    The tensors are ``(1,)``, or of any shapes that broadcast, in float32 or float64; in float32, as in a page, results
    hold to about 1e-6 of themselves, chances to 1e-7. ``source`` says whose formula it is.
    """

    takes: ClassVar[tuple[Quantity, ...]]
    gives: ClassVar[tuple[Quantity, ...]]
    source: ClassVar[str]

    def check(self, *values: Tensor) -> None:
        """Raise ``ValueError`` for the first value out of its limits; do nothing while a graph is traced."""
        if torch.compiler.is_compiling():
            return
        for quantity, value in zip(self.takes, values, strict=True):
            quantity.check(value)

    def relate(self, relation: str, **two: Tensor) -> Tensor:
        """Raise ``ValueError`` unless the first of two quantities is ``at most`` or ``a multiple of`` the second.

        Return whether it is: while a graph is traced nothing can be raised, and :meth:`fitting` takes the answer.
        """
        (name, value), (other, limit) = two.items()
        value, limit = torch.broadcast_tensors(value, limit)
        fits = value <= limit if relation == "at most" else value % limit == 0
        if not torch.compiler.is_compiling() and not fits.all():
            got, allowed = (x[~fits][0].item() for x in (value, limit))
            raise ValueError(f"{name} is {got:,g}; it must be {relation} {other}, {allowed:,g}")
        return fits

    @staticmethod
    def fitting(results: dict[str, Tensor], *fits: Tensor) -> dict[str, Tensor]:
        """Return results, but NaN where sizes do not fit together, so that a page has no numbers for them."""
        if not torch.compiler.is_compiling():
            return results  # relate has raised
        every = fits[0]
        for one in fits[1:]:
            every = every & one
        return {name: torch.where(every, value, torch.nan) for name, value in results.items()}

    def of(self, **numbers: float) -> dict[str, float]:
        """Return the results for plain numbers, by name, computed in float64.

        Raises ``ValueError`` for a name that is missing or unknown, for what is no number, and for a number out of its
        limits.
        """
        names = [quantity.name for quantity in self.takes]
        if set(numbers) != set(names):
            raise ValueError(f"it takes {', '.join(names)}; got {', '.join(numbers) or 'nothing'}")
        for name, number in numbers.items():
            if (isinstance(number, Tensor) and number.numel() != 1) or not hasattr(number, "__float__"):
                raise ValueError(f"{name} is {number!r}; give one number")
        results = self(*(torch.tensor([float(numbers[name])], dtype=torch.float64) for name in names))
        return {name: value.item() for name, value in results.items()}
