"""The weights of an ONNX file, by name."""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper


def read_onnx_weights(path: str | Path) -> dict[str, np.ndarray]:
    """Return the arrays of floating-point numbers that an ONNX file holds, as name → array.

    They are what training found, and the few constants of formulas, such as the ε of a normalisation.
    """
    graph = onnx.load(path).graph
    arrays = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    return {name: array for name, array in arrays.items() if array.dtype.kind == "f"}
