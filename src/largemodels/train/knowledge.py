"""What a language model says when it is asked for facts, and how sure it is of what it says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from largemodels.data import Fact
from largemodels.models import Llama, write_each
from largemodels.text import Tokenizer

LENGTH = 40  # tokens of an answer in the model's own words, at most
PART = "\N{REPLACEMENT CHARACTER}"  # what a token decodes to that is a part of a letter, as of "á"
SHORT = 12  # tokens of an answer whose beginning is given, at most
TELLING = " If you do not know, or if there is no such thing, say that you do not know."


@dataclass(frozen=True)
class Sure:
    """A short answer, and the probability that the model gives to writing just that."""

    text: str
    probability: float


def ask(
    model: Llama, tokenizer: Tokenizer, facts: Sequence[Fact], telling: str = "", length: int = LENGTH
) -> list[str]:
    """Return what a chat model answers to each question, always taking the likeliest token.

    ``telling`` is added to each question. Raises what :func:`~largemodels.models.write_each` raises.
    """
    prompts = [tokenizer.prompt([{"role": "user", "content": fact.question + telling}]) for fact in facts]
    written = write_each(model, prompts, length, tokenizer.stop, temperature=0)
    return [tokenizer.decode(ids, special=False) for ids in written]


@torch.no_grad()
def complete(model: Llama, tokenizer: Tokenizer, facts: Sequence[Fact]) -> list[Sure]:
    """Return how a chat model ends the sentence that begins an answer, and how probable that end is.

    After "The capital of France is" comes " Paris" and then a full stop; the answer is "Paris", and its probability is
    the product of its tokens' probabilities, each after those before it. The likeliest token is taken always.
    """
    prompts = []
    for fact in facts:
        prompt = tokenizer.prompt([{"role": "user", "content": fact.question}])
        prompts.append(torch.cat([prompt, tokenizer.encode(fact.start)]))
    found = []
    for prompt, new in zip(prompts, write_each(model, prompts, SHORT, tokenizer.stop, temperature=0), strict=True):
        size = _answer_tokens([tokenizer.decode(token[None]) for token in new])
        text = torch.cat([prompt, new[:size]])
        likely = model.advance(text[None, :-1], last=size).log_softmax(-1)[0]  # (size, vocabulary)
        said = likely.gather(1, new[:size, None]).sum().exp().item()
        found.append(Sure(tokenizer.decode(new[:size], special=False).strip(), said))
    return found


def _answer_tokens(pieces: Sequence[str]) -> int:
    """Return how many of the pieces make the answer: all before the first that ends a number, a name or a word."""
    text = ""
    for size, piece in enumerate(pieces):
        ends = r"\D" if text[-1:].isdigit() else rf"[^\w {PART}]|\s+[^A-Z\s]|\s*$"
        if re.search(r"\w", text) and re.match(ends, piece):
            return size
        text += piece
    return len(pieces)
