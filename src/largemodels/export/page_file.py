"""Write into an ONNX file what a page must know to show the model that it holds."""

import base64
import json

import onnx

VERSION = 1  # of the entries; assets/own.js reads them


def describe_for_page(model: bytes, kind: str, settings: dict, inputs: dict, grows: dict | None = None) -> bytes:
    """Return the model with entries in ``metadata_props`` that say for which widget it is and how that draws it.

    Args:
        model: of :func:`largemodels.export.to_onnx`.
        kind: the name of the view.
        settings: what the view draws of the model: its vocabulary, the names of its classes, its layers.
        inputs: name → {shape, data}: what it is asked with at first.
        grows: how its answer grows with a text, if it does.

    Raises:
        ValueError: a model without bytes, as of a view that was not exported.
    """
    if not model:
        raise ValueError("there is no exported model: bind the view to a function that torch can export")
    proto = onnx.load_model_from_string(model)
    entries = {"kind": kind, "version": str(VERSION)}
    for name, value in (("settings", settings), ("inputs", inputs), ("grows", grows or {})):
        entries[name] = json.dumps(value, default=_bytes, ensure_ascii=False)
    shapes = {
        each.name: [axis.dim_value or axis.dim_param for axis in each.type.tensor_type.shape.dim]
        for each in (*proto.graph.input, *proto.graph.output)
    }
    entries["shapes"] = json.dumps(shapes)
    onnx.helper.set_model_props(proto, {f"largemodels.{name}": value for name, value in entries.items()})
    return proto.SerializeToString(deterministic=True)


def _bytes(value) -> dict:
    """Write bytes in a form that JSON has. Raises ``TypeError`` for what is none."""
    if not isinstance(value, bytes | bytearray | memoryview):
        raise TypeError(f"settings hold numbers, text, lists, dictionaries and bytes; got {type(value).__name__}")
    return {"bytes": base64.b64encode(bytes(value)).decode("ascii")}
