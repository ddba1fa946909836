"""A recurrence of two units that the reader steps through: what one state is made of, and what reaches the last one."""

import torch
from torch import Tensor, nn

from largemodels.live.view import View


class Recur(nn.Module):
    r"""The recurrence of two units, written out step by step: the function behind a :class:`RecurrenceExplorer`.

    .. math:: h_t = \tanh(W x_t + U h_{t-1} + b), \qquad h_0 = 0

    and how much of a small change of :math:`h_t` is left in the last state :math:`h_T`: the spectral norm of

    .. math:: \frac{\partial h_T}{\partial h_t} = \prod_{s=T}^{t+1} \mathrm{diag}(1 - h_s^2)\, U
    """

    def forward(self, x: Tensor, W: Tensor, U: Tensor, b: Tensor) -> dict[str, Tensor]:
        """Take ``x`` ``(t, d)``, ``W`` ``(2, d)``, ``U`` ``(2, 2)`` and ``b`` ``(2,)``.

        Returns:
            ``from_input``, ``from_state`` and ``total``, the two terms that depend on time and the sum with ``b``,
            and ``states``, all ``(t, 2)``; ``norms`` ``(t,)``, of which the last is 1; ``singular`` ``(1,)``, the
            largest singular value of ``U``, and ``radius`` ``(1,)``, its spectral radius.

        Raises:
            ValueError: shapes that do not fit, or no step.
        """
        _check(x, W, U, b)
        state = torch.zeros_like(b)
        rows = []
        for now in x.unbind(0):
            from_input, from_state = W @ now, U @ state
            total = from_input + from_state + b
            state = total.tanh()
            rows.append(torch.stack([from_input, from_state, total, state]))
        from_input, from_state, total, states = torch.stack(rows, 1)  # (t, 2) each

        each = (1 - states**2)[:, :, None] * U  # ∂h_s/∂h_{s−1}, (t, 2, 2)
        products = [torch.eye(2, dtype=x.dtype, device=x.device)]  # ∂h_T/∂h_T
        for s in range(len(x) - 1, 0, -1):
            products.append(products[-1] @ each[s])
        return {
            "from_input": from_input,
            "from_state": from_state,
            "total": total,
            "states": states,
            "norms": spectral_norm(torch.stack(products[::-1])),
            "singular": spectral_norm(U[None]),
            "radius": spectral_radius(U[None]),
        }


def spectral_norm(a: Tensor) -> Tensor:
    r"""Return the largest singular value of each 2×2 matrix in ``(n, 2, 2)``, the most it can stretch a vector.

    .. math:: \sigma = \tfrac12\left(\sqrt{(p+s)^2 + (q-r)^2} + \sqrt{(p-s)^2 + (q+r)^2}\right)

    The matrices are scaled first, so that squares of small numbers do not vanish.
    """
    size = a.abs().amax((1, 2)).clamp(min=torch.finfo(a.dtype).tiny)
    p, q, r, s = (a / size[:, None, None]).flatten(1).unbind(1)
    return size * (((p + s) ** 2 + (q - r) ** 2).sqrt() + ((p - s) ** 2 + (q + r) ** 2).sqrt()) / 2


def spectral_radius(a: Tensor) -> Tensor:
    """Return the largest magnitude of an eigenvalue of each in ``(n, 2, 2)``: the stretch per step in the long run."""
    p, q, r, s = a.flatten(1).unbind(1)
    middle = (p + s) / 2
    square = ((p - s) / 2) ** 2 + q * r  # of half the distance between the eigenvalues; negative for a complex pair
    real = middle.abs() + square.clamp(min=0).sqrt()
    pair = (middle**2 - square).clamp(min=0).sqrt()
    return torch.where(square < 0, pair, real)


def _check(x: Tensor, W: Tensor, U: Tensor, b: Tensor) -> None:
    if x.ndim != 2 or 0 in x.shape:
        raise ValueError(f"the sequence takes the shape (t, d), with at least one step; got {tuple(x.shape)}")
    if U.shape != (2, 2) or W.shape != (2, x.shape[1]) or b.shape != (2,):
        raise ValueError(
            f"two units take W (2, {x.shape[1]}), U (2, 2) and b (2,); "
            f"got {tuple(W.shape)}, {tuple(U.shape)} and {tuple(b.shape)}"
        )


class RecurrenceExplorer(View):
    """A short sequence, the states that two units go through, and how far back the last state remembers.

    The reader steps through time, draws the sequence, and changes any weight. Bind it to :class:`Recur`::

        start = {"x": torch.eye(12, 1), "W": torch.ones(2, 1), "U": 0.9 * torch.eye(2), "b": torch.zeros(2)}
        live(RecurrenceExplorer(), Recur(), start)

    Any function of ``x`` ``(t, 1)``, ``W`` ``(2, 1)``, ``U`` ``(2, 2)`` and ``b`` ``(2,)`` will do that returns what
    ``Recur`` returns: another nonlinearity, for example.

    Raises:
        ValueError: on binding, an example of other names or shapes.
    """

    parts = (
        "recurrence/presets",
        "recurrence/numbers",
        "recurrence/timeline",
        "recurrence/formula",
        "recurrence/plane",
    )

    def bind(self, function: nn.Module, example: dict[str, Tensor], dynamic=None) -> "RecurrenceExplorer":
        """Let ``function`` answer from now on, beginning with ``example``."""
        if tuple(example) != ("x", "W", "U", "b"):
            raise ValueError(f"the recurrence takes x, W, U, b, in this order; got {', '.join(example) or 'nothing'}")
        _check(*example.values())
        if example["x"].shape[1] != 1:
            raise ValueError(f"one number per step can be drawn; got a sequence of shape {tuple(example['x'].shape)}")
        return super().bind(function, example, dynamic)
