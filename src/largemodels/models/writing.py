"""Writing with a model that keeps a cache: token by token, or several at once where the text repeats itself."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from largemodels.layers import Cache, SinkCache
from largemodels.models.sampling import check_sampling, check_whole, draw
from largemodels.models.tokens import check_stop, check_tokens

LONGEST = 3  # tokens at the end of the text by which a repetition is found


def stream(
    model: nn.Module,
    prompt: Tensor,
    length: int,
    stop: tuple[int, ...] = (),
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float | None = None,
    generator: torch.Generator | None = None,
    lookup: int = 0,
    cache: Cache | None = None,
    vocabulary: int | None = None,
) -> Iterator[Tensor]:
    """Write on from ``prompt`` ``(b, t)``, token by token: yields ``(b, 1)``, at most ``length`` times.

    With ``lookup``, prompt-lookup decoding (a form of speculative decoding: Leviathan et al. 2023): where the last
    tokens stood in the text before, the model reads what followed them there together with the last token, in one go,
    and keeps it as far as it would have written it itself. The tokens are the same as without, unless two are so
    nearly equally likely that rounding decides between them.

    Args:
        model: has ``config.vocabulary``, ``config.context``, ``start`` and ``advance``, as :class:`Llama`.
        prompt: at least one token.
        length: tokens to write, at least 1.
        stop: tokens that end a text; they are yielded, too. A text that has ended repeats its last token.
        temperature: divides the logits; 0 takes the likeliest token always.
        top_k: draw from so many of the likeliest only.
        top_p: draw from the likeliest that together have this probability only (Holtzman et al. 2020).
        min_p: draw from those only that are at least so many times as likely as the likeliest (Nguyen et al. 2025).
        generator: where chance comes from, on the CPU; torch's own if none is given.
        lookup: how many tokens to read on at most where the text repeats itself; for a single text.
        cache: keys and values of the first tokens of the prompt, which are not read again; those of what is read and
            written are added. With none, all is read, and nothing kept.
        vocabulary: draw from so many first tokens only; from all if not given. Some models have more tokens than
            their tokenizer, for the sake of even sizes, and those mean nothing.

    Raises:
        ValueError: a prompt that is empty, unknown or too long for the context together with what is to be written, or
            a number out of its range; a cache that holds the whole prompt, is for another number of texts, has no room
            for what is to be written, or drops tokens where ``lookup`` must take back what it guessed.
        FloatingPointError: logits that are not finite.
    """
    check_whole(model)
    known, context = model.config.vocabulary, model.config.context
    vocabulary = known if vocabulary is None else vocabulary
    if not 1 <= vocabulary <= known:
        raise ValueError(f"tokens are drawn from the first 1 to {known}; got {vocabulary}")
    check_sampling(temperature, top_k, top_p, min_p, vocabulary=vocabulary)
    check_tokens(prompt, known)
    b, t = prompt.shape
    if length < 1:
        raise ValueError(f"length must be at least 1 token; got {length}")
    if t + length > context:
        raise ValueError(
            f"a prompt of {t:,} tokens and {length:,} to write are more than the context of {context:,}: shorten one"
        )
    stop = check_stop(stop, known)
    if lookup < 0 or (lookup and b > 1):
        raise ValueError(
            f"lookup takes 0 or more tokens, and a single text if there are any; got {lookup} for {b} texts"
        )
    if cache is None:
        cache = model.start(b, t + length)
    _check_cache(cache, b, t, length, lookup)
    how = (temperature, top_k, top_p, min_p, generator)
    return _stream(model, prompt, length, stop, how, lookup, cache, vocabulary)


@torch.inference_mode()
def _stream(model, prompt, length, stop, how, lookup, cache, vocabulary) -> Iterator[Tensor]:
    text, new = prompt, prompt[:, cache.length :]
    advance = model.quickest(min(cache.room, model.config.context)) if hasattr(model, "quickest") else model.advance
    ended = torch.zeros(len(prompt), 1, dtype=torch.bool, device=prompt.device)
    ends = torch.tensor(stop, dtype=torch.long, device=prompt.device)
    while True:
        guess = looked_up(text, min(lookup, length - 1)) if lookup else text[:, :0]
        logits = advance(torch.cat([new, guess], 1), cache, guess.shape[1] + 1)
        for place in range(guess.shape[1] + 1):
            token = draw(logits[:, place, :vocabulary], *how)
            token = torch.where(ended, text[:, -1:], token)
            guessed = place < guess.shape[1] and token == guess[0, place]
            if not guessed:
                cache.forget(guess.shape[1] - place)
            yield token
            length -= 1
            text, ended = torch.cat([text, token], 1), ended | torch.isin(token, ends)
            if length == 0 or ended.all():
                return
            if not guessed:
                break
        new = token


def _check_cache(cache: Cache, b: int, t: int, length: int, lookup: int) -> None:
    """Raise ``ValueError`` unless a prompt ``(b, t)`` can be written on from with a cache, ``length`` tokens."""
    if cache.batch != b:
        raise ValueError(f"the cache is for {cache.batch} texts; got {b}: start one for as many")
    if cache.length >= t or cache.room < t + length:
        raise ValueError(
            f"the cache holds {cache.length:,} tokens and has room for {cache.room:,}: it must hold fewer than the "
            f"prompt's {t:,}, and have room for {t + length:,}"
        )
    if lookup and isinstance(cache, SinkCache) and cache.dropped(t + length - cache.length):
        raise ValueError(
            f"the cache drops tokens before {t + length:,} are read, so it cannot take back guesses: give lookup=0, or "
            f"a larger window"
        )


def write_each(
    model: nn.Module, prompts: Sequence[Tensor], length: int, stop: tuple[int, ...] = (), batch: int = 64, **how
) -> list[Tensor]:
    """Write on from prompts ``(t,)`` of any lengths; return what is new of each, up to and with a token of ``stop``.

    Prompts of one length are read together, at most ``batch`` at a time. ``length``, ``stop`` and ``how`` are those of
    :func:`stream`, and so are the errors.
    """
    alike: dict[int, list[int]] = {}
    for place, prompt in enumerate(prompts):
        alike.setdefault(len(prompt), []).append(place)
    written, ends = {}, torch.tensor(stop, dtype=torch.long)
    for t, places in alike.items():
        for some in (places[i : i + batch] for i in range(0, len(places), batch)):
            text = model.generate(torch.stack([prompts[place] for place in some]), length, stop, **how)
            for place, new in zip(some, text[:, t:], strict=True):
                stops = torch.isin(new.cpu(), ends).nonzero()
                written[place] = new[: int(stops[0]) + 1] if len(stops) else new
    return [written[place] for place in range(len(prompts))]


def looked_up(text: Tensor, count: int) -> Tensor:
    """Return what followed the last tokens of ``(1, t)`` where they last stood before, ``count`` of it: ``(1, count)``.

    That is nothing, ``(1, 0)``, if they never did. What followed may reach the end of the text: then it begins again.
    """
    t = text.shape[1]
    for size in range(min(LONGEST, t - 1), 0, -1):
        windows = text[0].unfold(0, size, 1)[:-1]  # all but the end itself
        places = (windows == text[0, -size:]).all(1).nonzero()
        if len(places):
            after = int(places[-1]) + size
            return text[:, after + torch.arange(count, device=text.device) % (t - after)]
    return text[:, :0]
