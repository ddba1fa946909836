#!/usr/bin/env bash
# torch 2.13.0 with onnxscript 0.7.2: an exported graph leaves out an addition of 1e-8, and 0 / 0 is NaN.
#
# Python 3.11, CPU. Optimisers and normalisations add a small epsilon to a divisor, so that 0 / (0 + eps) is 0. In the
# graph that torch.onnx.export writes, the addend of 1e-8 is gone, with no warning; one of 1e-5 stays. The module answers
# 0 where the numerator is 0, its ONNX NaN. With optimize=False the addition is there. An epsilon that is an input of the
# graph stays as well. Who trains by an exported Adam step loses the run at the first gradient that is exactly 0.
#
# Output seen:
#   eps 1e-05: torch 0.0, onnxruntime 0.0, operators Sqrt Add Div
#   eps 1e-08: torch 0.0, onnxruntime nan, operators Sqrt Div
#   eps 1e-08, optimize=False: torch 0.0, onnxruntime 0.0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  torch==2.13.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.32.0 numpy==2.4.6
cat > "$folder/addend.py" <<'PY'
import logging
import math
import warnings

import onnxruntime
import torch

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)


class Divide(torch.nn.Module):
    def __init__(self, eps):
        super().__init__()
        self.eps = eps

    def forward(self, x):
        return x / (x.sqrt() + self.eps)


def answers(eps, **options):
    x = torch.zeros(3)
    model = torch.onnx.export(Divide(eps), (x,), dynamo=True, verbose=False, **options).model_proto
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0]
    return Divide(eps)(x)[0].item(), float(found[0]), [node.op_type for node in model.graph.node]


for eps in (1e-5, 1e-8):
    ours, theirs, operators = answers(eps)
    print(f"eps {eps:g}: torch {ours}, onnxruntime {theirs}, operators {' '.join(operators)}")
    assert ours == 0
    assert math.isnan(theirs) == (eps == 1e-8) == ("Add" not in operators)
ours, theirs, _ = answers(1e-8, optimize=False)
print(f"eps 1e-08, optimize=False: torch {ours}, onnxruntime {theirs}")
assert ours == theirs == 0
PY
"$folder/venv/bin/python" "$folder/addend.py"
