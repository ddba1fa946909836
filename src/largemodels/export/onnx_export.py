"""Write a torch module as ONNX, the form in which a browser runs it."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from unittest.mock import patch

import numpy as np
import onnx
import torch
from google.protobuf.message import Message
from onnx import helper, numpy_helper
from torch import Tensor, nn

OPSET = 18
SMALL = 256  # numbers; below, a smaller type saves nothing to speak of
INNER = "_/"  # goes before the names of values inside the graph, so that none is taken for an input or output


def to_onnx(module: nn.Module, example: dict[str, Tensor], dynamic: dict[str, dict[int, str]] | None = None) -> bytes:
    """Export ``module`` as a graph that takes and returns tensors by name; the same module gives the same bytes.

    Export models in evaluation mode, or dropout and batch statistics go into the graph as well.

    Args:
        module: called with the tensors of ``example`` in their order; returns a dictionary of tensors, or one
            tensor, which is then called ``output``.
        example: name → tensor; shapes are fixed but for the axes in ``dynamic``.
        dynamic: axes whose length may change, as name → {axis: symbol}: ``{"tokens": {1: "t"}}``.

    Returns:
        A checked ONNX model with its weights, and with nothing of the machine that wrote it. Weights that were
        rounded to half precision before, as by ``model.half().float()``, take half the bytes.

    Raises:
        ValueError: an unknown name in ``dynamic``, an output that is not a tensor, a name used for input and output.
    """
    dynamic = dynamic or {}
    if unknown := set(dynamic) - set(example):
        raise ValueError(f"no input is named {', '.join(sorted(unknown))}; there are {', '.join(example)}")
    with torch.no_grad():
        answer = _named(module(*example.values()))
    if wrong := [name for name, value in answer.items() if not isinstance(value, Tensor)]:
        raise ValueError(f"every output must be a tensor; these are not: {', '.join(wrong)}")
    if shared := set(example) & set(answer):
        raise ValueError(f"{', '.join(sorted(shared))} names an input and an output; rename one of them")

    sizes = {symbol: torch.export.Dim(symbol) for axes in dynamic.values() for symbol in axes.values()}
    shapes = tuple({axis: sizes[symbol] for axis, symbol in dynamic.get(name, {}).items()} for name in example)
    with _quiet(), _operators_read_once():
        program = torch.onnx.export(
            _Positional(module),
            tuple(x.clone() for x in example.values()),  # one tensor for two inputs would become one input
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            external_data=False,
            dynamic_shapes=(shapes,) if dynamic else None,
        )
    model = _rename(program.model_proto, list(example), list(answer))
    _shrink(model.graph)
    _strip(model)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


class _Positional(nn.Module):
    """A module that takes any number of tensors and returns a tuple of them: the form torch exports most reliably."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.module = module
        self.training = module.training

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return tuple(_named(self.module(*inputs)).values())


def _named(answer: Tensor | dict[str, Tensor]) -> dict[str, Tensor]:
    return {"output": answer} if isinstance(answer, Tensor) else answer


def _rename(model: onnx.ModelProto, inputs: list[str], outputs: list[str]) -> onnx.ModelProto:
    """Call the graph's inputs and outputs by name, also where one value is two outputs."""
    graph = model.graph
    _prefix(graph)
    enter = [_pass(value, name, value.name, name) for value, name in zip(graph.input, inputs, strict=True)]
    leave = [_pass(value, value.name, name, name) for value, name in zip(graph.output, outputs, strict=True)]
    nodes = [*enter, *graph.node, *leave]
    del graph.node[:]
    graph.node.extend(nodes)
    return model


def _prefix(graph: onnx.GraphProto) -> None:
    """Put ``INNER`` before the names in a graph and in the graphs inside it, such as the body of a loop.

    onnx.compose.add_prefix forgets that a body may take the outer graph's weights.
    """
    for node in graph.node:
        node.name = node.name and INNER + node.name
        node.input[:] = [name and INNER + name for name in node.input]
        node.output[:] = [name and INNER + name for name in node.output]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _prefix(attribute.g)
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = INNER + value.name


def _pass(value: onnx.ValueInfoProto, source: str, target: str, name: str) -> onnx.NodeProto:
    value.name = name
    return helper.make_node("Identity", [source], [target])


def _shrink(graph: onnx.GraphProto) -> None:
    """Keep numbers that a smaller type holds exactly in that type; the runtime makes what they were of them again."""
    smaller = {onnx.TensorProto.FLOAT: (np.float16, "half"), onnx.TensorProto.INT64: (np.int16, "short")}
    casts = []
    for weight in graph.initializer:
        if weight.data_type not in smaller:
            continue
        values, (kind, name) = numpy_helper.to_array(weight), smaller[weight.data_type]
        with np.errstate(over="ignore"):
            small = values.astype(kind)
        if values.size < SMALL or not np.array_equal(small.astype(values.dtype), values):
            continue
        casts.append(helper.make_node("Cast", [f"{weight.name}_{name}"], [weight.name], to=weight.data_type))
        weight.CopyFrom(numpy_helper.from_array(small, f"{weight.name}_{name}"))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _strip(message: Message) -> None:
    """Take out what describes the exporting machine: stack traces, versions, and shapes that can be inferred."""
    for field, value in message.ListFields():
        if field.name in ("doc_string", "metadata_props", "producer_version", "value_info"):
            message.ClearField(field.name)
        elif field.message_type:
            for part in [value] if isinstance(value, Message) else value:
                _strip(part)


@cache
def _operators(registry: type) -> staticmethod:
    return staticmethod(cache(registry.from_torchlib))


def _operators_read_once():
    """Keep what torch reads of its 500 operators, each from its source: it reads all of them anew for each export."""
    try:
        from torch.onnx._internal.exporter._registration import ONNXRegistry

        return patch.object(ONNXRegistry, "from_torchlib", _operators(ONNXRegistry))
    except (ImportError, AttributeError):  # not public: where another torch keeps it elsewhere, exports take longer
        return nullcontext()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's remarks on packages that it does not find, and on its own deprecations, to itself."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
