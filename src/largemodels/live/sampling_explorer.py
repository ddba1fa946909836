"""What temperature, top-k, top-p and min-p leave of a real model's next token, and tokens drawn from it."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from largemodels.live.binding import pack
from largemodels.live.view import View

SHOWN, GROUPS = 60, 40  # tokens of their own, and groups of those that are rarer
NAMES = ("logits", "counts", "temperature", "top_k", "top_p", "min_p")


class Sampling(nn.Module):
    """The rules by which a token is drawn, in the order of ``models.next_probabilities``: for a `SamplingExplorer`.

    A vocabulary is too long for a page, so that rare tokens stand in groups, whose tokens are taken for equally likely.
    On such a vocabulary it computes what ``next_probabilities`` does, token by token.
    """

    def forward(
        self, logits: Tensor, counts: Tensor, temperature: Tensor, top_k: Tensor, top_p: Tensor, min_p: Tensor
    ) -> dict[str, Tensor]:
        """Take ``logits`` of a token of each group and ``counts``, its tokens, both ``(n,)``, the likeliest first.

        ``temperature`` is above 0; ``top_k`` as many as there are tokens, ``top_p`` 1 and ``min_p`` 0 leave all. All
        four are ``(1,)``.

        Returns:
            ``before`` and ``after``: the probability of each group as the model has it, and after the rules; ``kept``:
            how many of its tokens are left; all ``(n,)``.

        Raises:
            ValueError: shapes that do not fit, logits that rise, or a number out of its range.
        """
        if not torch.compiler.is_compiling():
            _check(logits, counts, temperature, top_k, top_p, min_p)
        above = logits - logits[0]
        odds = (above / temperature).exp()  # against the likeliest token
        earlier = counts.cumsum(0) - counts
        kept = torch.minimum(counts, (top_k - earlier).clamp(min=0))

        share = odds / (odds * kept).sum()
        mass = share * kept
        room = (top_p - (mass.cumsum(0) - mass)) / share.clamp(min=1e-30)  # in tokens; one is in if those before lack p
        room = torch.where(top_p < 1, room.ceil().clamp(min=0), counts)
        kept = torch.minimum(kept, room)
        kept = torch.where(odds >= min_p, kept, 0.0)
        plain, left = above.exp() * counts, odds * kept
        return {"before": plain / plain.sum(), "after": left / left.sum(), "kept": kept}


def _check(logits: Tensor, counts: Tensor, *settings: Tensor) -> None:
    n = len(logits) if logits.ndim == 1 else 0
    if n < 1 or counts.shape != (n,) or any(each.shape != (1,) for each in settings):
        shapes = [tuple(each.shape) for each in (logits, counts, *settings)]
        raise ValueError(f"it takes logits and counts (n,) and four numbers (1,); got {', '.join(map(str, shapes))}")
    if (counts < 1).any() or (logits.diff() > 0).any():
        raise ValueError("the likeliest tokens stand first, and every group has at least one")
    temperature, top_k, top_p, min_p = (each.item() for each in settings)
    if not (temperature > 0 and top_k >= 1 and 0 < top_p <= 1 and 0 <= min_p <= 1):
        raise ValueError(
            f"temperature must be above 0, top_k at least 1, top_p above 0 and at most 1, min_p from 0 to 1; "
            f"got {temperature:g}, {top_k:g}, {top_p:g} and {min_p:g}"
        )


def grouped(logits: Tensor, shown: int = SHOWN, groups: int = GROUPS) -> tuple[Tensor, Tensor, Tensor]:
    """Return logits and counts ``(n,)`` for :class:`Sampling`, and the ids ``(shown,)`` of the likeliest tokens.

    After those, groups grow with the rank, since rarer tokens differ less and matter less. A group has the
    probability of its tokens together. Raises ``ValueError`` for fewer logits than are shown, or some not finite.
    """
    if logits.ndim != 1 or len(logits) < shown or shown < 1 or not logits.isfinite().all():
        raise ValueError(f"it takes finite logits (n,), at least {shown}; got {tuple(logits.shape)}")
    ordered, order = logits.detach().double().cpu().log_softmax(0).sort(descending=True, stable=True)
    n = len(logits)
    edges = [round(shown * (n / shown) ** (i / groups)) for i in range(groups + 1)]
    counts = [1] * shown + [b - a for a, b in pairwise(edges) if b > a]
    means = [part.logsumexp(0) - torch.tensor(float(len(part))).log() for part in ordered.split(counts)]
    return torch.stack(means).float(), torch.tensor(counts, dtype=torch.float32), order[:shown]


class SamplingExplorer(View):
    """The next token after some texts, with sliders for the rules of sampling; ten tokens are drawn from what is left.

    Bind it to :class:`Sampling`, with what it has prepared::

        view = SamplingExplorer({"The capital of France is": logits}, lambda i: tokenizer.decode([i]))
        live(view, Sampling(), view.start())

    Args:
        prompts: text → the model's logits ``(vocabulary,)`` of what follows.
        name: the text of a token, by its id.
        shown: tokens that have a name and a bar of their own at most; the rarer ones stand in groups.

    Raises:
        ValueError: no prompt, prompts of different vocabularies, or logits that :func:`grouped` does not take; on
            binding, inputs of other names.
    """

    def __init__(self, prompts: dict[str, Tensor], name: Callable[[int], str], shown: int = SHOWN, **traits):
        if len({logits.shape for logits in prompts.values()}) != 1:
            raise ValueError(f"give one prompt or more, all of one vocabulary; got {len(prompts)}")
        rows = []
        for text, logits in prompts.items():
            values, self._counts, ids = grouped(logits, shown)
            rows.append({"text": text, "tokens": [name(i) for i in ids.tolist()], "logits": pack("logits", values)})
            self._first = values if len(rows) == 1 else self._first
        super().__init__(settings={"prompts": rows}, **traits)

    def start(self) -> dict[str, Tensor]:
        """Return the inputs to begin with: the first prompt, and nothing cut."""
        size = self._counts.sum()[None]
        return dict(
            zip(NAMES, (self._first, self._counts, torch.ones(1), size, torch.ones(1), torch.zeros(1)), strict=True)
        )

    def bind(self, function: nn.Module, example: dict[str, Tensor], dynamic=None) -> "SamplingExplorer":
        """Let ``function`` answer from now on, beginning with ``example``."""
        if tuple(example) != NAMES:
            raise ValueError(f"it takes {', '.join(NAMES)}, in this order; got {', '.join(example) or 'nothing'}")
        return super().bind(function, example, dynamic)
