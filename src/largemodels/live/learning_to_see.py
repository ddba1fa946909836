"""Watch a small convolutional network learn to read digits: filters, loss, accuracy, and what it sees in a drawing."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from largemodels.live.drawing import pen_radius
from largemodels.live.seeded import EndlessOrder, Seeded, first_weights
from largemodels.live.training import TrainingView
from largemodels.train import AtWeights, TrainingStep

SIDE = 14  # pixels that the network sees; the reader draws on twice as many
SHADES = 256
ACTIVATIONS = ("ReLU", "tanh", "sigmoid", "none")
SHUFFLE = 7  # the seed of shuffled labels
FEW = 200  # digits, where the reader wants few


class SmallNetwork(nn.Module):
    """Read images ``(b, 1, 14, 14)``: ten logits each. The second input chooses the activation, from 0, ``(1,)``.

    Convolve with 8 filters of 5 × 5, keep the strongest of 2 × 2, convolve with 16 of 3 × 3, decide: 2,826 weights.
    The strongest is kept before the activation, which never falls, so it is the same; a quarter is left to bend.
    """

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 8, 5), nn.Conv2d(8, 16, 3)
        self.classifier = nn.Linear(16 * 3 * 3, 10)

    def forward(self, x: Tensor, activation: Tensor) -> Tensor:
        """Return the logits ``(b, 10)``."""
        x = activate(F.max_pool2d(self.first(x), 2), activation)  # (b, 8, 5, 5)
        x = activate(self.second(x), activation)  # (b, 16, 3, 3)
        return self.classifier(x.flatten(1))


def activate(x: Tensor, which: Tensor) -> Tensor:
    """Bend ``x``: by ReLU (0), tanh (1) or sigmoid (2), or not at all (3)."""
    bent = torch.where(which == 2, x.sigmoid(), x)
    return torch.where(which == 0, x.relu(), torch.where(which == 1, x.tanh(), bent))


class LearningToSee(TrainingView):
    """The reader trains a :class:`SmallNetwork` on digits, and meanwhile draws a digit for it to read.

    Bind it to the step of the network and a batch. Only the shapes of the batch matter::

        step = TrainingStep(SmallNetwork(), ("momentum", "adam"))
        view = LearningToSee(digits(20).train, digits(20).test)
        live(view, step, view.batch(32), dynamic=view.DYNAMIC)

    Binding sets the weights to those of seed 1, with which the first run in the page begins.

    Args:
        train, test: images ``(n, 1, s, s)`` in [0, 1] and labels ``(n,)``; ``s`` is 28, or less and then centred.
        names: of the ten classes.
        beside: name of files in ``assets/models/``: the look, and with ``-step`` and ``-data`` the step and the data.

    Raises:
        ValueError: images or labels that do not fit; on binding, a model that does not.
    """

    parts = ("pad/look", "pad/ink", "pad/link", "pad/board", "pad/class_bars", *TrainingView.parts, "see/pictures")
    DYNAMIC = {"x": {0: "b"}, "targets": {0: "b"}}  # noqa: RUF012

    def __init__(self, train, test, names: Sequence[str] = tuple("0123456789"), beside: str = "", **traits):
        self._train_digits, self._test_digits = ((centred(part.images), part.labels.cpu()) for part in (train, test))
        settings = {
            "names": list(names),
            "count": len(train.labels),
            "held": len(test.labels),
            "side": SIDE,
            "shades": SHADES,
            "shuffle": SHUFFLE,
            "few": FEW,
            "activations": list(ACTIVATIONS),
            "pen": pen_radius(self._test_digits[0]),
        }
        near = {"step_beside": f"{beside}-step", "data_beside": f"{beside}-data"} if beside else {}
        super().__init__(settings, beside=beside, **near, **traits)

    def batch(self, size: int = 32) -> dict[str, Tensor]:
        """Return the first digits as a batch."""
        images, labels = self._train_digits
        return {"x": seen(images[:size]), "activation": torch.zeros(1), "targets": labels[:size]}

    def bind(self, function: TrainingStep, example: dict[str, Tensor], dynamic=None) -> "LearningToSee":
        """Train ``function``'s model from the weights of the seed 1."""
        shapes = [shape for _, shape in getattr(function, "layout", ())]
        if not shapes or len(shapes[0]) != 4 or shapes[0][1] != 1 or list(example) != ["x", "activation", "targets"]:
            raise ValueError(
                "learning to see takes the TrainingStep of a network that begins with filters (n, 1, height, width), "
                f"and a batch of x, activation and targets; got {type(function).__name__} and {', '.join(example)}"
            )
        function.load(first_weights(Seeded(1), shapes, bounds(shapes)))
        return super().bind(function, example, dynamic)

    def rehearse(
        self,
        step: TrainingStep,
        seed: int = 1,
        steps: int = 300,
        size: int = 32,
        start: float = 1.0,
        activation: str = "ReLU",
        shuffled: bool = False,
        few: bool = False,
        **dials: float,
    ) -> dict[str, Tensor]:
        """Train here as the page does with these settings: from the same weights, on the same batches.

        Returns ``losses`` of all steps taken, up to the first that is not finite, the last ``weights``, and what
        :class:`Sight` answers of them for the first drawing. ``dials`` are those of the step: ``rate``, ``momentum``,
        ``rule``.
        """
        (images, labels), random = self._train_digits, Seeded(seed)
        pixels, targets = seen(images), labels
        if shuffled:
            targets = labels[Seeded(SHUFFLE).shuffled(len(labels))]
        shapes = [shape for _, shape in step.layout]
        weights = first_weights(random, shapes, bounds(shapes, start))
        order = EndlessOrder(random, FEW if few else len(labels))
        bend = torch.tensor([float(ACTIVATIONS.index(activation))])
        given = {**step.start(self.batch(size), **{"momentum": 0.0, **dials}), "activation": bend, "weights": weights}
        losses = []
        for _ in range(steps):
            some = order.next(size)
            given |= {"x": pixels[some], "targets": targets[some]}
            answer = step(*given.values())
            losses.append(answer["loss"])
            if not (answer["loss"].isfinite().all() and answer["next_weights"].isfinite().all()):
                break
            given |= {"weights": answer["next_weights"], "memory": answer["next_memory"]}
        sight, rest = self.look(step)
        with torch.no_grad():
            seen_now = sight(given["weights"], rest["image"], bend)
        return {"losses": torch.cat(losses).detach(), "weights": given["weights"], **seen_now}

    def look(self, step: TrainingStep) -> tuple[nn.Module, dict[str, Tensor]]:
        """Look at one drawing, and at all digits that are held out."""
        images, labels = self._test_digits
        seven = int((labels == 7).nonzero()[0])
        return Sight(step.model, seen(images), labels), {
            "image": images[seven : seven + 1],
            "activation": torch.zeros(1),
        }

    def data(self) -> bytes:
        """Return the training data as bytes: the labels of all digits, then their pixels, one byte each."""
        images, labels = self._train_digits
        pixels = (seen(images) * SHADES).to(torch.uint8)
        return labels.to(torch.uint8).numpy().tobytes() + pixels.numpy().tobytes()


