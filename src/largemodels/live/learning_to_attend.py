"""One attention head learns to copy the letter some places back, while the reader watches its map."""

from collections.abc import Callable, Iterator
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.layers import attention_weights, causal_mask, rotate, sinusoidal
from largemodels.live.seeded import Seeded, first_weights
from largemodels.live.training import TrainingView
from largemodels.train import AtWeights, TrainingStep, trace

LETTERS, LENGTH, WIDTH = "abcdefgh", 16, 32  # of the texts; characters of a text; numbers per character
FURTHEST, BATCH, TESTED = 8, 16, 32  # places back; texts of a step; texts to be tested on
POSITIONS = ("none", "added", "rotary")
HELD_OUT = 1_000_003  # the seed of the texts to be tested on


class CopyHead(nn.Module):
    """One causal head, with a linear map in front of it and one behind; at every place it names a letter.

    Args:
        width: ``d``, of the letters' vectors, the queries, the keys and the values.
    """

    def __init__(self, width: int = WIDTH):
        super().__init__()
        self.embedding = nn.Embedding(len(LETTERS), width)
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.out = nn.Linear(width, len(LETTERS))

    def forward(self, letters: Tensor, how: Tensor) -> Tensor:
        """Take ``letters`` ``(b, t)``, 0 to 7, and ``how``, see :meth:`weigh`; return logits ``(b, t, 8)``."""
        weights, values = self.weigh(letters, how)
        return self.out(weights @ values)

    def weigh(self, letters: Tensor, how: Tensor) -> tuple[Tensor, Tensor]:
        """Return attention weights ``(b, t, t)`` and values ``(b, t, d)``.

        ``how`` ``(3,)`` switches things on by 1 and off by 0: positions that are added to the letters, positions that
        rotate queries and keys, and the division of the scores by the root of ``d``.
        """
        added, rotated, divided = how.unbind()
        t, d = letters.shape[1], self.embedding.embedding_dim
        x = (letters[..., None] == torch.arange(len(LETTERS))).float() @ self.embedding.weight  # (b, t, d)
        x = x + added * sinusoidal(t, d)
        turn = rotated * torch.arange(t)
        q, k = rotate(self.to_q(x), turn), rotate(self.to_k(x), turn)
        undo = divided + (1 - divided) * d**0.5  # attention_weights divides
        return attention_weights(q * undo, k, causal_mask(t)), self.to_v(x)


def copy_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean loss over the places with a target, for ``(b, t, 8)``, ``(b, t)``; −1 means no target."""
    log_p = logits.log_softmax(2)
    hits = (targets[..., None] == torch.arange(logits.shape[2])).float()
    return -(log_p * hits).sum() / hits.sum()


class HeadMap(nn.Module):
    """What is drawn of a :class:`CopyHead`: its map, its answers, and how often it is right."""

    def __init__(self, model: CopyHead):
        super().__init__()
        self.weigh, self.answer = AtWeights(_Weighs(model)), AtWeights(model)

    def forward(self, weights: Tensor, letters: Tensor, how: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Take flat ``weights``, ``letters`` ``(m, t)``, ``how`` ``(3,)`` and ``targets`` ``(m, t)``.

        Returns:
            ``map`` ``(t, t)`` and ``answers`` ``(t, 8)`` of the first text, which is the one shown; ``by_distance``
            ``(t,)``, the mean weight on the place 0, 1, 2, … back; ``right`` ``(1,)`` and ``test_loss``
            ``(1,)``, of all ``m``.
        """
        seen, logits = self.weigh(weights, letters, how), self.answer(weights, letters, how)
        asked = (targets >= 0).float()
        right = ((logits.argmax(2) == targets) * asked).sum() / asked.sum()
        mean, t = seen.mean(0), letters.shape[1]
        far = torch.arange(t)[:, None] - torch.arange(t)
        distances = (far == torch.arange(t)[:, None, None]).float()  # (t, t, t): which cells are so far back
        return {
            "map": seen[0],
            "answers": logits[0].softmax(1),
            "by_distance": (mean * distances).sum((1, 2)) / distances.sum((1, 2)),
            "right": right.reshape(1),
            "test_loss": copy_loss(logits, targets).reshape(1),
        }


class _Weighs(nn.Module):
    def __init__(self, model: CopyHead):
        super().__init__()
        self.model = model

    def forward(self, letters: Tensor, how: Tensor) -> Tensor:
        return self.model.weigh(letters, how)[0]


