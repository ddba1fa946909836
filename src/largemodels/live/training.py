"""A view that trains: it asks for steps of a :class:`~largemodels.train.TrainingStep`, and looks at the weights."""

import math
import re
import warnings

import torch
from torch import Tensor, nn
from traitlets import Bytes, Dict, Int, Unicode

from largemodels.export import to_onnx
from largemodels.live.binding import Binding, evaluation, pack
from largemodels.live.view import View
from largemodels.train import TrainingStep, trace

LARGEST = 1e30  # what stands for infinity where a view draws


class TrainingView(View):
    """The base of the views in which the reader trains a model; bind it to a ``TrainingStep`` and a batch.

    Such a view asks two functions. One is the training step: the view writes ``asked``, and the answer is ``taken``.
    The other, which :meth:`look` returns, computes what the view draws of the model. As in all views it turns
    ``inputs`` into ``outputs``. It is given ``weights`` and the number of the ``step``, and returns that number as
    ``at``, so that the view knows which step the outputs belong to.

    ``asked`` holds the inputs of the step by name, but with ``k`` batches in a row in the place of one:
    ``{"number": …, "weights": …, "rate": …, "x": (k, b, …), "targets": (k, b)}``. ``taken`` has the same ``number``,
    the ``weights`` and ``memory`` after the last step, the ``loss`` and ``gradient`` ``(j,)`` of each step, and, if
    the loss has several parts, these ``parts``, step by step. If the loss, weights or memory of a step are not finite,
    that step is the last one even if ``j < k``. Then ``finite`` is false, and ``weights`` and ``memory`` are those
    before that step.
    """

    parts = ("training/look", "training/random", "training/steps", "training/run", "training/curve", "training/panel")

    asked = Dict(help="steps that the reader wants: what they take, and a number").tag(sync=True)
    taken = Dict(help="what they gave, under the same number").tag(sync=True)
    step_onnx = Bytes(help="the step, for a page without a kernel").tag(sync=True)
    step_beside = Unicode(help="or the name of its file in assets/models/").tag(sync=True)
    data_beside = Unicode(help="the name of the file there that the view wants: what to train on").tag(sync=True)
    wanted = Int(help="how often the browser has asked for that file").tag(sync=True)
    brought = Bytes(help="its bytes, once it was asked for").tag(sync=True)

    def __init__(self, settings: dict | None = None, **traits):
        super().__init__(settings, **traits)
        for name in (self.step_beside, self.data_beside):
            if not re.fullmatch(r"[\w-]*", name):
                raise ValueError(f"the name of a file beside the page holds letters, digits, - and _; got {name!r}")
        self._steps: StepBinding | None = None
        self.observe(self._train, "asked")
        self.observe(self._bring, "wanted")

    def data(self) -> bytes:
        """Return the file in ``assets/models/`` that the view trains on, or nothing if it needs none."""
        return b""

    def _bring(self, change) -> None:
        self.brought = self.data()

    def look(self, step: TrainingStep) -> tuple[nn.Module, dict[str, Tensor]]:
        """Return a module that computes what the view draws, and an example of its inputs after the ``weights``.

        The first input of the module is the flat weights; :class:`~largemodels.train.AtWeights` makes such a module of
        a model. If it returns a ``test_loss`` ``(1,)``, the view draws that into the loss curve.
        """
        raise NotImplementedError

    def bind(self, function: TrainingStep, example: dict[str, Tensor], dynamic: dict | None = None) -> "TrainingView":
        """Train by ``function`` from now on, on batches like ``example``.

        Args:
            function: the step; the run begins with the weights that its model has now.
            example: a batch: the inputs of the model, by name, and then the targets.
            dynamic: axes whose length may change, such as the batch's: ``{"x": {0: "b"}, "targets": {0: "b"}}``.

        Raises:
            ValueError: a function that is not a ``TrainingStep``, a batch that does not fit it, or a first step that
                is not finite.
        """
        if not isinstance(function, TrainingStep):
            raise ValueError(f"a view that trains takes a TrainingStep; got {type(function).__name__}")
        start = function.start(example)
        steps = StepBinding(function, start, dynamic, len(example))
        steps.try_once()
        beside = "" if self._steps else self.step_beside
        step_onnx = b"" if beside else steps.export()
        seen, rest = self.look(function)
        weights = start["weights"]
        first = {"weights": weights, "step": weights.new_zeros(1), **rest}
        self._steps = None
        with self.hold_sync():
            self.settings = {**self.settings, "step": steps.describe()}
            self.step_onnx, self.step_beside, self.taken = step_onnx, beside, {}
            super().bind(_Looking(seen), first)
        self._steps = steps
        return self

    def _train(self, change) -> None:
        """Take the steps that were asked for; an error is shown, and the widget goes on working."""
        if self._steps is None or not change.new:
            return
        try:
            taken = self._steps.take(change.new)
        except Exception as problem:  # whatever the reader's own model raises belongs on the screen
            self.taken = {"number": change.new.get("number", 0), "failed": str(problem) or type(problem).__name__}
        else:
            self.taken = taken


