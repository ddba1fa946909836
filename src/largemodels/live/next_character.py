"""Type, see which character a language model expects next, and let it write."""

import torch
from torch import Tensor, nn

from largemodels.live.binding import evaluation
from largemodels.live.hidden_state_explorer import FromText
from largemodels.live.view import View
from largemodels.text import Vocabulary

WINDOW = 64  # characters


class NextProbabilities(nn.Module):
    """The distribution over the token that follows a text: the function behind a :class:`NextCharacter`.

    Takes ``ids`` ``(1, w)``, of which the first ``count`` ``(1,)`` are the text, and a ``temperature`` ``(1,)``.
    Returns the model's ``probabilities`` of the next token, the ``chances`` of the tokens at that temperature, each
    ``(1, vocabulary)``, and ``read``, which is ``count``.

    Args:
        model: a causal one, from ids ``(1, w)`` to logits ``(1, w, vocabulary)``, or to a dictionary with
            ``probabilities`` of that shape, as :class:`HiddenStates` returns it.

    Raises:
        ValueError: at the call, an answer of another kind, or a temperature of 0 or less.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor, count: Tensor, temperature: Tensor) -> dict[str, Tensor]:
        """Read all places, and answer for the last of the text."""
        if not torch.compiler.is_compiling() and not temperature > 0:
            raise ValueError(f"the temperature must be above 0; got {temperature.item():g}")
        logits = self._logits(ids).index_select(1, count - 1)[:, 0]  # (1, vocabulary)
        return {"probabilities": logits.softmax(-1), "chances": (logits / temperature).softmax(-1), "read": count}

    def _logits(self, ids: Tensor) -> Tensor:
        answer = self.model(ids)
        if isinstance(answer, dict) and "probabilities" in answer:
            answer = answer["probabilities"].log()
        if not isinstance(answer, Tensor) or answer.ndim != 3 or answer.shape[:2] != ids.shape:
            got = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
            raise ValueError(f"the model must return logits (1, {ids.shape[1]}, vocabulary) for as many ids; got {got}")
        return answer


class NextCharacter(View):
    """The reader types, and sees which character a language model expects next; a press on one writes it.

    Bind it to any causal model, from ids ``(1, t)`` to logits ``(1, t, vocabulary)``, such as a ``GPT`` or a
    ``CharRNN``, with a text to begin with::

        live(NextCharacter(vocabulary, window=64), model, {"ids": vocabulary.encode("    def ")[None]})

    Args:
        vocabulary: of characters.
        examples: name → text, to choose from.
        window: characters that the model reads, the last of the text; at most its context.

    Raises:
        ValueError: a vocabulary of longer tokens, an empty example, a window below 1; on binding, a model that does not
            fit the vocabulary or looks ahead, or a text to begin with that is empty or longer than the window.
    """

    owns = ("symbols", "window")
    parts = ("next_character/bars", "own/model")

    def __init__(self, vocabulary: Vocabulary, examples: dict[str, str] | None = None, window: int = WINDOW, **traits):
        if longer := [symbol for symbol in vocabulary.symbols if len(symbol) != 1]:
            raise ValueError(f"the vocabulary must be of characters; got {longer[0]!r}")
        examples = examples or {}
        if empty := [name for name, text in examples.items() if not text]:
            raise ValueError(f"the example {empty[0]!r} is empty; give at least one character")
        if window < 1:
            raise ValueError(f"the window must have at least 1 character; got {window}")
        self._vocabulary = vocabulary
        settings = {
            "symbols": list(vocabulary.symbols),
            "examples": [{"name": name, "text": text} for name, text in examples.items()],
            "window": window,
        }
        super().__init__(settings=settings, **traits)

    def bind(self, function: nn.Module, example: dict[str, Tensor], dynamic=None) -> "NextCharacter":
        """Let ``function``, a language model, predict and write from now on; it may be a reader's own."""
        if list(example) != ["ids"] or example["ids"].ndim != 2 or len(example["ids"]) != 1:
            shapes = {name: tuple(tensor.shape) for name, tensor in example.items()}
            raise ValueError(f"the example is one text, ids (1, t); got {shapes}")
        ids, window = example["ids"], self.settings["window"]
        text = self._vocabulary.decode(ids[0])
        if not 1 <= len(text) <= window:
            raise ValueError(f"the text to begin with must have 1 to {window} characters; it has {len(text)}")
        points = torch.zeros(1, window, dtype=torch.int64)  # what follows the text, a causal model does not see
        points[0, : len(text)] = torch.tensor([ord(character) for character in text])
        start = {"text": points, "count": torch.tensor([len(text)]), "temperature": torch.ones(1)}
        start = {name: tensor.to(ids.device) for name, tensor in start.items()}
        self._check(function, ids, start["count"], start["temperature"])
        reader = FromText(NextProbabilities(function), self._vocabulary).to(ids.device)
        return super().bind(reader, start, dynamic)

    def _check(self, function: nn.Module, ids: Tensor, *rest: Tensor) -> None:
        """Raise ``ValueError`` unless the model has the vocabulary's size and does not look ahead."""
        window, size = self.settings["window"], len(self._vocabulary)
        answers = []
        with torch.no_grad(), evaluation(function):
            for after in (0, 1):  # two ways for the text to go on
                padded = ids.new_full((1, window), after)
                padded[:, : ids.shape[1]] = ids
                answers.append(NextProbabilities(function)(padded, *rest)["probabilities"])
        if answers[0].shape[1] != size:
            raise ValueError(f"the model has {answers[0].shape[1]} symbols, the vocabulary {size}")
        if not torch.allclose(*answers, atol=1e-4):
            raise ValueError("the model must not look ahead: what stands after the text changes what it expects")
