"""Type, and watch a trained recurrent network read: every gate, cell and hidden state, and what it expects next."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from largemodels.interpret import capture, tracking
from largemodels.layers import GRU, LSTM, RNN
from largemodels.live.binding import evaluation
from largemodels.live.growing import GrowingView, Growth, Past
from largemodels.text import Vocabulary

LIMIT = 400  # characters that the reader's text is cut to, so that every keystroke is answered at once

# what each kind of layer carries from step to step, and has inside in the order of its tap `gates`
CARRIED = {LSTM: ("hidden", "cell"), GRU: ("hidden",), RNN: ("hidden",)}
GATES = {
    LSTM: ("input_gate", "forget_gate", "candidate", "output_gate"),
    GRU: ("reset_gate", "update_gate", "candidate"),
    RNN: (),
}


class HiddenStates(nn.Module):
    """What a ``CharRNN`` computes while it reads: the function behind a :class:`HiddenStateExplorer`.

    Takes ``ids`` ``(b, t)`` and returns the ``probabilities`` of the next character ``(b, t, vocabulary)``;
    ``hidden``; and what else there is in this kind of layer, all ``(b, t, n)``: for an LSTM ``cell``, ``input_gate``,
    ``forget_gate``, ``candidate`` and ``output_gate``, for a GRU ``reset_gate``, ``update_gate`` and ``candidate``.
    It begins with a state of zero, or reads on from ``before``: what it carries, ``(b, 1, n)`` each.

    Raises:
        ValueError: a model that has no such layer by the name of ``recurrent``.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        layer = getattr(model, "recurrent", None)
        kinds = [kind for kind in GATES if isinstance(layer, kind)]
        if not kinds:
            names = ", ".join(kind.__name__ for kind in GATES)
            raise ValueError(f"bind a CharRNN, whose part `recurrent` is one of {names}; got {type(model).__name__}")
        self.model, self.kind = model, kinds[0]

    def forward(self, ids: Tensor, *before: Tensor) -> dict[str, Tensor]:
        """Read ``(b, t)``."""
        looped = before or torch.compiler.is_exporting()
        logits, series = self._looped(ids, *before) if looped else self._watched(ids)
        inside = zip(CARRIED[self.kind] + GATES[self.kind], series, strict=True)
        return {"probabilities": logits.softmax(-1), **dict(inside)}

    def _watched(self, ids: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Run the model and look at its taps."""
        taps = [f"recurrent.{name}" for name, _ in self.model.recurrent.named_children()]
        with capture(self.model, "hidden", *taps) as seen:
            logits = self.model(ids)
        gates = seen.pop("recurrent.gates").unbind(2) if GATES[self.kind] else ()
        cell = [seen["recurrent.cell"]] if "cell" in CARRIED[self.kind] else []
        return logits, [seen["hidden"], *cell, *gates]

    def _looped(self, ids: Tensor, *before: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Take the layer's own steps in a loop that becomes one of the exported graph, and so reads any length."""
        layer = self.model.recurrent
        u = F.linear(self.model.embedding(ids).transpose(0, 1), layer.weight_ih_l0, layer.bias)  # (t, b, rows)
        zeros = (u.new_zeros(u.shape[1], layer.hidden_size) for _ in layer.carried)
        begin = tuple(state[:, 0] for state in before) or tuple(zeros)

        def step(state, now):
            state, gates = layer.step(now, *state)
            return state, tuple(part.clone() for part in (*state, *gates))  # no two may share memory

        series = [part.transpose(0, 1) for part in _scan(step, begin, u)]
        return self.model.head(series[0]), series


def _scan(step, state: tuple[Tensor, ...], u: Tensor) -> list[Tensor]:
    """Return what the steps give, stacked: each takes the state of the one before."""
    if torch.compiler.is_exporting():
        from torch._higher_order_ops.scan import scan  # a prototype in torch, so asked for only here

        return scan(step, state, u)[1]
    answers = []
    for now in u:
        state, answer = step(state, now)
        answers.append(answer)
    return [torch.stack(parts) for parts in zip(*answers, strict=True)]


class FromText(nn.Module):
    """Let a function of ids take text, as a browser has it: the code points of the characters, ``(1, t)``.

    What is not in the vocabulary becomes symbol 0, as :meth:`Vocabulary.encode` has it; ``seen`` is the text again.
    What else the function takes comes after the text.
    """

    def __init__(self, function: nn.Module, vocabulary: Vocabulary):
        super().__init__()
        self.function = function
        points = range(max(map(ord, vocabulary.symbols[1:]), default=0) + 2)  # and one that stands for all beyond
        self.register_buffer("table", vocabulary.encode([chr(point) for point in points]))

    def forward(self, text: Tensor, *others: Tensor) -> dict[str, Tensor]:
        """Return the function's answer, and ``seen``."""
        return {**self.function(self.table[text.clamp(max=len(self.table) - 1)], *others), "seen": text}


class HiddenStateExplorer(GrowingView):
    """The reader types; what every unit of a recurrent network does at every character is drawn below.

    Bind it to the :class:`HiddenStates` of a ``CharRNN``, with a text to begin with::

        live(
            HiddenStateExplorer(vocabulary, heldout=excerpts(validation)),
            HiddenStates(model),
            {"ids": vocabulary.encode("print('hello')")[None]},
        )

    Args:
        vocabulary: of characters.
        examples: name → text, to choose from.
        heldout: Python texts that the model was not trained on, as :func:`largemodels.interpret.excerpts` cuts them.
            By them units are ranked for how closely they follow what the text does: by its cell for an LSTM, else
            by its hidden state.

    Raises:
        ValueError: a vocabulary of longer tokens, a text of more than 400 characters; on binding, a function or an
            example of another kind, and texts by which units cannot be ranked.
    """

    owns = ("symbols", "memory", "ranking")
    parts = (
        "own/model",
        "hidden_state/quantities",
        "hidden_state/tables",
        "hidden_state/next_characters",
        "hidden_state/equation",
        "hidden_state/unit_map",
        "hidden_state/unit_finder",
        "attention/writers_desk",
        "writing/pen",
    )

    def __init__(
        self,
        vocabulary: Vocabulary,
        examples: dict[str, str] | None = None,
        heldout: Sequence[str] = (),
        **traits,
    ):
        if longer := [symbol for symbol in vocabulary.symbols if len(symbol) != 1]:
            raise ValueError(f"the vocabulary must be of characters; got {longer[0]!r}")
        examples = examples or {}
        for name, text in examples.items():
            _check_text(f"the example {name!r}", text)
        self._vocabulary, self._heldout = vocabulary, list(heldout)
        settings = {
            "symbols": list(vocabulary.symbols),
            "examples": [{"name": name, "text": text} for name, text in examples.items()],
            "limit": LIMIT,
        }
        super().__init__(settings=settings, **traits)

    def bind(self, function: nn.Module, example: dict[str, Tensor], dynamic=None) -> "HiddenStateExplorer":
        """Show ``function``, the :class:`HiddenStates` of a model; it may be a reader's own."""
        if not isinstance(function, HiddenStates):
            raise ValueError(f"bind the HiddenStates of a model; got {type(function).__name__}")
        if list(example) != ["ids"] or example["ids"].ndim != 2 or len(example["ids"]) != 1:
            shapes = {name: tuple(tensor.shape) for name, tensor in example.items()}
            raise ValueError(f"the example is one text, ids (1, t); got {shapes}")
        ids = example["ids"]
        text = self._vocabulary.decode(ids[0])
        _check_text("the text to begin with", text)
        with torch.no_grad(), evaluation(function):
            answer = function(ids)
            width = answer["probabilities"].shape[-1]
            if width != len(self._vocabulary):
                raise ValueError(f"the model has {width} symbols, the vocabulary {len(self._vocabulary)}")
            ranking = self._rank(function, ids.device) if self._heldout else []
        with self.hold_sync():  # the browser gets the new model, its text and its numbers at once
            self.settings = {**self.settings, "memory": CARRIED[function.kind][-1], "ranking": ranking}
            points = torch.tensor([[ord(character) for character in text]], device=ids.device)
            reader = FromText(function, self._vocabulary).to(ids.device)
            carried = {name: Past(name, (1, 1, answer[name].shape[2]), last=True) for name in CARRIED[function.kind]}
            past = {f"{name}_before": each for name, each in carried.items()}
            growth = Growth(past, dict.fromkeys(["seen", *answer], (1,)))
            return super().bind(reader, {"text": points}, {"text": {1: "t"}}, growth)

    def _rank(self, function: HiddenStates, device: torch.device) -> list[dict]:
        """Rank the units for every property of Python text, as the browser shows it."""
        ids = [self._vocabulary.encode(text).to(device) for text in self._heldout]
        memory = function(pad_sequence(ids, batch_first=True))[CARRIED[function.kind][-1]]  # padding comes last: unseen
        states = [one[: len(text)] for one, text in zip(memory, self._heldout, strict=True)]
        return [
            {
                "name": name,
                "units": following.units.tolist(),
                "correlations": [round(r, 3) for r in following.measured.tolist()],
            }
            for name, following in tracking(states, self._heldout).items()
        ]


def _check_text(what: str, text: str) -> None:
    if not 2 <= len(text) <= LIMIT:
        raise ValueError(f"{what} must have 2 to {LIMIT} characters; it has {len(text)}")
