"""How long a computation occupies so many chips."""

from torch import Tensor

from largemodels.estimate.formula import Formula
from largemodels.estimate.quantities import Quantity

COMPUTE = Quantity("compute", "Computation", "FLOP", 1, 1e30)
CHIPS = Quantity("chips", "Chips", "", 1, 1e7, whole=True)
PEAK = Quantity("peak", "Dense peak of a chip", "TFLOP/s", 1e-3, 1e5)
UTILISATION = Quantity("utilisation", "Utilisation of the peak", "", 1e-4, 1)

SECONDS_AN_HOUR, HOURS_A_DAY = 3_600, 24


class TrainingTime(Formula):
    """Chip-hours and days: ``compute / (peak · utilisation)``, spread over the chips.

    ``utilisation`` is the share of the *dense* peak at the precision in use. If ``compute`` counts what the model
    needs, as 6ND does, it is model FLOPs utilisation, MFU (Chowdhery et al. 2022, appendix B); if it counts what the
    chips really do, activations that are computed twice included, it is hardware FLOPs utilisation, HFU, which is
    never lower. Published MFU is that of a step that runs: over a whole run, with failures and restarts, less.
    """

    takes = (COMPUTE, CHIPS, PEAK, UTILISATION)
    gives = (
        Quantity("chip_hours", "Chip-hours", "h", 0, float("inf")),
        Quantity("days", "Days", "d", 0, float("inf")),
    )
    source = "chowdhery2023palm"

    def forward(self, compute: Tensor, chips: Tensor, peak: Tensor, utilisation: Tensor) -> dict[str, Tensor]:
        """Return ``chip_hours`` of all chips together, and ``days`` from begin to end."""
        self.check(compute, chips, peak, utilisation)
        chip_hours = compute / 1e12 / (peak * utilisation) / SECONDS_AN_HOUR
        return {"chip_hours": chip_hours, "days": chip_hours / chips / HOURS_A_DAY}
