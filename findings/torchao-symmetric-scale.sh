#!/usr/bin/env bash
# torchao 0.18.0: the scale of symmetric 8-bit weights is the largest weight over 127.5, not over 127.
#
# torch 2.13.0, Python 3.11. Int8WeightOnlyConfig maps weights to -128 … 127 and, by its name "symmetric", one expects the
# largest to become 127, as in the usual formula. Its scale is max / 127.5, half of the whole range of 255, so that the
# largest positive weight is rounded to 128 and cut off to 127. Who loads such weights into code of their own, or tests
# it against torchao, gets other numbers with 127: here hundreds of 3,072 differ by one. 4-bit weights take max / 7.5.
#
# Output seen:
#   scale times 127.5 over the largest weight: 1.000000
#   numbers that differ from those of max / 127: 809 of 3072, by 1 at most
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6 torchao==0.18.0
cat > "$folder/scale.py" <<'PY'
import sys
import warnings
from importlib.metadata import version

warnings.filterwarnings("ignore")
import torch
from torch import nn
from torchao.quantization import Int8WeightOnlyConfig, quantize_

torch.manual_seed(0)
layer = nn.Sequential(nn.Linear(64, 48, bias=False))
weight = layer[0].weight.detach().clone()
quantize_(layer, Int8WeightOnlyConfig())
kept = layer[0].weight
numbers = kept.qdata if hasattr(kept, "qdata") else kept.tensor_impl.get_plain()[0]
scale = kept.scale if hasattr(kept, "scale") else kept.tensor_impl.get_plain()[1]
largest = weight.abs().amax(1)
ratio = float((scale.flatten() * 127.5 / largest).mean())
usual = (weight / (largest / 127)[:, None]).round().clamp(-128, 127)
differ = int((usual != numbers).sum())
most = int((usual - numbers).abs().max())
print(f"scale times 127.5 over the largest weight: {ratio:.6f}")
print(f"numbers that differ from those of max / 127: {differ} of {weight.numel()}, by {most} at most")
if not (version("torchao") == "0.18.0" and abs(ratio - 1) < 1e-5 and differ > 300):
    sys.exit("the behaviour has changed")
PY
"$folder/venv/bin/python" "$folder/scale.py" 2>"$folder/log" || { cat "$folder/log"; exit 1; }
