#!/usr/bin/env bash
# torch 2.13.0: convolutions are quicker on a CPU with weights in channels-last order, which model.to(memory_format=…)
# gives them; the documentation calls the order a matter of speed. One expects what makes one flat vector of all weights to
# work as before. nn.utils.parameters_to_vector raises a RuntimeError about strides instead, with every convolution whose
# kernel is larger than 1 × 1 and has two input channels or more, and optim.LBFGS raises the same, though its gradients are
# torch's own; vector_to_parameters works, and silently takes the order away again.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cat > "$folder/try.py" <<'PY'
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters


def layer(channels=3, size=3):
    return nn.Conv2d(channels, 4, size).to(memory_format=torch.channels_last)


def outcome(action):
    try:
        return action()
    except RuntimeError as problem:
        return "RuntimeError, " + str(problem).partition("(")[0].strip()


def is_last(weight):
    return weight.is_contiguous(memory_format=torch.channels_last) and not weight.is_contiguous()


def written_back():
    one = layer()
    vector_to_parameters(torch.zeros(sum(p.numel() for p in one.parameters())), one.parameters())
    return f"channels last {is_last(one.weight)}"


def flattened(**how):
    return len(parameters_to_vector(layer(**how).parameters()))


def newton():
    one = layer()
    optimiser = torch.optim.LBFGS(one.parameters())
    x = torch.ones(1, 3, 5, 5)

    def closure():
        optimiser.zero_grad()
        loss = one(x).square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return "a step"


print(torch.__version__[:6])
print("flat vector:", outcome(flattened))
print("one channel:", outcome(lambda: flattened(channels=1)), "kernel 1 × 1:", outcome(lambda: flattened(size=1)))
print("written back:", outcome(written_back))
print("L-BFGS:", outcome(newton))
PY
seen=$("$folder/venv/bin/python" "$folder/try.py")
echo "$seen"
[ "$seen" = "2.13.0
flat vector: RuntimeError, view size is not compatible with input tensor's size and stride
one channel: 40 kernel 1 × 1: 16
written back: channels last False
L-BFGS: RuntimeError, view size is not compatible with input tensor's size and stride" ]
# Seen: the five lines above (AMD EPYC)
