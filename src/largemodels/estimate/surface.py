"""The loss that a law expects, cut along equal computation: what the reader of a page moves about on."""

import torch
from torch import Tensor, nn

from largemodels.estimate.optimal import Fit
from largemodels.estimate.quantities import WIDE

NEIGHBOURS = (0.1, 1.0, 10.0)  # times the computation, for which curves are drawn


class LossSurface(nn.Module):
    """A loss law ``floor + a / N^alpha + b / D^beta`` at a point, and along lines of equal computation.

    The form is that of Hoffmann et al. (2022), approach 3; the constants go in, so that laws can be compared.
    """

    def forward(self, law: Tensor, parameters: Tensor, tokens: Tensor, at: Tensor) -> dict[str, Tensor]:
        """Take a law and a point of it.

        Args:
            law: floor, a, b, alpha and beta, ``(5,)``, all above 0.
            parameters: N, ``(1,)``, above 0.
            tokens: D, ``(1,)``, above 0.
            at: parameters at which to draw curves of equal computation, ``(m,)``, above 0.

        Returns:
            ``loss``: in nats a token, ``(1,)``; ``terms``: the floor, what the size adds and what the data add,
            ``(3,)``; ``compute``: ``6 N D``, ``(1,)``; ``parameters_best``, ``tokens_best``, ``loss_best``: the best
            split of this computation, ``(1,)``; ``needed``: the share of the computation that would do for the same
            loss at the best split, ``(1,)``, at most 1; ``curves``: the losses at ``at`` for a tenth of the
            computation, for it, and for ten times as much, ``(3, m)``; ``best``: parameters and loss of the best
            split of each, ``(3, 2)``.

        Raises:
            ValueError: another shape, numbers of fewer bits than float32, or one that is not finite and above 0.
        """
        if not torch.compiler.is_compiling():
            _check(law, parameters, tokens, at)
        floor, a, b, alpha, beta = law.unbind()
        one = Fit(floor, a, b, alpha, beta)
        compute = 6 * parameters * tokens
        terms = torch.cat([floor[None], a / parameters**alpha, b / tokens**beta])
        loss = terms.sum()[None]
        parameters_best, tokens_best = one.optimum(compute)
        loss_best = one.loss(parameters_best, tokens_best)
        # at the best split the loss above the floor falls as C^(-alpha beta / (alpha + beta))
        needed = ((loss_best - floor) / (loss - floor)) ** ((alpha + beta) / (alpha * beta))
        budgets = compute * torch.tensor(NEIGHBOURS, dtype=compute.dtype, device=compute.device)  # (3,)
        sizes, lengths = one.optimum(budgets)
        return {
            "loss": loss,
            "terms": terms,
            "compute": compute,
            "parameters_best": parameters_best,
            "tokens_best": tokens_best,
            "loss_best": loss_best,
            "needed": needed.clamp(max=1.0),
            "curves": one.loss(at, budgets[:, None] / (6 * at)),
            "best": torch.stack([sizes, one.loss(sizes, lengths)], dim=1),
        }


def _check(law: Tensor, parameters: Tensor, tokens: Tensor, at: Tensor) -> None:
    given = {"law": law, "parameters": parameters, "tokens": tokens, "at": at}
    shapes = [tuple(each.shape) for each in given.values()]
    if shapes[:3] != [(5,), (1,), (1,)] or at.ndim != 1 or not len(at):
        raise ValueError(
            f"it takes law (5,), parameters (1,), tokens (1,) and at (m,); got {', '.join(map(str, shapes))}"
        )
    for name, values in given.items():
        if values.dtype not in WIDE or not (values.isfinite() & (values > 0)).all():
            allowed = " or ".join(map(str, WIDE))
            raise ValueError(f"{name} must be finite and above 0, of {allowed}; got {values.dtype}, {values.tolist()}")
