"""What chip-hours cost, in money, in electricity and in carbon dioxide."""

from torch import Tensor

from largemodels.estimate.formula import Formula
from largemodels.estimate.quantities import Quantity

CHIP_HOURS = Quantity("chip_hours", "Chip-hours", "h", 0, 1e22)
PRICE = Quantity("price", "Price of a chip-hour", "$", 0, 1e4)
WATTS = Quantity("watts", "Power of a chip", "W", 0.1, 1e5)
PUE = Quantity("pue", "Power usage effectiveness", "", 1, 10)
CARBON = Quantity("carbon", "Carbon intensity", "kg/kWh", 0, 2)

# of the power that a chip is rated at: half lies in the middle of the 15 to 85 % between which the GPUs went that
# trained OLMo (Morrison et al. 2025); where BLOOM was trained, nodes that waited, network and storage added 256,646 kWh
# to the 433,196 of its GPUs (Luccioni et al. 2023)
LOW, HIGH = 0.5, 1.6


class Cost(Formula):
    """The price of chip-hours: what renting them costs, without storage, people, or runs that failed."""

    takes = (CHIP_HOURS, PRICE)
    gives = (Quantity("cost", "Cost", "$", 0, float("inf")),)
    source = "deepseek2024v3"  # table 1 is such a product

    def forward(self, chip_hours: Tensor, price: Tensor) -> dict[str, Tensor]:
        """Return ``cost`` in the currency of ``price``."""
        self.check(chip_hours, price)
        return {"cost": chip_hours * price}


class Emissions(Formula):
    """Energy ``chip_hours · watts · pue`` and carbon dioxide ``energy · carbon`` (Patterson et al. 2021).

    ``watts`` are what one chip draws with its share of the server, or, for want of better, what it is rated at: then
    the energy lies between half and 1.6 times that, as ``…_low`` and ``…_high`` say. ``pue`` is what the building
    takes for each kilowatt-hour of its computers. ``carbon`` depends so much on place and hour that its range is for
    the reader to try. Making the chips, and runs before the last one, are not in it.
    """

    takes = (CHIP_HOURS, WATTS, PUE, CARBON)
    gives = (
        Quantity("energy", "Energy", "kWh", 0, float("inf")),
        Quantity("energy_low", "Energy, at least", "kWh", 0, float("inf")),
        Quantity("energy_high", "Energy, at most", "kWh", 0, float("inf")),
        Quantity("co2", "Carbon dioxide", "kg", 0, float("inf")),
        Quantity("co2_low", "Carbon dioxide, at least", "kg", 0, float("inf")),
        Quantity("co2_high", "Carbon dioxide, at most", "kg", 0, float("inf")),
    )
    source = "patterson2021carbon"

    def forward(self, chip_hours: Tensor, watts: Tensor, pue: Tensor, carbon: Tensor) -> dict[str, Tensor]:
        """Return ``energy`` in kWh and ``co2`` in kg, and ``…_low`` and ``…_high`` of both."""
        self.check(chip_hours, watts, pue, carbon)
        energy = chip_hours * watts / 1e3 * pue
        co2 = energy * carbon
        return {
            "energy": energy,
            "energy_low": energy * LOW,
            "energy_high": energy * HIGH,
            "co2": co2,
            "co2_low": co2 * LOW,
            "co2_high": co2 * HIGH,
        }
