"""Models in the form in which a browser runs them."""

from largemodels.export.onnx_export import to_onnx

__all__ = ["to_onnx"]