class _Looking(nn.Module):
    """Return the number of the step as well, and only finite numbers, even if the weights have overflowed."""

    def __init__(self, function: nn.Module):
        super().__init__()
        self.function = function

    def forward(self, weights: Tensor, step: Tensor, *rest: Tensor) -> dict[str, Tensor]:
        answer = {
            name: value.nan_to_num(0.0, LARGEST, -LARGEST) for name, value in self.function(weights, *rest).items()
        }
        return {**answer, "at": step.clone()}


class StepBinding(Binding):
    """A training step over wires, taken several times in a row. ``parts``: how many tensors make up a batch."""

    def __init__(self, step: TrainingStep, example: dict[str, Tensor], dynamic: dict | None, parts: int):
        super().__init__(step, example, dynamic)
        self.batch = list(example)[-parts:]
        self.carried = [name for name in ("weights", "memory") if name in example]

    def describe(self) -> dict:
        """Return what the view has to know of the step: its rules, its dials, and the shapes of the parameters."""
        step = self.function
        return {
            "optimizers": list(step.optimizers),
            "dials": step.dials,
            "batch": {name: list(self.example[name].shape) for name in self.batch},
            "memory": step.memory_size,
            "weights": [{"name": name, "shape": list(shape)} for name, shape in step.layout],
        }

    def try_once(self) -> None:
        """Take the step of the example. Raises ``ValueError`` when loss or weights are not finite."""
        answer = self.function(*self.example.values())
        for name in ("loss", "next_weights"):
            pack(name, answer[name])

    def export(self) -> bytes:
        """Return one step as ONNX, or nothing, with a warning, when torch cannot export it."""
        example = {name: tensor.float() for name, tensor in self.example.items()}
        try:
            with evaluation(self):
                graph = trace(self, example, self.dynamic)
            return to_onnx(graph, example, self.dynamic)
        except Exception as problem:
            text = str(problem).strip().split("\n")[0]
            warnings.warn(f"not exported, so a page without a kernel cannot train it: {text}", stacklevel=4)
            return b""

    def take(self, asked: dict) -> dict:
        """Take the steps that were ``asked`` for; see :class:`TrainingView`. Raises ``ValueError`` for bad wires."""
        if set(asked) - {"number"} != set(self.example):
            raise ValueError(f"the step takes {', '.join(self.example)}; got {', '.join(asked) or 'nothing'}")
        counts = {asked[name].get("shape", [0])[0] for name in self.batch}
        if len(counts) > 1 or not min(counts):
            raise ValueError(f"give equally many {' and '.join(self.batch)}, and at least one; got {sorted(counts)}")
        batches = [_rows(asked[name]) for name in self.batch]
        once = {name: self._unpack(name, asked[name]) for name in self.example if name not in self.batch}
        series: dict[str, list[Tensor]] = {"loss": [], "gradient": [], "parts": []}
        finite = True
        after = [f"next_{name}" for name in self.carried]
        with evaluation(self):
            for rows in zip(*batches, strict=True):
                batch = (self._unpack(name, row) for name, row in zip(self.batch, rows, strict=True))
                answer = {name: x.detach() for name, x in self(*once.values(), *batch).items()}
                for name, values in series.items():
                    values += [answer[name]] if name in answer else []
                finite = all(answer[name].isfinite().all() for name in ("loss", *after))
                if not finite:
                    break
                once.update({name: answer[f"next_{name}"] for name in self.carried})
        return {
            "number": asked.get("number", 0),
            "finite": finite,
            **{name: pack(name, once[name]) for name in self.carried},
            **{name: pack(name, torch.cat(values), finite=False) for name, values in series.items() if values},
        }


def _rows(wire: dict) -> list[dict]:
    """Cut a wire along its first axis, into one wire for each batch."""
    count, *shape = wire["shape"]
    data, size = bytes(wire["data"]), 4 * math.prod(shape)
    if len(data) != count * size:
        raise ValueError(f"a batch of shape {tuple(wire['shape'])} has {count * size} bytes; got {len(data)}")
    return [{"shape": shape, "data": data[i * size : (i + 1) * size]} for i in range(count)]
