"""A plain RNN and an LSTM learn side by side what a sequence began with, while the reader watches."""

from collections.abc import Callable, Iterator
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import grad

from largemodels import layers
from largemodels.live.seeded import Seeded, first_weights
from largemodels.live.training import TrainingView
from largemodels.train import AtWeights, TrainingStep, trace

SYMBOLS, UNITS = 4, 8  # letters that may begin, as many that may follow; units of each layer
LONGEST, BATCH, TESTED = 20, 32, 64  # the longest lag, in steps; sequences of a step; sequences to be tested on
STARTS = ("as torch makes it", "forget bias 1", "set for the lag")  # of the LSTM
HELD_OUT = 1_000_003  # the seed of the sequences to be tested on


class Rememberers(nn.Module):
    """A plain RNN and an LSTM; both name the first symbol of a sequence from their state ``lag`` steps later.

    Args:
        units: of each layer, ``n``.
    """

    def __init__(self, units: int = UNITS):
        super().__init__()
        self.rnn, self.lstm = layers.RNN(2 * SYMBOLS, units), layers.LSTM(2 * SYMBOLS, units)
        self.rnn_head, self.lstm_head = nn.Linear(units, SYMBOLS), nn.Linear(units, SYMBOLS)

    def forward(self, symbols: Tensor, lag: Tensor) -> Tensor:
        """Take symbols ``(b, t)``, 0 to 7, and ``lag`` ``(1,)`` below ``t``; return logits ``(2, b, 4)``: RNN, LSTM."""
        x = one_hot(symbols)
        return self.answer(torch.stack([self.rnn(x)[0], self.lstm(x)[0]]), lag)

    def answer(self, states: Tensor, lag: Tensor) -> Tensor:
        """Return logits ``(2, b, 4)`` from all hidden states ``(2, b, t, n)``."""
        asked = (torch.arange(states.shape[2]) == lag).float()  # 1 at the step of the question
        rnn, lstm = (states * asked[:, None]).sum(2)
        return torch.stack([self.rnn_head(rnn), self.lstm_head(lstm)])


def one_hot(symbols: Tensor) -> Tensor:
    """Write symbols 0 to 7 ``(b, t)`` as rows with a single 1, ``(b, t, 8)``."""
    return (symbols[..., None] == torch.arange(2 * SYMBOLS)).float()


def both_losses(logits: Tensor, first: Tensor) -> Tensor:
    """Return the loss of each of two networks, ``(2,)``; they share no weight, so each learns from its own alone."""
    return torch.stack([F.cross_entropy(each, first.long()) for each in logits])


class Reach(nn.Module):
    r"""What is drawn of :class:`Rememberers`: states, answers, and how much of the gradient reaches each step.

    The gradient that reaches step ``t`` is the norm of :math:`\partial L / \partial s_t`, where :math:`s_t` is all that
    the step hands on. It is the mean over the sequences, divided by the same mean at the step of the question.
    """

    def __init__(self, model: Rememberers):
        super().__init__()
        self.pushed = AtWeights(_Pushed(model))
        self.units = model.rnn.hidden_size

    def forward(self, weights: Tensor, symbols: Tensor, lag: Tensor) -> dict[str, Tensor]:
        """Take flat ``weights``, ``symbols`` ``(m, t)`` and ``lag`` ``(1,)``; the first sequence is the one shown.

        Returns:
            ``states`` ``(2, t, n)`` and ``answers`` ``(2, 4)`` of the sequence shown; ``reach`` ``(2, t)``; ``right``
            ``(2,)``, the share of all ``m`` sequences.
        """
        m, t = symbols.shape
        none = 0 * symbols[0, :1]  # and not zeros, which would be kept in the page as so many numbers
        pushes = none.expand(t, 3, m, self.units)  # of the RNN's h, and of the LSTM's h and c
        to_states, (logits, states) = grad(lambda x: self.pushed(weights, x, symbols, lag), has_aux=True)(pushes)
        h, h_and_c = to_states[:, 0], to_states[:, 1:].transpose(1, 2).flatten(2)  # (t, m, n), (t, m, 2n)
        reach = torch.stack([part.norm(dim=2).mean(1) for part in (h, h_and_c)])  # (2, t)
        at_question = (torch.arange(t) == lag).float()
        answers = logits.softmax(2)
        return {
            "states": states[:, 0],
            "answers": answers[:, 0],
            "reach": reach / ((reach * at_question).sum(1, keepdim=True) + 1e-30),
            "right": (logits.argmax(2) == symbols[:, 0]).float().mean(1),
        }


