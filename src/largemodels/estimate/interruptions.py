"""What failures take from a long training run, and how often to save it."""

from torch import Tensor

from largemodels.estimate.formula import Formula
from largemodels.estimate.quantities import Quantity
from largemodels.estimate.time import CHIPS

MINUTES = 60  # in an hour


class Interruptions(Formula):
    """A run on many chips that all stop when one fails, and that goes on from the last checkpoint.

    Failures come as a Poisson process. A checkpoint is written after each ``interval`` of work; a failure costs what
    was done since, and the ``restart``. With M the mean time between failures of the whole, δ the time of writing, R
    that of restarting, τ the interval, the share of time that is useful is (Daly 2006, the first equations of its
    complete model)

        τ / (M e^(R/M) (e^((τ + δ)/M) − 1)).

    The best interval is about √(2δM) (Young 1974), and closer, where δ < 2M, Daly's
    √(2δM) · (1 + √(δ/2M) / 3 + (δ/2M) / 9) − δ.
    """

    takes = (
        CHIPS,
        Quantity("life", "Hours between failures of one chip", "h", 1, 1e8),
        Quantity("writing", "To write a checkpoint", "min", 1e-3, 600),
        Quantity("restart", "To restart", "min", 0, 1e4),
        Quantity("interval", "Work between checkpoints", "min", 1e-2, 1e5),
    )
    gives = (
        Quantity("failures", "Failures a day", "", 0, float("inf")),
        Quantity("between", "Between two failures", "h", 0, float("inf")),
        Quantity("useful", "Useful share of the time", "", 0, 1),
        Quantity("best", "Best interval", "min", 0, float("inf")),
        Quantity("best_useful", "Useful share with it", "", 0, 1),
    )
    source = "daly2006higher"

    def forward(
        self, chips: Tensor, life: Tensor, writing: Tensor, restart: Tensor, interval: Tensor
    ) -> dict[str, Tensor]:
        """Return ``failures`` a day, hours ``between`` them, the ``useful`` share, and the ``best`` interval."""
        self.check(chips, life, writing, restart, interval)
        between = life / chips
        minutes = between * MINUTES
        ratio = (writing / (2 * minutes)).clamp(max=1)
        young = (2 * writing * minutes).sqrt()
        best = young * (1 + ratio.sqrt() / 3 + ratio / 9) - writing
        best = best.where(writing < 2 * minutes, minutes)
        return {
            "failures": 24 / between,
            "between": between,
            "useful": _useful(minutes, writing, restart, interval),
            "best": best,
            "best_useful": _useful(minutes, writing, restart, best),
        }


def _useful(between: Tensor, writing: Tensor, restart: Tensor, interval: Tensor) -> Tensor:
    # 1/(e^x − 1) = e^(−x) (1 + t)/2t with t = tanh(x/2): finite where e^x is not, and exact where e^x is nearly 1
    x = (interval + writing) / between
    t = (x / 2).tanh()
    return interval / between * (-restart / between - x).exp() * (1 + t) / (2 * t)
