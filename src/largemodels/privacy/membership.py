"""Membership inference: was this example, or this person, in the data that a model was trained on?"""

from dataclasses import dataclass

import torch
from torch import Tensor

from largemodels.privacy.audit import clopper_pearson

SMALLEST = 1e-6  # variance, for scores that never vary
MOST = torch.finfo(torch.float64).max


def logit_of_truth(logits: Tensor, labels: Tensor) -> Tensor:
    """Return how sure a classifier is of the true label: ln p/(1 − p), ``(…)``.

    Carlini et al. (2022) use this instead of the loss −ln p, because over many trainings it is nearly normal. Computed
    from the logits, so that nothing is lost where p is nearly 1.

    Args:
        logits: ``(…, classes)``.
        labels: ``(…)``, whole numbers.

    Raises:
        ValueError: shapes that do not fit, fewer than two classes, or a label that is none of them.
    """
    if logits.shape[:-1] != labels.shape or logits.shape[-1] < 2:
        raise ValueError(
            f"logits (…, classes), of at least 2 classes, take labels (…); got {tuple(logits.shape)} and "
            f"{tuple(labels.shape)}"
        )
    if labels.dtype != torch.int64 or ((labels < 0) | (labels >= logits.shape[-1])).any():
        raise ValueError(f"labels are classes, int64 from 0 to {logits.shape[-1] - 1}; got {labels.dtype}: {labels}")
    truth = torch.nn.functional.one_hot(labels, logits.shape[-1]).bool()
    others = logits.double().masked_fill(truth, -torch.inf).logsumexp(-1)
    return logits.double()[truth].view(labels.shape) - others


def by_group(scores: Tensor, group: Tensor) -> Tensor:
    """Return the mean score of each group: ``(…, n)`` and the groups' numbers ``(n,)``, from 0 → ``(…, groups)``.

    So an attack on images becomes an attack on the people who made them. Raises ``ValueError`` for shapes that do not
    fit, group numbers that are no int64 from 0, or a number without a member.
    """
    if scores.shape[-1:] != group.shape:
        raise ValueError(f"scores (…, n) take groups (n,); got {tuple(scores.shape)} and {tuple(group.shape)}")
    if group.dtype != torch.int64 or (group < 0).any():
        raise ValueError(f"groups are numbered from 0, in int64; got {group.dtype}: {group}")
    sizes = torch.bincount(group)
    if (sizes == 0).any():
        raise ValueError(f"group {int((sizes == 0).nonzero()[0])} has no member; number the groups from 0")
    wide = scores.double()  # sums of many narrow numbers stop growing
    total = wide.new_zeros(*scores.shape[:-1], len(sizes)).index_add(-1, group, wide)
    means = total / sizes
    return means.to(scores.dtype) if scores.is_floating_point() else means


def likelihood_ratio(scores: Tensor, inside: Tensor) -> Tensor:
    """Return the log-likelihood ratio for "it was in the training data", ``(models, n)``; LiRA (Carlini et al. 2022).

    Each model in turn is the one that is attacked, and the others are the *shadow models*: trained in the same way on
    data that the attacker chose, so that he knows of each example how a model scores it that has seen it and how one
    that has not. Two normal distributions are fitted to these scores. Each example has its own two means; the variances
    are common to all, which Carlini et al. advise where there are few shadow models.

    Args:
        scores: ``(models, n)``, such as :func:`logit_of_truth`, or its mean over a person's examples.
        inside: ``(models, n)``, whether the model was trained on it.

    Raises:
        ValueError: shapes that do not fit, scores that are not finite, or an example of which, without some model,
            fewer than two others have seen it, or have not.
    """
    if scores.ndim != 2 or scores.shape != inside.shape:
        raise ValueError(f"scores and inside are both (models, n); got {tuple(scores.shape)}, {tuple(inside.shape)}")
    inside, scores = _whether(inside), _finite(scores)
    fewest = min(int(inside.sum(0).min()), int((~inside).sum(0).min()))
    if fewest < 3:
        raise ValueError(f"of each example at least 3 models must be inside and 3 outside; got {fewest}")
    ratios = []
    for target in range(len(scores)):
        others = torch.arange(len(scores)) != target
        known, seen = scores[others], inside[others]
        logs = [_log_normal(scores[target], *_fitted(known, side)) for side in (seen, ~seen)]
        ratios.append(logs[0] - logs[1])
    return torch.stack(ratios)


def _fitted(scores: Tensor, side: Tensor) -> tuple[Tensor, Tensor]:
    """Return each example's mean ``(n,)`` over the models of one side, and the variance around it, over all."""
    count = side.sum(0)
    mean = (scores * side).sum(0) / count
    squares = ((scores - mean) ** 2 * side).sum()
    return mean, (squares / (count - 1).sum()).clamp(min=SMALLEST)


def _log_normal(x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    return -0.5 * ((x - mean) ** 2 / variance + variance.log())  # less a constant that both sides have


def _finite(scores: Tensor) -> Tensor:
    if not scores.isfinite().all():
        raise ValueError(f"{int((~scores.isfinite()).sum())} of {scores.numel()} scores are NaN or infinite")
    return scores.detach().double()


def _whether(inside: Tensor) -> Tensor:
    if not ((inside == 0) | (inside == 1)).all():
        raise ValueError("inside is True or False, or 1 or 0, for each score")
    return inside.bool()


@dataclass(frozen=True)
class Attack:
    """How good an attack is.

    Attributes:
        area: under the curve of true against false positives: the probability that a member scores above a stranger;
            0.5 is chance.
        found: for each false-positive rate that is allowed, the share of members that are found.
        between: for each of these rates the 95 % interval of that share (Clopper and Pearson), as if all scores were
            independent. Those of one model are not quite: where there are several models, compare theirs, too.
    """

    area: float
    found: dict[float, float]
    between: dict[float, tuple[float, float]]


def judge_attack(scores: Tensor, inside: Tensor, rates: tuple[float, ...] = (0.01, 0.05)) -> Attack:
    """Judge an attack by its scores, high for members, and by who was inside; both of any one shape.

    An attack that is sure of a few people matters more than one that is a little better than chance for all, so the
    true positives at low false-positive rates are what Carlini et al. (2022) ask for.

    Raises ``ValueError`` for shapes that do not fit, scores that are NaN, rates outside 0 to 1, or if all or none were
    inside.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    if scores.shape != inside.shape or inside.all() or not inside.any():
        raise ValueError(
            f"scores and inside take one shape, with some inside and some not; got {tuple(scores.shape)} and "
            f"{tuple(inside.shape)}, {int(inside.sum())} inside"
        )
    if wrong := [rate for rate in rates if not 0 <= rate <= 1]:
        raise ValueError(f"a false-positive rate lies between 0 and 1; got {wrong}")
    y = _whether(inside).flatten().cpu().numpy()
    # sure beyond all bounds is sure: what counts is the order
    x = _finite(scores.detach().double().clamp(-MOST, MOST)).flatten().cpu().numpy()
    false, true, _ = roc_curve(y, x, drop_intermediate=False)
    found = {rate: float(true[false <= rate].max()) for rate in rates}
    members = int(y.sum())
    between = {rate: clopper_pearson(round(share * members), members) for rate, share in found.items()}
    return Attack(float(roc_auc_score(y, x)), found, between)
