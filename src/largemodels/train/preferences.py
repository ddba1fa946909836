"""Learning from what is better, not from what is right: comparisons of two answers, and scores of several."""

import torch
import torch.nn.functional as F
from torch import Tensor


def bradley_terry_loss(chosen: Tensor, rejected: Tensor) -> Tensor:
    r"""Return the mean of :math:`-\ln \sigma(r_\text{chosen} - r_\text{rejected})` (Bradley and Terry 1952).

    It is the cross-entropy of which of two answers was preferred, if the probability is the logistic function of the
    difference of their rewards, each ``(n,)``: the loss of a reward model.
    """
    _check("rewards", chosen, rejected)
    return -F.logsigmoid(chosen - rejected).mean()


def dpo_loss(
    chosen: Tensor,
    rejected: Tensor,
    reference_chosen: Tensor,
    reference_rejected: Tensor,
    beta: float = 0.1,
) -> Tensor:
    r"""Return the loss of direct preference optimisation (Rafailov et al. 2023).

    It is :func:`bradley_terry_loss` with the rewards :math:`\beta \ln (\pi / \pi_\text{ref})`: ln 2 while the policy is
    the reference.

    Args:
        chosen: log-probability of each preferred answer under the policy that learns, in nats, ``(n,)``.
        rejected: of the other answer to the same prompt.
        reference_chosen: of the preferred answer under the model as it was; no gradient goes there.
        reference_rejected: of the other.
        beta: how much a reward is worth in nats of divergence: the smaller, the further the policy may move.

    Raises ``ValueError`` for a ``beta`` that is not above 0, or shapes that differ.
    """
    if not beta > 0:
        raise ValueError(f"beta must be above 0; got {beta}")
    _check("log-probabilities", chosen, rejected, reference_chosen, reference_rejected)
    return bradley_terry_loss(
        beta * (chosen - reference_chosen.detach()), beta * (rejected - reference_rejected.detach())
    )


def group_advantages(rewards: Tensor) -> Tensor:
    r"""Return :math:`(r - \bar r) / s` within each group ``(g, n)`` of answers to one prompt (Shao et al. 2024).

    ``s`` is the root of the mean squared deviation. Where all rewards of a group are equal, nothing can be learned
    from it, and the advantages are 0. Rewards may be whole numbers or truth values, too; advantages are computed in
    float32 or wider. Raises ``ValueError`` for groups of fewer than two answers, or rewards that are not finite.
    """
    if rewards.ndim != 2 or rewards.shape[1] < 2:
        raise ValueError(f"rewards are (groups, answers), two answers or more; got {tuple(rewards.shape)}")
    if len(wrong := (~rewards.isfinite()).nonzero()):
        group, answer = wrong[0].tolist()
        raise ValueError(f"rewards must be finite; got {rewards[group, answer]} for answer {answer} of group {group}")
    rewards = rewards.to(torch.promote_types(rewards.dtype, torch.float32))
    apart = rewards - rewards.mean(1, keepdim=True)
    spread = apart.square().mean(1, keepdim=True).sqrt()
    # a mean is rounded, so equal rewards may lie apart from theirs
    differ = (rewards != rewards[:, :1]).any(1, keepdim=True) & (spread > 0)
    return torch.where(differ, apart / spread.clamp_min(torch.finfo(spread.dtype).tiny), 0.0)


def grpo_loss(
    new: Tensor,
    old: Tensor,
    reference: Tensor,
    advantages: Tensor,
    counts: Tensor,
    clip: float = 0.2,
    beta: float = 0.04,
) -> Tensor:
    r"""Return the loss of group relative policy optimisation (Shao et al. 2024, Eq. 3 and 4).

    The mean over answers of the mean over their tokens of :math:`-\min(\rho A, \mathrm{clip}(\rho, 1 \pm \epsilon) A)
    + \beta (q - \ln q - 1)`, with :math:`\rho = \pi / \pi_\text{old}` and :math:`q = \pi_\text{ref} / \pi`.

    Args:
        new: log-probability of each token of the answers under the policy that learns, in nats, ``(n, t)``.
        old: under the policy that wrote them.
        reference: under the model as it was.
        advantages: of the answers, ``(n,)``.
        counts: whether a token belongs to the answer, ``(n, t)``; each answer has at least one.
        clip: how far the ratio counts on either side of 1.
        beta: the weight of the divergence from the reference.

    Raises ``ValueError`` for shapes that differ.
    """
    _check("log-probabilities", new, old, reference, counts)
    if advantages.shape != new.shape[:1]:
        raise ValueError(f"{len(new)} answers need as many advantages; got {tuple(advantages.shape)}")
    ratio, gain = (new - old.detach()).exp(), advantages[:, None]
    away = reference.detach() - new
    each = beta * (away.exp() - away - 1) - torch.minimum(ratio * gain, ratio.clamp(1 - clip, 1 + clip) * gain)
    return ((each * counts).sum(1) / counts.sum(1)).mean()


def _check(what: str, *parts: Tensor) -> None:
    shapes = [tuple(part.shape) for part in parts]
    if len(set(shapes)) > 1 or not parts[0].numel():
        raise ValueError(f"{what} come in equal shapes, and at least one of each; got {', '.join(map(str, shapes))}")
