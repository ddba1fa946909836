"""The recurrent networks of the book: one tells sequences apart, one writes text."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from largemodels.layers import GRU, LSTM, RNN, watched
from largemodels.models.sampling import check_sampling, check_whole, draw
from largemodels.models.tokens import check_tokens

CELLS = {"LSTM": LSTM, "GRU": GRU, "RNN": RNN}
State = Tensor | tuple[Tensor, Tensor]  # h, each (1, b, hidden); for an LSTM (h, c)


@dataclass(frozen=True)
class RecurrentClassifierConfig:
    """What a :class:`RecurrentClassifier` is made of; the defaults are the source document's program, repaired.

    Raises ``ValueError`` for sizes below 1.
    """

    vocabulary: int = 10_000
    features: int = 100
    hidden: int = 64
    steps: int = 100
    classes: int = 10

    def __post_init__(self):
        if min(self.vocabulary, self.features, self.hidden, self.steps, self.classes) < 1:
            raise ValueError(f"every size must be at least 1; got {self}")


@dataclass(frozen=True)
class CharRNNConfig:
    """What a :class:`CharRNN` is made of: its ``cell`` is ``"LSTM"``, ``"GRU"`` or ``"RNN"``.

    Raises ``ValueError`` for sizes below 1 or an unknown cell.
    """

    vocabulary: int = 97
    features: int = 32
    hidden: int = 128
    cell: str = "LSTM"

    def __post_init__(self):
        if min(self.vocabulary, self.features, self.hidden) < 1:
            raise ValueError(f"every size must be at least 1; got {self}")
        if self.cell not in CELLS:
            raise ValueError(f"cell is {self.cell!r}; choose one of {', '.join(CELLS)}")


class RecurrentClassifier(nn.Module):
    """Classify sequences of tokens ``(b, steps)`` into logits ``(b, classes)``.

    An LSTM reads the tokens' features, and a linear layer decides from the hidden states of all steps. With the
    defaults: 1,000,000 parameters in the embedding, 42,496 in the LSTM and 64,010 in the classifier.

    Taps: ``embedding`` ``(b, t, features)``, ``recurrent.gates`` ``(b, t, 4, hidden)``, ``recurrent.cell``
    ``(b, t, hidden)``, ``recurrent``: output and final state, ``flatten`` ``(b, t · hidden)``, ``classifier``.
    """

    def __init__(self, config: RecurrentClassifierConfig | None = None):
        super().__init__()
        self.config = config = config or RecurrentClassifierConfig()
        self.embedding = nn.Embedding(config.vocabulary, config.features)
        self.recurrent = LSTM(config.features, config.hidden)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(config.steps * config.hidden, config.classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits; their softmax are the class probabilities."""
        check_tokens(tokens, self.config.vocabulary, self.config.steps)
        output, _ = run(self.recurrent, self.embedding(tokens))
        return self.classifier(self.flatten(output))


class CharRNN(nn.Module):
    """Predict after every character of ``(b, t)`` the one that follows: logits ``(b, t, vocabulary)``.

    With the defaults: 98,561 parameters, 3,104 in the embedding, 82,944 in the LSTM and 12,513 in the head.

    Taps: ``embedding`` ``(b, t, features)``, ``hidden`` ``(b, t, hidden)``, ``recurrent``: output and final state,
    and what its cell has: ``recurrent.gates`` ``(b, t, 4 or 3, hidden)``, ``recurrent.cell`` ``(b, t, hidden)``;
    ``head`` ``(b, t, vocabulary)``.
    """

    def __init__(self, config: CharRNNConfig | None = None):
        super().__init__()
        self.config = config = config or CharRNNConfig()
        self.embedding = nn.Embedding(config.vocabulary, config.features)
        self.recurrent = CELLS[config.cell](config.features, config.hidden)
        self.hidden = nn.Identity()
        self.head = nn.Linear(config.hidden, config.vocabulary)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits; their softmax are the probabilities of the next character."""
        return self.advance(tokens)[0]

    def advance(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Read ``(b, t)`` on from a state, none at the beginning; return the logits and the state after it.

        Reading a text in pieces, each on from the state of the one before, gives the logits of reading it at once.
        """
        check_tokens(tokens, self.config.vocabulary)
        output, state = run(self.recurrent, self.embedding(tokens), state)
        return self.head(self.hidden(output)), state

    @torch.no_grad()
    def generate(
        self, prompt: Tensor, length: int, temperature: float = 1.0, generator: torch.Generator | None = None
    ) -> Tensor:
        """Write ``length`` characters on from ``prompt`` ``(b, t)``; return both, ``(b, t + length)``.

        Each character is drawn with the probabilities of the softmax of the logits divided by ``temperature``:
        below 1 the likely ones become more likely, and 0 takes the likeliest always.

        Args:
            prompt: at least one character; the model's own vocabulary.
            length: characters to write, at least 1.
            temperature: 0 or more.
            generator: where chance comes from, on the CPU; torch's own if none is given.

        Raises:
            ValueError: an empty or unknown prompt, a length below 1, a temperature below 0, or weights that are
                spread over processes.
            FloatingPointError: logits that are not finite.
        """
        check_whole(self)
        if length < 1:
            raise ValueError(f"length must be at least 1 character; got {length}")
        check_sampling(temperature, vocabulary=self.config.vocabulary)
        logits, state = self.advance(prompt)
        written = [prompt]
        for _ in range(length):
            written.append(draw(logits[:, -1], temperature, generator=generator))
            if len(written) <= length:
                logits, state = self.advance(written[-1], state)
        return torch.cat(written, 1)


def run(layer: nn.Module, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
    """Run a recurrent layer: step by step if anyone watches, else in one kernel that computes the same."""
    return layer(x, state) if watched(layer) else layer.fused(x, state)
