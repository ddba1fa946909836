"""From logits to the next token: temperature, the likeliest few, and chance."""

from math import isfinite

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def check_sampling(
    temperature: float,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    *,
    vocabulary: int,
) -> None:
    """Raise ``ValueError`` for a way of drawing tokens that means nothing."""
    if not (isfinite(temperature) and temperature >= 0):
        raise ValueError(f"temperature must be 0 (the likeliest token) or more; got {temperature}")
    if top_k is not None and not 1 <= top_k <= vocabulary:
        raise ValueError(f"top_k must be from 1 to the {vocabulary} tokens there are, or None; got {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p must be above 0 and at most 1, or None; got {top_p}")
    if min_p is not None and not 0 <= min_p <= 1:
        raise ValueError(f"min_p must be from 0 to 1, or None; got {min_p}")


def check_whole(model: nn.Module) -> None:
    """Raise ``ValueError`` if a model's weights are spread over processes, as ``fully_shard`` (FSDP2) leaves them."""
    if any(hasattr(parameter, "full_tensor") for parameter in model.parameters()):  # a DTensor; its class loads slowly
        raise ValueError(
            "each process holds a part of this model's weights only, and writing takes them whole: gather them with "
            "torch.distributed.checkpoint.state_dict.get_model_state_dict(model, "
            "options=StateDictOptions(full_state_dict=True)), and load them into a new model"
        )


def next_probabilities(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
) -> Tensor:
    """Return the probabilities, float64, with which :func:`draw` draws; ``(b, vocabulary)``, as are the logits.

    Of tokens that are equally likely, the first of the vocabulary come first: exactly ``top_k`` remain, and one is
    the token that temperature 0 takes.
    """
    if temperature == 0:
        return F.one_hot(logits.argmax(-1), logits.shape[-1]).double()
    scores = logits.double()  # so that the smallest temperature divides, too
    p = ((scores - scores.amax(1, keepdim=True)) / temperature).softmax(1)
    if top_k is not None:
        likeliest = p.sort(descending=True, stable=True).indices[:, :top_k]
        p = torch.zeros_like(p).scatter(1, likeliest, p.gather(1, likeliest))
    if top_p is not None:
        ordered, order = p.div(p.sum(1, keepdim=True)).sort(descending=True, stable=True)
        enough = ordered.cumsum(1) - ordered >= top_p  # those before it had it all
        p = p.masked_fill(enough.scatter(1, order, enough), 0.0)
    if min_p is not None:
        p = p.masked_fill(p < min_p * p.amax(1, keepdim=True), 0.0)
    return p / p.sum(1, keepdim=True)


def draw(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draw one token for each row of logits ``(b, vocabulary)``: ``(b, 1)``.

    Args:
        logits: of the next token.
        temperature: divides the logits; 0 takes the likeliest token always.
        top_k: draw from so many of the likeliest only.
        top_p: draw from the likeliest that together have this probability only (Holtzman et al. 2020).
        min_p: draw from those only that are at least so many times as likely as the likeliest (Nguyen et al. 2025).
        generator: where chance comes from, on the CPU; torch's own if none is given.

    Raises:
        FloatingPointError: logits that are not finite.
    """
    if not logits.isfinite().all():
        raise FloatingPointError("the logits are not finite: the model has diverged, or its weights are damaged")
    if temperature == 0:
        return logits.argmax(1, keepdim=True)
    p = next_probabilities(logits.cpu(), temperature, top_k, top_p, min_p)
    return torch.multinomial(p, 1, generator=generator).to(logits.device)
