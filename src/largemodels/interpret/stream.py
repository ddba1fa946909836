"""The residual stream of a Llama: read it up to a layer, change it, read on; and what each layer would say of it."""

from copy import copy

import torch
from torch import Tensor

from largemodels.layers import Cache, rotation
from largemodels.models import Llama
from largemodels.models.tokens import check_last


def read_until(model: Llama, tokens: Tensor, layer: int) -> Tensor:
    """Return the residual stream ``(b, t, d)`` after so many blocks have read ``(b, t)`` tokens; 0 is the embedding.

    Raises ``ValueError`` for a layer that the model does not have.
    """
    return _run(model, model.embedding(tokens), 0, _known(model, layer))


def read_on(model: Llama, x: Tensor, layer: int, last: int | None = None, cache: Cache | None = None) -> Tensor:
    """Return the logits that follow from the stream ``x`` ``(b, t, d)`` after ``layer`` blocks.

    ``read_on(model, read_until(model, tokens, n), n)`` is ``model(tokens)`` for every ``n``.

    Args:
        last: how many positions at the end get logits; all if not given.
        cache: holds the keys and values of earlier positions. It goes on holding those alone, so the same cache serves
            for many ways to go on.

    Raises ``ValueError`` for a layer that the model does not have, a cache that does not fit, or a ``last`` below 1.
    """
    check_last(last)
    if cache is not None:
        cache = copy(cache)
        cache.kept = list(cache.kept)  # one that drops tokens puts other tensors there
    x = _run(model, x, _known(model, layer), model.config.layers, cache)
    return model.head(model.norm(x if last is None else x[:, -last:]))


def logit_lens(model: Llama, stream: Tensor) -> Tensor:
    """Return the logits that the model would give if the stream ``(…, d)`` after some block were its last.

    The final normalisation is applied, then the head (nostalgebraist 2020). After the last block these are the model's
    logits; before, they are a guess at what the stream says, which nobody trained the model to allow.
    """
    return model.head(model.norm(stream))


def _run(model: Llama, x: Tensor, start: int, stop: int, cache: Cache | None = None) -> Tensor:
    c, before = model.config, 0 if cache is None else cache.length
    places = torch.arange(before, before + x.shape[1], device=x.device)
    cos, sin = rotation(places, c.head_width, c.base, c.scaling)
    for block in model.blocks[start:stop]:
        x = block(x, (cos.to(x.dtype), sin.to(x.dtype)), cache)
    return x


def _known(model: Llama, layer: int) -> int:
    if not 0 <= layer <= model.config.layers:
        raise ValueError(f"the model has {model.config.layers} layers: choose one from 0 to that; got {layer}")
    return layer
