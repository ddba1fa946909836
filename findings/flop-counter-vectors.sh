#!/usr/bin/env bash
# torch 2.13.0: FlopCounterMode counts a product of a matrix with a vector, of two vectors, a batched product that is
# added up, and a bilinear layer as no operation at all; the same products written with one more axis are counted.
# One expects 70 (2 x 5 x 7) for a 5 x 7 matrix and a vector in both ways of writing it. Silent: no warning, no error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def counted(function):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        function()
    return counter.get_total_flops()


matrix, vector = torch.ones(5, 7), torch.ones(7)
seen = {
    "matrix @ vector": counted(lambda: matrix @ vector),
    "matrix @ vector[:, None]": counted(lambda: matrix @ vector[:, None]),
    "torch.einsum('ij,j->i')": counted(lambda: torch.einsum("ij,j->i", matrix, vector)),
    "nn.Linear(7, 5)(vector)": counted(lambda: nn.Linear(7, 5)(vector)),
    "torch.addmv": counted(lambda: torch.addmv(torch.zeros(5), matrix, vector)),
    "vector @ vector": counted(lambda: vector @ vector),
    "torch.addbmm": counted(lambda: torch.addbmm(torch.zeros(5, 5), matrix[None], matrix.T[None])),
    "nn.Bilinear(7, 7, 3)": counted(lambda: nn.Bilinear(7, 7, 3)(vector[None], vector[None])),
}
print(torch.__version__, seen)
assert torch.__version__.startswith("2.13.0")
assert seen == {
    "matrix @ vector": 0,
    "matrix @ vector[:, None]": 70,
    "torch.einsum('ij,j->i')": 70,
    "nn.Linear(7, 5)(vector)": 70,
    "torch.addmv": 0,
    "vector @ vector": 0,
    "torch.addbmm": 0,
    "nn.Bilinear(7, 7, 3)": 0,
}
PY
# Seen (CPU): 2.13.0+cpu {'matrix @ vector': 0, 'matrix @ vector[:, None]': 70, "torch.einsum('ij,j->i')": 70,
# 'nn.Linear(7, 5)(vector)': 70, 'torch.addmv': 0, 'vector @ vector': 0, 'torch.addbmm': 0, 'nn.Bilinear(7, 7, 3)': 0}
