#!/usr/bin/env bash
# onnx 1.23.2: the reference evaluator's GlobalMaxPool is right for images alone.
#
# Python 3.11. The operator takes (N, C, D1 … Dn) to (N, C, 1 … 1). ReferenceEvaluator pools over the axes n and n + 1,
# whatever n is: with one axis (a text, a sound) it pools over the channels as well and returns (N, 1), with three it
# leaves the first of them as it is and makes one of the others too many. onnxruntime follows the specification, and so
# does the evaluator's GlobalAveragePool. Who takes the evaluator for a referee of a network on sequences is misled.
#
# Output seen:
#   axes 1: onnxruntime (2, 3, 1), evaluator (2, 1)
#   axes 2: onnxruntime (2, 3, 1, 1), evaluator (2, 3, 1, 1)
#   axes 3: onnxruntime (2, 3, 1, 1, 1), evaluator (2, 3, 4, 1, 1, 1)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cat > "$folder/pool.py" <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

for axes in (1, 2, 3):
    shape = (2, 3, 4, 5, 6)[: 2 + axes]
    x = np.random.default_rng(0).random(shape, dtype=np.float32)
    node = helper.make_node("GlobalMaxPool", ["x"], ["y"])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, s) for name, s in (("x", shape), ("y", None))]
    graph = helper.make_graph([node], "pool", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    runtime = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    right, other = runtime.run(None, {"x": x})[0], ReferenceEvaluator(model).run(None, {"x": x})[0]
    print(f"axes {axes}: onnxruntime {right.shape}, evaluator {other.shape}")
PY
"$folder/venv/bin/python" "$folder/pool.py"
