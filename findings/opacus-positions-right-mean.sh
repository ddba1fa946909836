#!/usr/bin/env bash
# opacus 1.6.0: learned positions get wrong per-sample gradients whose mean is right, when batch and length are equal.
#
# torch 2.13.0, Python 3.11. A model that adds `embedding(torch.arange(t))` to its tokens gives Opacus' hook on that
# embedding one row of positions instead of one for each text. With a batch of another size it raises an error. With as
# many texts as positions the shapes fit by chance, and place i is taken for text i: each text's gradient is wrong by
# more than its own length, but the sum over the texts is right, so that the usual check (the mean of grad_sample is the
# gradient of the mean loss) finds nothing. Clipping then bounds the wrong vectors. A mean with unequal weights tells.
#
# Output seen:
#   7 texts of 7: per sample 139 % off, mean 0 % off
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check opacus==1.6.0 torch==2.13.0 numpy==2.4.6
cat > "$folder/positions.py" <<'PY'
import sys
import warnings
from importlib.metadata import version

import torch
import torch.nn.functional as F
from opacus import GradSampleModule
from torch import nn

warnings.filterwarnings("ignore")
torch.manual_seed(0)
SIZE, WIDTH, SYMBOLS = 7, 6, 11


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(SYMBOLS, WIDTH), nn.Embedding(SIZE, WIDTH)
        self.mix, self.head = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, SYMBOLS)

    def forward(self, x):
        return self.head(torch.tanh(self.mix(self.tokens(x) + self.positions(torch.arange(x.shape[1])))))


def loss(model, x, y):
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten())


model = Reader()
x, y = torch.randint(SYMBOLS, (SIZE, SIZE)), torch.randint(SYMBOLS, (SIZE, SIZE))
weight = model.positions.weight
right = torch.stack([torch.autograd.grad(loss(model, x[i : i + 1], y[i : i + 1]), weight)[0] for i in range(SIZE)])
hooked = GradSampleModule(model, loss_reduction="mean")
loss(hooked, x, y).backward()
found = weight.grad_sample
each = float((found - right).norm() / right.norm())
mean = float((found.mean(0) - right.mean(0)).norm() / right.mean(0).norm())
print(f"{SIZE} texts of {SIZE}: per sample {each:.0%} off, mean {mean:.0%} off".replace("%", " %"))
if not (version("opacus") == "1.6.0" and each > 0.5 and mean < 1e-3):
    sys.exit("the behaviour has changed")
PY
"$folder/venv/bin/python" "$folder/positions.py"
