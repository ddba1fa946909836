"""What an attack proves: a lower bound of ε, measured, beside the upper bound that the accountant promises."""

from math import log

from scipy.special import betaincinv  # scikit-learn brings scipy


def clopper_pearson(hits: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a probability of which ``hits`` of ``trials`` were seen (Clopper and Pearson 1934).

    Each end is the probability under which what was seen, or more extreme, has a chance of (1 − confidence)/2. The
    trials must be independent.

    Raises ``ValueError`` for counts that do not fit, or a confidence that is not between 0 and 1.
    """
    if trials < 1 or not 0 <= hits <= trials or not 0 < confidence < 1:
        raise ValueError(
            f"hits of at least one trial, and a confidence between 0 and 1; got {hits} of {trials}, {confidence}"
        )
    tail = (1 - confidence) / 2
    low = float(betaincinv(hits, trials - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, trials - hits, 1 - tail)) if hits < trials else 1.0
    return low, high


def measured_epsilon(
    found: int, members: int, accused: int, strangers: int, delta: float = 0.0, confidence: float = 0.95
) -> float:
    r"""Return the ε that an attack proves: with this confidence no smaller one, at this δ, can be true.

    Differential privacy bounds how much likelier any answer is with a person than without. So for an attack that says
    "member" with probability TPR for members and FPR for strangers,

    .. math:: \epsilon \ge \max\Bigl(\ln \frac{\mathrm{TPR} - \delta}{\mathrm{FPR}},\;
              \ln \frac{1 - \mathrm{FPR} - \delta}{1 - \mathrm{TPR}}\Bigr)

    (Jagielski et al. 2020; both sides Nasr et al. 2021). For TPR stands the lower,
    for FPR the upper end of its :func:`clopper_pearson` interval; each fails with (1 − confidence)/2 at most.

    The bound holds for independent trials, each a training of its own, with the person in it or without; guesses about
    many people in one model are not independent (Steinke et al. 2023). And the threshold of the attack must come from
    other trials than those counted.

    Args:
        found: true positives, of ``members`` trials.
        accused: false positives, of ``strangers`` trials.
        delta: δ, 0 or more and below 1.
        confidence: of the bound.

    Returns:
        ε, 0 where nothing is proven; never more than the counts can show, about ln(n/3.7) for n trials each.

    Raises ``ValueError`` for counts that do not fit, or numbers out of their range.
    """
    if not 0 <= delta < 1:
        raise ValueError(f"delta is 0 or more and below 1; got {delta}")
    true, _ = clopper_pearson(found, members, confidence)
    _, false = clopper_pearson(accused, strangers, confidence)
    sides = ((true - delta, false), (1 - false - delta, 1 - true))
    return max([log(more / less) for more, less in sides if more > 0] + [0.0])
