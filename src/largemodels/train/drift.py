"""Has what a model meets changed? Told from its outputs alone, and from its errors where the truth becomes known."""

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor


def shift_p_value(reference: Tensor, window: Tensor) -> float:
    """Return the p-value for "both samples come from one source": small where the window has drifted.

    A two-sample Kolmogorov–Smirnov test for each column, corrected for their number by Bonferroni's rule; on a
    classifier's probabilities this is what Rabanser et al. (2019) found to detect shifts best. No labels are needed. An
    alarm at p < α is false in at most a share α of windows, if examples are independent.

    Args:
        reference: ``(n, columns)``, of examples that the model was not trained on, from before.
        window: ``(m, columns)``, the latest.

    Raises:
        ValueError: shapes that do not fit, or no examples.
    """
    from scipy.stats import ks_2samp

    if (
        reference.ndim != 2
        or window.ndim != 2
        or reference.shape[1] != window.shape[1]
        or not len(reference) * len(window)
    ):
        raise ValueError(
            f"two samples have examples and the same columns, (n, columns); got {tuple(reference.shape)} and "
            f"{tuple(window.shape)}"
        )
    pairs = zip(reference.T.numpy(), window.T.numpy(), strict=True)
    return min(1.0, len(reference.T) * min(float(ks_2samp(a, b).pvalue) for a, b in pairs))


@dataclass(frozen=True)
class Cusum:
    """The cumulative sum test of Page (1954): has the rate of errors risen?

    Each error adds ln(worse / usual), each right answer ln((1 − worse) / (1 − usual)), which is negative; the sum never
    falls below 0. An alarm is a sum above the threshold.

    Attributes:
        usual: the rate of errors as it was.
        worse: the rate that should be noticed soon.
        threshold: of the sum.

    Raises ``ValueError`` unless 0 < usual < worse < 1.
    """

    usual: float
    worse: float
    threshold: float

    def __post_init__(self):
        if not 0 < self.usual < self.worse < 1:
            raise ValueError(f"rates must be 0 < usual < worse < 1; got {self.usual:g} and {self.worse:g}")

    @classmethod
    def calibrated(
        cls, usual: float, worse: float, length: int, rate: float = 0.01, draws: int = 20_000, seed: int = 0
    ) -> "Cusum":
        """Return the test that gives a false alarm in a share ``rate`` of streams of ``length`` answers without drift.

        The threshold is the quantile of the highest sum over ``draws`` such streams.
        """
        chance = torch.rand(draws, length, generator=torch.Generator().manual_seed(seed))
        highest = cls(usual, worse, 0.0).path(chance < usual).amax(1)
        return cls(usual, worse, highest.quantile(1 - rate, interpolation="higher").item())

    def path(self, wrong: Tensor) -> Tensor:
        """Return the sum after every answer of ``(…, n)``, which are true where an answer was wrong."""
        steps = torch.where(wrong.bool(), log(self.worse / self.usual), log((1 - self.worse) / (1 - self.usual)))
        sums, path = torch.zeros(wrong.shape[:-1]), []
        for step in steps.unbind(-1):
            sums = (sums + step).clamp(min=0)
            path.append(sums)
        return torch.stack(path, -1)

    def alarm(self, wrong: Tensor) -> int | None:
        """Return after how many answers of ``(n,)`` the alarm comes; ``None`` if it does not."""
        over = (self.path(wrong) > self.threshold).nonzero()
        return int(over[0]) + 1 if len(over) else None
