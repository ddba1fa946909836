"""What there is to learn: from each kind of data the batches, what the model must fit, and how it is scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from largemodels.data import Batches, Dates, ImageData, Text, TextBatches, WindowData, random_shift
from largemodels.train.evaluate import evaluate, predict
from largemodels.train.language import evaluate_text
from largemodels.train.loss import IGNORED


@dataclass(frozen=True)
class Task:
    """A kind of data. The fields of a task are flags of the command line, and their values the defaults.

    Attributes:
        data: names of the data sets of this kind in the registry, the default first.
        gives: fields of the model's configuration that the data decide.
        unit: what a run is counted in, ``"epoch"`` or ``"step"``.
        part: what a model is measured on.
    """

    data: ClassVar[tuple[str, ...]]
    gives: ClassVar[tuple[str, ...]]
    unit: ClassVar[str] = "epoch"
    part: ClassVar[str] = "test"

    def given(self, data) -> dict[str, int]:
        """Return the values of the fields that the data decide."""
        raise NotImplementedError

    def batches(self, data, seed: int) -> Sequence:
        """Return all batches of the run."""
        raise NotImplementedError

    def period(self, batches: Sequence) -> int:
        """Return the number of steps from one measurement to the next: an epoch."""
        return batches.per_epoch

    def at(self, done: int, batches: Sequence) -> int:
        """Return where a run is after ``done`` steps, in its unit."""
        return done // batches.per_epoch

    def score(self, model: nn.Module, data) -> dict[str, float]:
        """Measure the model; ``loss`` is in nats."""
        raise NotImplementedError

    def words(self, score: dict[str, float]) -> str:
        """Say how good a score is."""
        return f"accuracy {score['accuracy']:.2%}"


@dataclass(frozen=True)
class Images(Task):
    """Tell images apart."""

    data: ClassVar = ("digits", "mnist")
    gives: ClassVar = ("size", "channels", "classes")

    epochs: int = 10
    batch: int = 64
    shift: int = 0

    def given(self, data: ImageData) -> dict[str, int]:
        """Return the size of the images, their channels and their classes."""
        _, channels, size, _ = data.train.images.shape
        return {"size": size, "channels": channels, "classes": len(data.names)}

    def batches(self, data: ImageData, seed: int) -> Batches:
        """Return the batches of all epochs, each image moved at random if ``shift`` says so."""
        augment = random_shift(self.shift) if self.shift else None
        return Batches(data.train.images, data.train.labels, self.batch, self.epochs, seed, augment)

    def score(self, model: nn.Module, data: ImageData) -> dict[str, float]:
        """Measure loss and accuracy on the test images."""
        return vars(evaluate(model, data.test.images, data.test.labels))


@dataclass(frozen=True)
class Windows(Task):
    """Tell windows of tokens apart."""

    data: ClassVar = ("packages",)
    gives: ClassVar = ("vocabulary", "steps", "classes")

    epochs: int = 5
    batch: int = 64

    def given(self, data: WindowData) -> dict[str, int]:
        """Return the size of the vocabulary, the length of the windows and their classes."""
        steps = data.train.tokens.shape[1]
        return {"vocabulary": len(data.vocabulary), "steps": steps, "classes": len(data.names)}

    def batches(self, data: WindowData, seed: int) -> Batches:
        """Return the batches of all epochs."""
        return Batches(data.train.tokens, data.train.labels, self.batch, self.epochs, seed)

    def score(self, model: nn.Module, data: WindowData) -> dict[str, float]:
        """Measure loss and accuracy on the test windows."""
        return vars(evaluate(model, data.test.tokens, data.test.labels))


@dataclass(frozen=True)
class Translations(Task):
    """Write a source in another form, character by character."""

    data: ClassVar = ("dates",)
    gives: ClassVar = ("vocabulary", "source", "target")

    epochs: int = 2
    batch: int = 128

    def given(self, data: Dates) -> dict[str, int]:
        """Return the size of the vocabulary, and the lengths of sources and targets."""
        target = data.train.targets.shape[1]
        return {
            "vocabulary": len(data.vocabulary),
            "source": data.train.tokens.shape[1] - target,
            "target": target,
        }

    def batches(self, data: Dates, seed: int) -> Batches:
        """Return the batches of all epochs."""
        return Batches(data.train.tokens, data.train.targets, self.batch, self.epochs, seed)

    def score(self, model: nn.Module, data: Dates) -> dict[str, float]:
        """Measure loss and accuracy per character, and the share of targets that are written without a mistake.

        A target is: as long as each character is right, the model is given what it wrote itself.
        """
        tokens, targets = data.test.tokens, data.test.targets
        right = (predict(model, tokens).argmax(2) == targets) | (targets == IGNORED)
        return {**vars(evaluate(model, tokens, targets)), "exact": right.all(1).float().mean().item()}

    def words(self, score: dict[str, float]) -> str:
        """Say how many targets are right as a whole."""
        return f"{score['exact']:.2%} without a mistake"


@dataclass(frozen=True)
class Characters(Task):
    """Predict the next character of a text."""

    data: ClassVar = ("source_code", "shakespeare")
    gives: ClassVar = ("vocabulary", "context")
    unit: ClassVar = "step"
    part: ClassVar = "validation"

    steps: int = 3000
    batch: int = 32
    context: int = 64
    measure_every: int = 500

    def __post_init__(self):
        if self.measure_every < 1:
            raise ValueError(f"measure_every must be at least 1 step; got {self.measure_every}")

    def given(self, data: Text) -> dict[str, int]:
        """Return the size of the vocabulary, and the context for models that have a longest one."""
        return {"vocabulary": len(data.vocabulary), "context": self.context}

    def batches(self, data: Text, seed: int) -> TextBatches:
        """Return the batches of all steps."""
        return TextBatches(data.train, self.context, self.batch, self.steps, seed)

    def period(self, batches: TextBatches) -> int:
        """Return the number of steps from one measurement to the next."""
        return self.measure_every

    def at(self, done: int, batches: TextBatches) -> int:
        """Return the number of steps."""
        return done

    def score(self, model: nn.Module, data: Text) -> dict[str, float]:
        """Measure nats per character on the validation text, their standard error, bits per byte, and perplexity."""
        score = evaluate_text(model, data.validation, data.vocabulary)
        return {
            "loss": score.nats,
            "standard_error": score.standard_error,
            "bits_per_byte": score.bits_per_byte,
            "perplexity": score.perplexity,
        }

    def words(self, score: dict[str, float]) -> str:
        """Say how many characters the model is, so to speak, undecided between."""
        return f"perplexity {score['perplexity']:.3f}"
