"""A view: a thin widget that draws ``outputs`` and writes ``inputs``, and knows no model."""

import inspect
from pathlib import Path

import anywidget
from torch import Tensor, nn
from traitlets import Bytes, Dict, Unicode

from largemodels.live.binding import Binding, pack

HERE = Path(__file__).parent


class View(anywidget.AnyWidget):
    """The base of every live widget; a subclass in ``x.py`` is drawn by ``x.js`` beside it.

    The script is ``kit.js`` followed by the sibling: one text, no build step and no import, so that it runs
    in Jupyter, in Colab and in the page alike. The style is ``kit.css``, followed by ``x.css`` where there is one.
    """

    inputs = Dict(help="name -> {shape, data}: what the reader sets").tag(sync=True)
    outputs = Dict(help="name -> {shape, data}: what the function answers").tag(sync=True)
    onnx = Bytes(help="the function, for a page without a kernel").tag(sync=True)
    settings = Dict(help="what else the view draws: names, labels, examples").tag(sync=True)
    error = Unicode(help="why the last inputs have no answer").tag(sync=True)

    def __init_subclass__(cls, **kwargs):
        here = Path(inspect.getfile(cls)) if cls.__module__ != "__main__" else None
        if here and "_esm" not in vars(cls) and here.with_suffix(".js").exists():
            cls._esm = _read(HERE / "kit.js") + _read(here.with_suffix(".js"))
            style = here.with_suffix(".css")
            cls._css = _read(HERE / "kit.css") + (_read(style) if style.exists() else "")
        super().__init_subclass__(**kwargs)

    def __init__(self, settings: dict | None = None, **traits):
        super().__init__(settings=settings or {}, **traits)
        self._binding: Binding | None = None
        self.observe(self._answer, "inputs")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.inputs)})"

    def bind(self, function: nn.Module, example: dict[str, Tensor], dynamic: dict | None = None) -> "View":
        """Let ``function`` answer from now on, beginning with ``example``; see :func:`largemodels.live.live`."""
        binding = Binding(function, example, dynamic)
        inputs = {name: pack(name, tensor) for name, tensor in example.items()}
        outputs = binding.answer(inputs)
        self._binding = None
        with self.hold_sync():
            self.error, self.onnx = "", binding.export()
            self.inputs, self.outputs = inputs, outputs
        self._binding = binding
        return self

    def _answer(self, change) -> None:
        """Run the function on what the reader set; a mistake in it is shown, and leaves the widget alive."""
        if self._binding is None:
            return
        try:
            outputs = self._binding.answer(change.new)
        except Exception as problem:  # whatever the reader's own function raises belongs on the screen
            self.error = str(problem) or type(problem).__name__
        else:
            self.error, self.outputs = "", outputs


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
