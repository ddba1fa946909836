#!/usr/bin/env bash
# captum's Occlusion answers in float32 whatever the model and the input compute in; its neighbours keep float64.
#
# captum 0.9.0, torch 2.13.0, Python 3.11. For a float64 model and a float64 image Saliency, InputXGradient and
# IntegratedGradients give float64 maps; Occlusion gives float32 ones, so that a comparison with it in float64 cannot
# agree to more than seven digits, and mixing its map with the model's numbers changes the type silently.
#
# Output seen:
#   Saliency torch.float64, InputXGradient torch.float64, IntegratedGradients torch.float64, Occlusion torch.float32
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 captum==0.9.0 numpy==2.4.6
cat > "$folder/kinds.py" <<'PY'
import sys
from importlib.metadata import version

import torch
from captum.attr import InputXGradient, IntegratedGradients, Occlusion, Saliency
from torch import nn

model = nn.Sequential(nn.Flatten(), nn.Linear(9, 2)).double()
image = torch.rand(1, 1, 3, 3, dtype=torch.float64)
kept = [method(model).attribute(image.clone().requires_grad_(), target=0).dtype
        for method in (Saliency, InputXGradient, IntegratedGradients)]
occlusion = Occlusion(model).attribute(image, (1, 1, 1), target=0).dtype
names = ("Saliency", "InputXGradient", "IntegratedGradients", "Occlusion")
print(", ".join(f"{name} {kind}" for name, kind in zip(names, [*kept, occlusion])))
if not (version("captum") == "0.9.0" and kept == [torch.float64] * 3 and occlusion == torch.float32):
    sys.exit("the behaviour has changed")
PY
"$folder/venv/bin/python" "$folder/kinds.py"
