"""The loss of every model of the book, and which targets it counts."""

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORED = -100  # the target that torch's losses leave out


def cross_entropy(logits: Tensor, targets: Tensor, reduction: str = "mean") -> Tensor:
    """Return the cross-entropy of logits ``(…, classes)`` at targets ``(…)``, in nats, computed in float32 or wider.

    Logits in bfloat16 are exact to one part in 256, and a sum in it stops to grow. Targets of -100 do not count: the
    mean is that of the others, and with ``reduction="none"``, ``(n,)`` in all, theirs are 0.
    """
    wide = torch.promote_types(logits.dtype, torch.float32)
    return F.cross_entropy(logits.to(wide).flatten(0, -2), targets.flatten(), reduction=reduction, ignore_index=IGNORED)


def counted(targets: Tensor) -> Tensor:
    """Return how many targets count: all but those of -100."""
    return (targets != IGNORED).sum()


def total_of(x: Tensor) -> Tensor:
    """Return the sum of ``x`` in float64; on the CPU where the device has no such numbers (MPS)."""
    return (x.cpu() if x.device.type == "mps" else x).double().sum()
