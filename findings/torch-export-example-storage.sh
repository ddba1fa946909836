#!/usr/bin/env bash
# torch.export.save keeps the whole memory behind an example input, not the example.
#
# torch 2.13.0, Python 3.11. A program exported with a slice of a long tensor as its example is saved with the tensor
# whole, in data/sample_inputs: here a model without weights, with an example of 1,536 numbers, makes a file of 4 MB
# out of a text of 500,000. Given the same example as a copy of its own, the file takes a few kilobytes. That views
# bring their storage along is documented for torch.save (notes on serialization, "Saving and loading tensors preserves
# views"); that an exported program keeps its example at all, and so a text that nobody meant to give away, surprises.
#
# Output seen:
#   with a slice 4005 kB, with a copy 17 kB; the text stands in the file: True, False
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
cat > "$folder/saved.py" <<'PY'
import sys
import zipfile
from pathlib import Path

import torch
from torch import nn


class Next(nn.Module):
    def forward(self, x):
        return x + 1


def saved(example, name):
    path = Path(sys.argv[1]) / name
    torch.export.save(torch.export.export(Next(), (example,)), path)
    with zipfile.ZipFile(path) as archive:
        inside = b"".join(archive.read(entry) for entry in archive.namelist())
    return path.stat().st_size // 1000, far in inside


text = torch.arange(500_000)
far = text[400_000:400_016].numpy().tobytes()  # nowhere near the example
example = text[:1536].view(24, 64)
(large, there), (small, gone) = saved(example, "slice.pt2"), saved(example.clone(), "copy.pt2")
print(f"with a slice {large} kB, with a copy {small} kB; the text stands in the file: {there}, {gone}")
if not (torch.__version__.startswith("2.13.0") and there == True and gone == False and large > 20 * small):  # noqa: E712
    sys.exit("the behaviour has changed")
PY
"$folder/venv/bin/python" "$folder/saved.py" "$folder"