class _Pushed(nn.Module):
    """Both networks, with a tensor added to what each step hands on: the gradient for it is the gradient there."""

    def __init__(self, model: Rememberers):
        super().__init__()
        self.model = model

    def forward(self, pushes: Tensor, symbols: Tensor, lag: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Take ``pushes`` ``(t, 3, m, n)``; return the loss, and logits and hidden states of both."""
        x = one_hot(symbols)
        rnn = self._states(self.model.rnn, x, pushes[:, :1])
        lstm = self._states(self.model.lstm, x, pushes[:, 1:])
        states = torch.stack([rnn, lstm])
        logits = self.model.answer(states, lag)
        return both_losses(logits, symbols[:, 0]).sum(), (logits, states)

    @staticmethod
    def _states(layer: layers.RNN | layers.LSTM, x: Tensor, pushes: Tensor) -> Tensor:
        now = tuple(x.new_zeros(len(x), layer.hidden_size) for _ in layer.carried)
        states = []
        for u, push in zip(F.linear(x, layer.weight_ih_l0, layer.bias).unbind(1), pushes.unbind(), strict=True):
            now = tuple(part + p for part, p in zip(layer.step(u, *now)[0], push.unbind(), strict=True))
            states.append(now[0])
        return torch.stack(states, 1)


def sequences(random: Seeded, size: int, longest: int = LONGEST) -> Tensor:
    """Return ``size`` sequences ``(size, longest + 1)``: first one of 0 to 3, then others of 4 to 7."""
    rows = [[random.below(SYMBOLS) + SYMBOLS * (t > 0) for t in range(longest + 1)] for _ in range(size)]
    return torch.tensor(rows).float()


def rememberers(lag: int, start: str = STARTS[2], random: Seeded | None = None, units: int = UNITS) -> Rememberers:
    """Return two networks with first weights as in the page: torch's ranges, and biases of the LSTM by ``start``.

    "Set for the lag" is chrono initialisation (Tallec and Ollivier 2018): the forget gates begin with biases ln u, with
    u drawn between 1 and ``lag`` − 1, and the input gates with −ln u. The default is ``Seeded(1)``, with which the
    page begins, too. Raises ``ValueError`` for an unknown start.
    """
    if start not in STARTS:
        raise ValueError(f"the start of the LSTM is one of {', '.join(STARTS)}; got {start!r}")
    random = random or Seeded(1)
    model = Rememberers(units)
    step = TrainingStep(model)
    shapes = [shape for _, shape in step.layout]
    step.load(first_weights(random, shapes, [units**-0.5] * len(shapes)))
    if start != STARTS[0]:
        u = torch.tensor([1 + max(0, lag - 2) * random.uniform() for _ in range(units)])
        bias, lstm = (torch.ones(units) if start == STARTS[1] else u.log()), model.lstm
        with torch.no_grad():
            lstm.bias_hh_l0[: 2 * units] = 0
            lstm.bias_ih_l0[: 2 * units] = torch.cat([-bias if start == STARTS[2] else 0 * bias, bias])
    return model


@cache
def _traced() -> Callable:
    """Return the step as a graph, so that autograd need not run again at each step; it does not hold the weights."""
    step = TrainingStep(Rememberers(), "adam", loss=both_losses)
    return trace(step, step.start(LearningToRemember.batch()))


def race(seed: int, lag: int, steps: int, start: str = STARTS[2], rate: float = 10**-2.3) -> Iterator[Tensor]:
    """Train as the page does, and yield the losses of both networks, ``(2,)``, before each step."""
    random = Seeded(seed)
    step = TrainingStep(rememberers(lag, start, random), "adam", loss=both_losses)
    now = step.start(LearningToRemember.batch(), rate=rate)
    for _ in range(steps):
        symbols = sequences(random, BATCH)
        now |= {"symbols": symbols, "lag": torch.tensor([float(lag)]), "first": symbols[:, 0]}
        answer = _traced()(*now.values())
        now |= {name: answer[f"next_{name}"] for name in ("weights", "memory")}
        yield answer["parts"]


class LearningToRemember(TrainingView):
    """Two networks learn to name what a sequence began with; the reader sets how many steps ago that was.

    Bind it to a step of :class:`Rememberers`, and a batch::

        step = TrainingStep(rememberers(lag=4), "adam", loss=both_losses)
        live(LearningToRemember(lag=4), step, LearningToRemember.batch())

    Args:
        lag: the lag at first, 2 to 20.
        settings: further settings of the view; there are none so far.
        traits: as of every view.

    Raises:
        ValueError: a lag that is not from 2 to 20.
    """

    parts = (*TrainingView.parts, "recurrence/numbers", "learning/bars", "learning/remember")

    def __init__(self, settings: dict | None = None, lag: int = 4, **traits):
        if not 2 <= lag <= LONGEST:
            raise ValueError(f"the lag is from 2 to {LONGEST} steps; got {lag}")
        sizes = {"lag": lag, "longest": LONGEST, "units": UNITS, "batch": BATCH, "tested": TESTED, "heldOut": HELD_OUT}
        super().__init__({**(settings or {}), **sizes, "starts": list(STARTS)}, **traits)

    @staticmethod
    def batch(lag: int = 4, seed: int = 0) -> dict[str, Tensor]:
        """Return a batch to bind the view with."""
        symbols = sequences(Seeded(seed), BATCH)
        return {"symbols": symbols, "lag": torch.tensor([float(lag)]), "first": symbols[:, 0].clone()}

    def look(self, step: TrainingStep) -> tuple[nn.Module, dict[str, Tensor]]:
        """Return what is drawn of the networks, and the sequences that it is drawn from."""
        rest = {"symbols": sequences(Seeded(HELD_OUT), TESTED), "lag": torch.tensor([float(self.settings["lag"])])}
        example = {"weights": step.start(self.batch())["weights"], **rest}
        return trace(Reach(step.model), example), rest  # the gradient in it has to leave PyTorch
