"""A view: a thin widget that draws ``outputs`` and writes ``inputs``, and knows no model."""

import inspect
import re
from pathlib import Path
from typing import ClassVar

import anywidget
from torch import Tensor, nn
from traitlets import Bytes, Dict, Unicode

from largemodels.export import describe_for_page
from largemodels.live.binding import Binding, pack

HERE = Path(__file__).parent
KIT = (
    "kit/look",  # colours for light and dark, and how the elements of the others are dressed
    "kit/tensors",
    "kit/elements",
    "kit/controls",
    "kit/sight",
    "kit/colours",
    "kit/pointing",
    "kit/characters",
    "kit/text_box",
    "kit/text_line",
    "kit/address",
    "kit/state",
    "kit/take",
    "kit/life",
)


class View(anywidget.AnyWidget):
    """The base of every live widget; a subclass in ``x.py`` is drawn by ``x.js`` beside it.

    The script is the kit that all views have, then what ``parts`` names, then the sibling: one text, in that order,
    with no build step and no import, so that it runs in Jupyter, in Colab and in the page alike. What a part declares
    is known to all, so no two parts of a view may declare the same name. The style is put together likewise.

    Raises:
        FileNotFoundError: on making a subclass, whose ``parts`` name one that is not there.
    """

    owns: ClassVar[tuple[str, ...]] = ()  # the settings that belong to the model that is bound; none: it is the book's
    parts: ClassVar[tuple[str, ...]] = ()  # "pad/board" is pad/board.js or pad/board.css in this folder, or both

    inputs = Dict(help="name -> {shape, data}: what the reader sets").tag(sync=True)
    outputs = Dict(help="name -> {shape, data}: what the function answers").tag(sync=True)
    onnx = Bytes(help="the function, for a page without a kernel").tag(sync=True)
    beside = Unicode(help="or the name of its file in assets/models/, where it is too large to be in the page").tag(
        sync=True
    )
    settings = Dict(help="what else the view draws: names, labels, examples").tag(sync=True)
    error = Unicode(help="why the last inputs have no answer").tag(sync=True)

    def __init_subclass__(cls, **kwargs):
        here = Path(inspect.getfile(cls)) if cls.__module__ != "__main__" else None
        if here and "_esm" not in vars(cls) and here.with_suffix(".js").exists():
            files = [*(HERE / part for part in (*KIT, *cls.parts)), here.with_suffix("")]
            for file in files:
                if not (file.with_suffix(".js").exists() or file.with_suffix(".css").exists()):
                    raise FileNotFoundError(f"{cls.__name__} has a part that is not there: {file}.js or .css")
            cls._esm, cls._css = _join(files, ".js"), _join(files, ".css")
        super().__init_subclass__(**kwargs)

    def __init__(self, settings: dict | None = None, **traits):
        super().__init__(settings=settings or {}, **traits)
        if not re.fullmatch(r"[\w-]*", self.beside):
            raise ValueError(f"beside is a name of letters, digits, - and _, without a folder; got {self.beside!r}")
        self._binding: Binding | None = None
        self.observe(self._answer, "inputs")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.inputs)})"

    def bind(self, function: nn.Module, example: dict[str, Tensor], dynamic: dict | None = None) -> "View":
        """Let ``function`` answer from now on, beginning with ``example``; see :func:`largemodels.live.live`.

        What lies ``beside`` the page is the first function that is bound; a later one is kept in the page.
        """
        binding = Binding(function, example, dynamic)
        inputs = {name: pack(name, tensor) for name, tensor in example.items()}
        outputs = binding.answer(inputs)
        beside = "" if self._binding else self.beside
        onnx = b"" if beside else self._export(binding)
        self._binding = None
        with self.hold_sync():
            self.error, self.onnx, self.beside = "", onnx, beside
            self.inputs, self.outputs = inputs, outputs
        self._binding = binding
        return self

    def _export(self, binding: Binding) -> bytes:
        """Return what a page without a kernel runs."""
        return binding.export()

    def save_for_page(self, path: str | Path) -> Path:
        """Write the bound function as an ONNX file, to be dropped on a widget of this kind in a page of the book.

        The file also says which view it is for, and what that view needs to draw it: a vocabulary, class names, layers.

        Raises:
            ValueError: nothing is bound, the view cannot show a reader's model, or the function could not be exported.
        """
        if not self.owns:
            raise ValueError(f"a page can show no model but the book's in a {type(self).__name__}")
        if self._binding is None:
            raise ValueError("bind a function first, with live(view, function, example)")
        settings = {name: self.settings[name] for name in self.owns if name in self.settings}
        onnx = self.onnx or self._export(self._binding)
        path = Path(path)
        path.write_bytes(
            describe_for_page(onnx, type(self).__name__, settings, self.inputs, getattr(self, "grows", None))
        )
        return path

    def _answer(self, change) -> None:
        """Run the function on what the reader set; an error in it is shown, and the widget goes on working."""
        if self._binding is None:
            return
        try:
            outputs = self._binding.answer(change.new)
        except Exception as problem:  # whatever the reader's own function raises belongs on the screen
            self.error = str(problem) or type(problem).__name__
        else:
            self.error, self.outputs = "", outputs


def _join(files: list[Path], kind: str) -> str:
    """Put the scripts, or the styles, of a view together; a part may have one of them alone."""
    paths = [file.with_suffix(kind) for file in files]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths if path.exists())