def texts(random: Seeded, size: int) -> Tensor:
    """Return ``size`` texts of random letters, ``(size, 16)``, 0 to 7."""
    return torch.tensor([[random.below(len(LETTERS)) for _ in range(LENGTH)] for _ in range(size)]).float()


def copied(letters: Tensor, distance: int) -> Tensor:
    """Return at each place the letter ``distance`` places back, and −1 where there is none: ``(b, t)``."""
    return F.pad(letters[:, : letters.shape[1] - distance], (distance, 0), value=-1.0)


def switches(positions: str = "added", divided: bool = True) -> Tensor:
    """Return ``how`` a :class:`CopyHead` computes, ``(3,)``. Raises ``ValueError`` for unknown positions."""
    if positions not in POSITIONS:
        raise ValueError(f"positions are one of {', '.join(POSITIONS)}; got {positions!r}")
    return torch.tensor([float(positions == "added"), float(positions == "rotary"), float(divided)])


def copy_head(random: Seeded | None = None, width: int = WIDTH) -> CopyHead:
    """Return a head with first weights as in the page: letters of variance 1, linear maps in torch's ranges.

    The default is ``Seeded(1)``, with which the page begins, too.
    """
    random = random or Seeded(1)
    model = CopyHead(width)
    step = TrainingStep(model)
    bounds = [3**0.5, *[width**-0.5] * 4, 0.0]  # letters, queries, keys, values, the way out, its bias
    step.load(first_weights(random, [shape for _, shape in step.layout], bounds))
    return model


@cache
def _traced() -> Callable:
    """Return the step as a graph, so that autograd need not run again at each step; it does not hold the weights."""
    step = TrainingStep(CopyHead(), "adam", loss=copy_loss)
    return trace(step, step.start(LearningToAttend.batch()))


def learn_to_copy(
    seed: int, distance: int, steps: int, positions: str = "added", divided: bool = True, rate: float = 10**-2.5
) -> Iterator[tuple[Tensor, TrainingStep, Tensor]]:
    """Train as the page does; yield the loss ``(1,)`` before each step, the step, and the weights after it."""
    random = Seeded(seed)
    step = TrainingStep(copy_head(random), "adam", loss=copy_loss)
    now = step.start(LearningToAttend.batch(), rate=rate)
    for _ in range(steps):
        letters = texts(random, BATCH)
        now |= {"letters": letters, "how": switches(positions, divided), "targets": copied(letters, distance)}
        answer = _traced()(*now.values())
        now |= {name: answer[f"next_{name}"] for name in ("weights", "memory")}
        yield answer["loss"], step, now["weights"]


class LearningToAttend(TrainingView):
    """One head learns to copy; the reader sets how far back, whether it knows positions, and how scores are scaled.

    Bind it to a step of a :class:`CopyHead`, and a batch::

        step = TrainingStep(copy_head(), "adam", loss=copy_loss)
        live(LearningToAttend(distance=3), step, LearningToAttend.batch())

    Args:
        settings: further settings of the view; there are none so far.
        distance: how many places back at first, 1 to 8.
        traits: as of every view.

    Raises:
        ValueError: a distance that is not from 1 to 8.
    """

    parts = (*TrainingView.parts, "learning/bars", "learning/attend")

    def __init__(self, settings: dict | None = None, distance: int = 3, **traits):
        if not 1 <= distance <= FURTHEST:
            raise ValueError(f"the distance is from 1 to {FURTHEST} places; got {distance}")
        sizes = {"distance": distance, "letters": LETTERS, "length": LENGTH, "batch": BATCH, "tested": TESTED}
        more = {"furthest": FURTHEST, "positions": list(POSITIONS), "heldOut": HELD_OUT}
        super().__init__({**(settings or {}), **sizes, **more}, **traits)

    @staticmethod
    def batch(distance: int = 3, seed: int = 0) -> dict[str, Tensor]:
        """Return a batch to bind the view with."""
        letters = texts(Seeded(seed), BATCH)
        return {"letters": letters, "how": switches(), "targets": copied(letters, distance)}

    def look(self, step: TrainingStep) -> tuple[nn.Module, dict[str, Tensor]]:
        """Return what is drawn of the head, and the texts that it is drawn from."""
        letters = texts(Seeded(HELD_OUT), TESTED)
        targets = copied(letters, self.settings["distance"])
        return HeadMap(step.model), {"letters": letters, "how": switches(), "targets": targets}
