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
        ValueError: shapes that do not fit, no examples, no columns, or NaN, of which no test can tell anything.
    """
    from scipy.stats import ks_2samp

    if (
        reference.ndim != 2
        or window.ndim != 2
        or reference.shape[1] != window.shape[1]
        or 0 in (*reference.shape, *window.shape)
    ):
        raise ValueError(
            f"two samples have examples and the same columns, (n, columns); got {tuple(reference.shape)} and "
            f"{tuple(window.shape)}"
        )
    for name, sample in (("reference", reference), ("window", window)):
        if sample.isnan().any():
            raise ValueError(f"{int(sample.isnan().any(1).sum())} of {len(sample)} examples of the {name} have NaN")
    pairs = zip(*(sample.detach().double().cpu().T.numpy() for sample in (reference, window)), strict=True)
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

    Raises ``ValueError`` unless 0 < usual < worse < 1 and the threshold is at least 0.
    """

    usual: float
    worse: float
    threshold: float

    def __post_init__(self):
        if not 0 < self.usual < self.worse < 1:
            raise ValueError(f"rates must be 0 < usual < worse < 1; got {self.usual:g} and {self.worse:g}")
        if not self.threshold >= 0:
            raise ValueError(f"a threshold is at least 0; got {self.threshold:g}")

    @classmethod
    def calibrated(
        cls, usual: float, worse: float, length: int, rate: float = 0.01, draws: int = 20_000, seed: int = 0
    ) -> "Cusum":
        """Return the test that gives a false alarm in a share ``rate`` of streams of ``length`` answers without drift.

        The threshold is the quantile of the highest sum over ``draws`` such streams. Raises ``ValueError`` for streams
        or draws below 1, or a rate outside 0 to 1.
        """
        if length < 1 or draws < 1 or not 0 <= rate <= 1:
            raise ValueError(
                f"streams have an answer or more, and a rate is from 0 to 1; got {length}, {draws} times, and {rate}"
            )
        chance = torch.rand(draws, length, generator=torch.Generator().manual_seed(seed))
        highest = cls(usual, worse, 0.0).path(chance < usual).amax(1)
        return cls(usual, worse, highest.quantile(1 - rate, interpolation="higher").item())

    def path(self, wrong: Tensor) -> Tensor:
        """Return the sum after every answer of ``(…, n)``, which are true where an answer was wrong.

        Raises ``ValueError`` for no answers, or values other than 0 and 1.
        """
        if wrong.ndim < 1 or not wrong.numel() or not ((wrong == 0) | (wrong == 1)).all():
            raise ValueError(f"answers are (…, n), one or more, each wrong (1) or not (0); got {tuple(wrong.shape)}")
        steps = torch.where(wrong.bool(), log(self.worse / self.usual), log((1 - self.worse) / (1 - self.usual)))
        sums, path = torch.zeros_like(steps[..., 0]), []
        for step in steps.unbind(-1):
            sums = (sums + step).clamp(min=0)
            path.append(sums)
        return torch.stack(path, -1)

    def alarm(self, wrong: Tensor) -> int | None:
        """Return after how many answers of ``(n,)`` the alarm comes; ``None`` if it does not.

        Raises as :meth:`path`, and for more than one stream.
        """
        if wrong.ndim != 1:
            raise ValueError(f"an alarm is that of one stream (n,); got {tuple(wrong.shape)}")
        over = (self.path(wrong) > self.threshold).nonzero()
        return int(over[0]) + 1 if len(over) else None
