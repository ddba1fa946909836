"""A mixture of experts: many feed-forward networks, of which each token uses a few."""

import torch
from torch import Tensor, nn

from largemodels.layers.gated import GatedMLP


class MixtureOfExperts(nn.Module):
    r"""Let a router choose for each token the experts that it is sent to (Shazeer et al. 2017; Jiang et al. 2024).

    With :math:`p = \mathrm{softmax}(x W_r)` over all experts, the answer is the sum of those of the ``active`` most
    probable experts, :math:`\sum_i w_i E_i(x)`, where :math:`w_i` is :math:`p_i` divided by the sum of the chosen ones.
    Each expert is a :class:`~largemodels.layers.GatedMLP`. Only the weights :math:`w` carry a gradient to the router:
    the choice itself has none.

    Taps: ``router`` ``(n, experts)``, the logits of all ``n = b · t`` tokens; ``experts.*`` ``(m, d)``, for the ``m``
    tokens that are sent there, if there are any.

    Args:
        width: ``d``.
        hidden: of each expert.
        experts: how many there are.
        active: how many each token uses.

    Raises ``ValueError`` for sizes below 1, or more active experts than there are.
    """

    def __init__(self, width: int, hidden: int, experts: int, active: int):
        super().__init__()
        if min(width, hidden, experts) < 1 or not 1 <= active <= experts:
            raise ValueError(
                f"sizes must be at least 1, and active from 1 to the number of experts; got width {width}, hidden "
                f"{hidden}, {experts} experts and {active} active"
            )
        self.active = active
        self.router = nn.Linear(width, experts, bias=False)
        self.experts = nn.ModuleList(GatedMLP(width, hidden) for _ in range(experts))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(b, t, d)`` to the same shape."""
        tokens = x.flatten(0, -2)  # (n, d)
        weights, chosen = self.router(tokens).softmax(-1).topk(self.active)  # (n, active)
        weights = weights / weights.sum(-1, keepdim=True)
        answer = torch.zeros_like(tokens)
        for i, expert in enumerate(self.experts):
            token, place = (chosen == i).nonzero(as_tuple=True)  # who is sent here, and as which of its choices
            if len(token):
                part = expert(tokens[token]) * weights[token, place, None]
                answer = answer.index_add(0, token, part.to(answer.dtype))  # under autocast they differ
        return answer.view_as(x)

    def extra_repr(self) -> str:
        """Say how many there are, and how many are used."""
        return f"{self.active} of {len(self.experts)} active"


def balance_loss(logits: Tensor, active: int) -> Tensor:
    r"""Return how unevenly a router spreads tokens: 1 if all experts get the same (Fedus et al. 2022).

    :math:`N \sum_i f_i P_i`, with :math:`f_i` the share of all choices that falls on expert :math:`i`, which has no
    gradient, and :math:`P_i` the mean probability that it is given. Where an expert is chosen often, its probability
    is pressed down.

    Args:
        logits: of the router, ``(n, experts)``.
        active: experts that each token uses.

    Probabilities and shares are computed in float32 or wider.
    """
    p = logits.to(torch.promote_types(logits.dtype, torch.float32)).softmax(-1)
    f = loads(logits, active)
    return logits.shape[-1] * (f * p.mean(0)).sum()


def loads(logits: Tensor, active: int) -> Tensor:
    """Return which share of all choices falls on each expert: ``(experts,)``, adding up to 1, in float32 or wider.

    Arguments are those of :func:`balance_loss`.
    """
    chosen = logits.topk(active).indices.flatten()
    counts = torch.bincount(chosen, minlength=logits.shape[-1])
    return counts.to(torch.promote_types(logits.dtype, torch.float32)) / len(chosen)
