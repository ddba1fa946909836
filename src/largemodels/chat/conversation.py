"""A conversation with a language model: what was said, how much of it fits, and what the model has read already."""

from collections.abc import Iterator

import torch

from largemodels.models import Llama
from largemodels.text import Tokenizer


class Conversation:
    """What a user and a model say in turn: ``ask``, then read the ``answer``.

    The model sees the whole conversation again at every turn, in its own chat template. Keys and values of what it has
    read before are kept, so that only what is new costs time. ``messages`` holds what was said and is still known;
    ``cut`` says whether the latest answer was ended by ``length``.

    Args:
        model: predicts the next token, on any device.
        tokenizer: the model's own, with a chat template.
        system: what the model is told before the conversation; if not given, what its template says.
        length: tokens of an answer, at most.
        context: tokens of the conversation that are kept, at most; as many as the model takes if not given.
        how: ways to draw a token, as :meth:`Llama.stream` takes them.

    Raises:
        ValueError: an answer that would leave no room for a question, a context that the model does not have, a
            tokenizer of another model or with no chat template, or a number out of its range.
    """

    def __init__(
        self,
        model: Llama,
        tokenizer: Tokenizer,
        system: str | None = None,
        length: int = 512,
        context: int | None = None,
        **how,
    ):
        context = model.config.context if context is None else context
        if not 1 <= length < context <= model.config.context:
            raise ValueError(
                f"an answer must be shorter than the context that it stands in, and that at most the model's, "
                f"{model.config.context:,} tokens; got {length:,} and {context:,}"
            )
        if len(tokenizer) > model.config.vocabulary:
            raise ValueError(
                f"the tokenizer is not the model's: it knows {len(tokenizer):,} tokens, the model "
                f"{model.config.vocabulary:,}"
            )
        how = {"vocabulary": len(tokenizer), **how}  # the model may have more tokens, with no text
        # says at once what is wrong with how, and writes nothing
        model.stream(torch.zeros(1, 1, dtype=torch.long), 1, tokenizer.stop, cache=None, **how)
        self.model, self.tokenizer, self.length, self.context, self.how = model, tokenizer, length, context, how
        self.system = [] if system is None else [{"role": "system", "content": system}]
        self.cache, self._read = model.start(1, context), []  # the tokens whose keys and values are in the cache
        self.reset()
        if (least := len(self._encode([{"role": "user", "content": ""}])) + length) > context:
            raise ValueError(
                f"what the model is told before and an answer of {length:,} tokens take {least:,} tokens, more than "
                f"the context of {context:,}; shorten one of them"
            )

    def reset(self) -> None:
        """Forget what was said; what the model is told before stays."""
        self.messages, self._prompt, self.cut = [], [], False

    def ask(self, text: str) -> int:
        """Say ``text`` to the model; return how many of the oldest messages were dropped, so that all fits.

        What is dropped changes the beginning, after which everything has to be read again. So that this happens seldom,
        enough is dropped for the rest to take half of the context.

        Raises:
            ValueError: the text does not fit into the context, even alone. Nothing has changed.
        """
        kept = [*self.messages, {"role": "user", "content": text}]
        space = self.context
        while (size := len(prompt := self._encode(kept)) + self.length) > space and len(kept) > 1:
            second = next(i for i, message in enumerate(kept) if i and message["role"] == "user")
            kept, space = kept[second:], self.context // 2
        if size > self.context:
            raise ValueError(
                f"the text is too long: with what stands around it and up to {self.length:,} tokens of an answer it "
                f"takes {size:,} tokens, more than the context of {self.context:,}; shorten it, or the answer"
            )
        dropped = len(self.messages) + 1 - len(kept)
        self.messages, self._prompt = kept, prompt
        return dropped

    def answer(self) -> Iterator[str]:
        """Write the answer to what was asked, piece by piece. One that is left off is kept as far as it was written.

        It ends early when something else is asked, or all is forgotten. Raises ``ValueError`` if nothing was asked that
        has no answer yet.
        """
        if not self._prompt:
            raise ValueError("nothing was asked that has no answer yet: ask first")
        prompt, stop, written, text, asked = self._prompt, self.tokenizer.stop, [], "", self.messages
        self._prompt = []
        known = _shared(self._read[: self.cache.length], prompt[:-1])
        self.cache.forget(self.cache.length - known)
        self._read = prompt[:known]
        try:
            tokens, pieces = torch.tensor([prompt], device=self.model.norm.weight.device), self.tokenizer.decoder()
            for token in self.model.stream(tokens, self.length, stop, cache=self.cache, **self.how):
                written.append(token.item())
                if written[-1] not in stop and (piece := pieces.add(written[-1])):
                    text += piece
                    yield piece
                    if self.messages is not asked:  # the conversation has gone on, and the cache with it
                        return
            if piece := pieces.end():
                text += piece
                yield piece
        finally:
            if self.messages is asked:
                self._read = (prompt + written)[: self.cache.length]
                self.cut = len(written) == self.length and written[-1] not in stop
                self.messages = [*asked, {"role": "assistant", "content": text}]

    def _encode(self, messages: list[dict[str, str]]) -> list[int]:
        return self.tokenizer.prompt([*self.system, *messages]).tolist()


def _shared(one: list[int], other: list[int]) -> int:
    """Return how many tokens two texts share at their beginnings."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
