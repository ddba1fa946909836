"""A binding: tensors as a browser can hold them, and a function of tensors that answers in them."""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from largemodels.export import to_onnx


def live(view, function: nn.Module, example: dict[str, Tensor], dynamic: dict[str, dict[int, str]] | None = None):
    """Bind a function to a view and return the view, ready to be the last line of a cell.

    In a notebook, every change that the reader makes runs ``function`` in PyTorch. In a page without a kernel, its
    ONNX export runs in the browser. It runs once here, on ``example``, so the widget is never blank.

    A function of more than about 500 KB is too large to be stored in the page. Save the view's ``onnx`` as
    ``assets/models/NAME.onnx``, and bind a view that was made with ``beside="NAME"``.

    Args:
        view: a :class:`~largemodels.live.View`, or its class.
        function: called with the tensors of ``example`` in their order; returns a dictionary of tensors, or one
            tensor, which is then called ``output``. It runs in evaluation mode, without gradients.
        example: name → tensor. Booleans and whole numbers reach the function as such; the browser sees float32.
        dynamic: axes whose length may change, as name → {axis: symbol}: ``{"tokens": {1: "t"}}``.

    Raises:
        ValueError: an example or an answer that is empty, holds NaN or infinity, or is not a tensor.
    """
    if isinstance(view, type):
        view = view()
    return view.bind(function, example, dynamic)


class Binding(nn.Module):
    """A function over *wires*: tensors as ``{"shape": [...], "data": little-endian float32 bytes}``."""

    def __init__(self, function: nn.Module, example: dict[str, Tensor], dynamic: dict | None = None):
        super().__init__()
        if not example:
            raise ValueError("the example is empty: give one tensor for each input of the function")
        self.function, self.example, self.dynamic = function, dict(example), dynamic or {}

    def forward(self, *inputs: Tensor) -> dict[str, Tensor]:
        """Give the function the types of the example, and the browser float32."""
        typed = (x.to(like.dtype) for x, like in zip(inputs, self.example.values(), strict=True))
        outputs = self.function(*typed)
        if isinstance(outputs, Tensor):
            outputs = {"output": outputs}
        return {name: tensor.float() for name, tensor in outputs.items()}

    def answer(self, wires: dict[str, dict]) -> dict[str, dict]:
        """Run the function once. Raises ``ValueError`` for wires that do not fit the example, or an answer with NaN."""
        if set(wires) != set(self.example):
            raise ValueError(f"the function takes {', '.join(self.example)}; got {', '.join(wires) or 'nothing'}")
        inputs = [self._unpack(name, wires[name]) for name in self.example]
        with torch.no_grad(), evaluation(self):
            outputs = self(*inputs)
        return {name: pack(name, tensor) for name, tensor in outputs.items()}

    def export(self) -> bytes:
        """Return the function as ONNX, or nothing, with a warning, when torch cannot export it."""
        example = {name: tensor.float() for name, tensor in self.example.items()}
        try:
            with evaluation(self):
                return to_onnx(self, example, self.dynamic)
        except Exception as problem:
            warnings.warn(f"not exported, so a page without a kernel cannot run it: {problem}", stacklevel=4)
            return b""

    def _unpack(self, name: str, wire: dict) -> Tensor:
        like, free = self.example[name], self.dynamic.get(name, {})
        if not {"shape", "data"} <= set(wire):
            raise ValueError(f"{name} is not a tensor: a tensor has a shape and data")
        shape, data = list(wire["shape"]), bytes(wire["data"])
        fits = len(shape) == like.ndim and all(
            n == m or axis in free for axis, (n, m) in enumerate(zip(shape, like.shape, strict=True))
        )
        if not fits or len(data) != 4 * math.prod(shape):
            raise ValueError(f"{name} has shape {tuple(shape)} and {len(data)} bytes; it takes {tuple(like.shape)}")
        values = np.frombuffer(data, "<f4").astype(np.float32).reshape(shape)
        if not np.isfinite(values).all():
            raise ValueError(f"{name} holds NaN or infinity")
        return torch.from_numpy(values).to(like.device)


def pack(name: str, tensor: Tensor, finite: bool = True) -> dict:
    """Write a tensor as a wire. Raises ``ValueError`` if it is empty, not a tensor or, with ``finite``, not finite."""
    if not isinstance(tensor, Tensor) or tensor.numel() == 0:
        raise ValueError(f"{name} is {'an empty' if isinstance(tensor, Tensor) else 'not a'} tensor")
    if finite and not tensor.isfinite().all():
        raise ValueError(f"{name} holds NaN or infinity")
    return {"shape": list(tensor.shape), "data": tensor.detach().cpu().float().numpy().astype("<f4").tobytes()}


def pack_steps(tensor: Tensor, step: float) -> dict:
    """Write a tensor of multiples of ``step``, from 0 to 255 steps, as a wire of one byte a number.

    For examples kept in ``settings``: a quarter of the size. Raises ``ValueError`` when a number is out of range.
    """
    steps = (tensor / step).round()
    if not ((steps >= 0) & (steps <= 255)).all():
        raise ValueError(f"steps of {step} reach from 0 to {255 * step}; got {tensor.min():g} to {tensor.max():g}")
    return {"shape": list(tensor.shape), "data": steps.to(torch.uint8).cpu().numpy().tobytes(), "step": step}


@contextmanager
def evaluation(module: nn.Module) -> Iterator[None]:
    """Switch dropout off and use the running batch statistics; switch both back afterwards."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True
