"""Models in the form in which a browser runs them, and the weights of such files."""

from largemodels.export.onnx_export import to_onnx
from largemodels.export.onnx_weights import read_onnx_weights
from largemodels.export.page_file import describe_for_page

__all__ = ["describe_for_page", "read_onnx_weights", "to_onnx"]