class Sight(nn.Module):
    """What the view draws: the drawing's ``maps`` and ``probabilities``, and how the held-out digits are read.

    Answers ``maps`` ``(8, 10, 10)``, ``probabilities`` ``(1, 10)``, ``test_accuracy`` and ``test_loss`` ``(1,)``, and
    ``awake`` ``(2,)``: in each layer, the share of filters that give more than 0 somewhere on the held-out digits.
    """

    def __init__(self, model: nn.Module, images: Tensor, labels: Tensor):
        super().__init__()
        self.at = AtWeights(_Layers(model))
        self.register_buffer("images", images)
        self.register_buffer("labels", labels)

    def forward(self, weights: Tensor, image: Tensor, activation: Tensor) -> dict[str, Tensor]:
        """Take flat weights, a drawing ``(1, 1, 28, 28)`` and the number of the activation."""
        small = F.avg_pool2d(image, image.shape[-1] // SIDE)
        maps, first, second, logits = self.at(weights, torch.cat([small, self.images]), activation)
        held = logits[1:].log_softmax(1)
        loss = -held.gather(1, self.labels[:, None]).mean()
        right = (held.argmax(1) == self.labels).float().mean()
        awake = [(layer[1:].amax((0, 2, 3)) > 0).float().mean() for layer in (first, second)]
        return {
            "maps": maps[0],
            "probabilities": logits[:1].softmax(1),
            "test_accuracy": right.reshape(1),
            "test_loss": loss.reshape(1),
            "awake": torch.stack(awake),
        }


class _Layers(nn.Module):
    """A :class:`SmallNetwork` that also returns the outputs of its layers, and the maps of the first image."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.first, self.second, self.classifier = model.first, model.second, model.classifier

    def forward(self, x: Tensor, activation: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        found = self.first(x)
        first = activate(F.max_pool2d(found, 2), activation)
        second = activate(self.second(first), activation)
        return activate(found[:1], activation), first, second, self.classifier(second.flatten(1))


def centred(images: Tensor) -> Tensor:
    """Put images in the middle of 28 × 28. Raises ``ValueError`` if they do not fit, or are not in [0, 1]."""
    gap = 2 * SIDE - images.shape[-1]
    if images.ndim != 4 or images.shape[1] != 1 or images.shape[2] != images.shape[3] or gap < 0 or gap % 2:
        raise ValueError(f"digits take (n, 1, s, s), with an even s up to {2 * SIDE}; got {tuple(images.shape)}")
    if not ((images >= 0) & (images <= 1)).all():
        raise ValueError(f"digits are images in [0, 1]; got {images.min():g} to {images.max():g}")
    return F.pad(images.cpu(), (gap // 2,) * 4)


def seen(images: Tensor) -> Tensor:
    """Return what the network sees: means of 2 × 2 pixels, in steps of 1/256 up to 255 of them, a byte each."""
    return (F.avg_pool2d(images, 2) * SHADES).round().clamp(0, SHADES - 1) / SHADES


def bounds(shapes: Sequence[Sequence[int]], factor: float = 1.0) -> list[float]:
    r"""Return for each parameter how far first weights lie from 0: :math:`\sqrt{6 / \mathrm{inputs}}` (He et al. 2015).

    Biases begin at 0.
    """
    return [factor * (6 / torch.Size(shape[1:]).numel()) ** 0.5 if len(shape) > 1 else 0.0 for shape in shapes]
