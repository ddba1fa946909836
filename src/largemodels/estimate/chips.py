"""What chips can do, according to those who make them: dense peaks, power, memory."""

import json
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

FILE = Path(__file__).with_name("chips.json")


@dataclass(frozen=True)
class Chip:
    """A chip, by its data sheet.

    Attributes:
        name: as its maker calls it.
        peaks: precision → 10¹² operations a second, two for each multiply-add, of *dense* matrices. Where a data sheet
            counts with every second weight zero ("sparsity"), this is half of what it says.
        watts: the most that it draws by design; ``None`` where that is not published.
        memory: 10⁹ bytes beside it.
        bandwidth: 10¹² bytes a second from that memory.
        units, products, clock: matrix units, multiply-adds of each in a cycle, and 10⁹ cycles a second at the
            clock of the data sheet, for the precision ``counted``; ``None`` where they are not published.
        source: who published it, a key in ``references.bib``.
        place: where it stands there.
        via: the pages on which the numbers were read, where that was not the source itself; what was not looked up.
        note: what else to know.
    """

    name: str
    peaks: MappingProxyType
    watts: float | None
    memory: float
    bandwidth: float
    units: int | None
    products: int | None
    clock: float | None
    counted: str
    source: str
    place: str
    via: str
    note: str

    def peak(self, precision: str = "bfloat16") -> float:
        """Return the dense peak in 10¹² operations a second. Raises ``ValueError`` for a precision it has no units for.

        ``bfloat16`` falls back on ``float16`` where a chip has that alone, as the two are equally fast on all others.
        """
        if precision == "bfloat16" and precision not in self.peaks and "float16" in self.peaks:
            precision = "float16"
        if precision not in self.peaks:
            raise ValueError(
                f"{self.name} has no published peak for {precision}; choose one of {', '.join(self.peaks)}"
            )
        return self.peaks[precision]

    def computed(self) -> float | None:
        """Return the peak that units, products and clock give, of the precision ``counted``; ``None`` without them."""
        if self.units is None or self.products is None or self.clock is None:
            return None
        return 2 * self.units * self.products * self.clock / 1e3


def _read() -> dict[str, Chip]:
    table = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: Chip(name, MappingProxyType(row.pop("peaks")), **row) for name, row in table.items()}


CHIPS = MappingProxyType(_read())
