"""Let a small model learn what a large one answers, not only which answer is right (Hinton et al. 2015)."""

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORED = -100


def distillation_loss(
    student: Tensor, teacher: Tensor, targets: Tensor, temperature: float = 2.0, weight: float = 0.5
) -> Tensor:
    r"""Return the mean cross-entropy at the targets, and beside it the distance from the teacher's probabilities.

    .. math:: (1 - w)\,H(y, \mathrm{softmax}(z)) + w\,T^2\,\mathrm{KL}(\mathrm{softmax}(v/T)\,\|\,\mathrm{softmax}(z/T))

    A higher temperature ``T`` shows what the teacher takes the wrong answers for. It makes gradients smaller by
    :math:`T^2`, for which the factor makes up (section 2 there). The teacher gets no gradient.

    Args:
        student: logits ``z``, ``(…, classes)``.
        teacher: logits ``v``, of the same shape.
        targets: classes ``y``, ``(…)``; those of -100 do not count, in either part.
        temperature: above 0.
        weight: ``w``, from 0, the targets alone, to 1, the teacher alone.

    Raises ``ValueError`` for other shapes or numbers, or if no target counts.
    """
    if student.shape != teacher.shape or targets.shape != student.shape[:-1]:
        raise ValueError(
            f"logits of student and teacher are (…, classes), targets (…); got {tuple(student.shape)}, "
            f"{tuple(teacher.shape)} and {tuple(targets.shape)}"
        )
    if not temperature > 0 or not 0 <= weight <= 1:
        raise ValueError(f"the temperature is above 0 and the weight from 0 to 1; got {temperature} and {weight}")
    counts = targets != IGNORED
    if not counts.any():
        raise ValueError("no target counts, so there is no mean loss; leave this batch out")
    wide = torch.promote_types(student.dtype, torch.float32)
    z, v, y = student[counts].to(wide), teacher[counts].detach().to(wide), targets[counts]
    log_p, log_q = (v / temperature).log_softmax(-1), (z / temperature).log_softmax(-1)
    apart = (log_p.exp() * (log_p - log_q)).sum(-1).mean()
    return (1 - weight) * F.cross_entropy(z, y) + weight * temperature**2 * apart
