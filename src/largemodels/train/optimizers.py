"""The rules by which gradients change weights, a few lines each: what ``torch.optim`` computes.

Each is an optimizer of torch, with its groups, ``zero_grad``, schedules and ``state_dict``; what is written out here is
:meth:`Rule.change`: the new weights from the gradient and what the rule remembers of earlier ones.
"""

from math import isfinite, sqrt
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

NEWTON_SCHULZ = (3.4445, -4.775, 2.0315)  # Jordan et al. 2024: steep at 0, and near 1 from 0.3 on


class Rule(Optimizer):
    """Change every weight that has a gradient by :meth:`change`, with the settings of its group.

    Raises ``ValueError`` for settings out of their range.
    """

    def __init__(self, parameters, **settings):
        for name, x in settings.items():
            if not (isinstance(x, bool) or (isfinite(x) and x >= 0)):
                raise ValueError(f"{name} must be a number of at least 0; got {x}")
            if name in ("momentum", "beta1", "beta2") and x >= 1:
                raise ValueError(f"{name} is a share of what was before, below 1; got {x}")
        super().__init__(parameters, settings)
        self.settings = tuple(name for name in settings if name != "lr")

    @torch.no_grad()
    def step(self, closure=None) -> Tensor | None:
        """Change all weights once; return what ``closure`` returns, which computes loss and gradients anew."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            settings = {name: group[name] for name in self.settings}
            for w in group["params"]:
                if w.grad is not None:
                    self.change(w, w.grad, self.state[w], group["lr"], **settings)
        return loss

    def change(self, w: Tensor, g: Tensor, kept: dict[str, Any], lr: float, **settings) -> None:
        """Change weights ``w`` in place by their gradient ``g``; ``kept`` is empty at first, and remembered."""
        raise NotImplementedError


class SGD(Rule):
    r"""Walk downhill: :math:`w \leftarrow w - \eta g`."""

    def __init__(self, parameters, lr: float = 1e-3):
        super().__init__(parameters, lr=lr)

    def change(self, w, g, kept, lr):
        """Take one step against the gradient."""
        w -= lr * g


class Momentum(Rule):
    r"""Keep on rolling (Polyak 1964): :math:`v \leftarrow \mu v + g`, :math:`w \leftarrow w - \eta v`."""

    def __init__(self, parameters, lr: float = 1e-3, momentum: float = 0.9):
        super().__init__(parameters, lr=lr, momentum=momentum)

    def change(self, w, g, kept, lr, momentum):
        """Take one step with the sum of fading gradients."""
        v = kept["velocity"] = momentum * kept.get("velocity", torch.zeros_like(w)) + g
        w -= lr * v


class AdamW(Rule):
    r"""Divide the mean gradient by its size, so that every weight moves at its own pace, and let weights decay.

    .. math::

       m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
       w \leftarrow w - \eta \lambda w - \eta \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    (Kingma and Ba 2015, algorithm 1; the decay that is no part of the gradient: Loshchilov and Hutter 2019,
    algorithm 2.) Both means begin at 0, and the divisors, which grow to 1 with the step ``t``, make up for it.
    """

    def __init__(
        self,
        parameters,
        lr: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ):
        super().__init__(parameters, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay)

    def change(self, w, g, kept, lr, beta1, beta2, eps, weight_decay):
        """Take one step."""
        t = kept["steps"] = kept.get("steps", 0) + 1
        m = kept["mean"] = beta1 * kept.get("mean", torch.zeros_like(w)) + (1 - beta1) * g
        v = kept["square"] = beta2 * kept.get("square", torch.zeros_like(w)) + (1 - beta2) * g.square()
        w *= 1 - lr * weight_decay
        w -= lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + eps)


class Adam(AdamW):
    """:class:`AdamW` without the decay (Kingma and Ba 2015)."""

    def __init__(self, parameters, lr: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8):
        super().__init__(parameters, lr, beta1, beta2, eps, weight_decay=0.0)


class Muon(Rule):
    r"""Turn the momentum of a matrix into the nearest one that stretches all directions alike (Jordan et al. 2024).

    .. math::

       v \leftarrow \mu v + (1 - \mu) g, \quad u = \mu v + (1 - \mu) g, \quad
       w \leftarrow w - \eta \lambda w - \eta \sqrt{\max(1, \mathrm{rows} / \mathrm{columns})}\ \mathrm{orthogonal}(u)

    For the matrices inside a model; embeddings, head, biases and norms are left to :class:`AdamW`.

    Args:
        parameters: matrices. Raises ``ValueError`` for any other shape.
        lr: the learning rate.
        momentum: how much of the mean gradient stays from step to step.
        weight_decay: as :class:`AdamW`'s.
        steps: of :func:`orthogonal`.
    """

    def __init__(self, parameters, lr: float = 1e-3, momentum: float = 0.95, weight_decay: float = 0.1, steps: int = 5):
        super().__init__(parameters, lr=lr, momentum=momentum, weight_decay=weight_decay, steps=steps)
        for group in self.param_groups:
            for w in group["params"]:
                if w.ndim != 2:
                    raise ValueError(f"Muon is for matrices; give AdamW the parameters of shape {tuple(w.shape)}")

    def change(self, w, g, kept, lr, momentum, weight_decay, steps):
        """Take one step."""
        v = kept["mean"] = momentum * kept.get("mean", torch.zeros_like(w)) + (1 - momentum) * g
        u = orthogonal(momentum * v + (1 - momentum) * g, steps)
        w *= 1 - lr * weight_decay
        w -= lr * sqrt(max(1, w.shape[0] / w.shape[1])) * u


def orthogonal(x: Tensor, steps: int = 5) -> Tensor:
    r"""Return about :math:`U V^T`, where :math:`x = U S V^T`: all singular values brought near to 1.

    Newton and Schulz's way, in products of matrices alone: :math:`x \leftarrow a x + (b A + c A^2) x`, with
    :math:`A = x x^T`, leaves ``U`` and ``V`` as they are, and turns every singular value ``s`` into
    :math:`a s + b s^3 + c s^5`. Computed in the precision of ``x``; torch's Muon computes it in bfloat16.

    Args:
        x: a matrix.
        steps: of the iteration. After five, values from 0.01 of the length of ``x`` up lie between 0.6 and 1.3.
    """
    if x.ndim != 2:
        raise ValueError(f"only a matrix can be made orthogonal; got shape {tuple(x.shape)}")
    if x.shape[0] > x.shape[1]:
        return orthogonal(x.T, steps).T  # the smaller square is less work
    a, b, c = NEWTON_SCHULZ
    x = x / x.norm().clamp(min=1e-7)  # no singular value is larger than 1
    for _ in range(steps):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x
