"""What a formula takes and gives: numbers with a name, a unit, and limits."""

from dataclasses import dataclass

import torch
from torch import Tensor

WIDE = (torch.float32, torch.float64)


@dataclass(frozen=True)
class Quantity:
    """A number that a formula takes or gives.

    Attributes:
        name: of the argument, or of the entry of the result.
        label: the same for a reader.
        unit: empty for a plain number.
        low: the least that makes sense, allowed itself.
        high: the most, allowed itself. It keeps slips of the hand out, and float32 from overflowing.
        whole: whether only whole numbers are meant.
    """

    name: str
    label: str
    unit: str
    low: float
    high: float
    whole: bool = False

    def allowed(self) -> str:
        """Return what it may be, as the end of a sentence."""
        unit = f" {self.unit}" if self.unit else ""
        return f"a {'whole ' * self.whole}number from {self.low:,g} to {self.high:,g}{unit}"

    def check(self, value: Tensor) -> None:
        """Raise ``ValueError`` with the quantity, the value and what is allowed, unless all of ``value`` is.

        So it does for numbers of fewer bits than float32, and for whole numbers, which overflow without a word.
        """
        if not isinstance(value, Tensor):
            raise ValueError(f"{self.name} is no tensor: {value!r}")
        if value.dtype not in WIDE:  # 6ND of a large model is beyond what 16 bits and whole numbers of 64 can hold
            raise ValueError(f"{self.name} is of {value.dtype}; give it as {' or '.join(map(str, WIDE))}")
        if not value.numel():
            raise ValueError(f"{self.name} is empty; it must be {self.allowed()}")
        fits = (value >= self.low) & (value <= self.high)  # NaN does not
        if self.whole:
            fits &= value == value.round()
        if not fits.all():
            raise ValueError(f"{self.name} is {value[~fits].flatten()[0].item():,g}; it must be {self.allowed()}")


PARAMETERS = Quantity("parameters", "Parameters", "", 1, 1e14)
TOKENS = Quantity("tokens", "Tokens", "", 1, 1e15)
