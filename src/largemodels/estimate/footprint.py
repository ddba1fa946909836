"""What training and use of a model take: energy, carbon dioxide, water; and when use outgrows training."""

from torch import Tensor

from largemodels.estimate.emissions import CARBON, PUE, Emissions
from largemodels.estimate.formula import Formula
from largemodels.estimate.quantities import Quantity

KILOWATT, DAYS = 1e3, 365.0


class Footprint(Formula):
    """Energy, carbon dioxide and water of one training run and of a year of use.

    Training: :class:`Emissions` of the energy that its computers drew. Use: ``answer`` is the energy of one answer with
    its share of the building, so that no factor is left to apply. ``water`` is what cooling takes for each
    kilowatt-hour of the building; that of power stations is not in it, nor is the making of the chips. ``even`` is
    after how many answers use has taken as much energy as training.
    """

    takes = (
        Quantity("trained", "Energy of the computers in training", "MWh", 1e-6, 1e9),
        PUE,
        CARBON,
        Quantity("water", "Water of a kilowatt-hour of the building", "L/kWh", 0, 100),
        Quantity("answer", "Energy of an answer", "Wh", 1e-6, 1e6),
        Quantity("answers", "Answers a day", "", 1, 1e13),
    )
    gives = tuple(
        Quantity(name, label, unit, 0, float("inf"))
        for name, label, unit in (
            ("energy", "Training, energy", "MWh"),
            ("co2", "Training, carbon dioxide", "t"),
            ("litres", "Training, water", "m³"),
            ("energy_used", "A year of use, energy", "MWh"),
            ("co2_used", "A year of use, carbon dioxide", "t"),
            ("litres_used", "A year of use, water", "m³"),
            ("even", "Answers until use equals training", ""),
            ("days", "Days until use equals training", ""),
        )
    )
    source = "patterson2021carbon"

    def __init__(self):
        super().__init__()
        self.emissions = Emissions()

    def forward(
        self, trained: Tensor, pue: Tensor, carbon: Tensor, water: Tensor, answer: Tensor, answers: Tensor
    ) -> dict[str, Tensor]:
        """Return energy in MWh, carbon dioxide in tonnes, water in cubic metres, and ``even`` and ``days``."""
        self.check(trained, pue, carbon, water, answer, answers)
        hours = trained * 1e3  # of a computer that draws one kilowatt
        run = self.emissions(hours, trained * 0 + KILOWATT, pue, carbon)
        energy, co2 = run["energy"] / 1e3, run["co2"] / 1e3
        used = answer * answers * DAYS / 1e6
        even = energy * 1e6 / answer
        return {
            "energy": energy,
            "co2": co2,
            "litres": energy * water,
            "energy_used": used,
            "co2_used": used * carbon,
            "litres_used": used * water,
            "even": even,
            "days": even / answers,
        }
