#!/usr/bin/env bash
# torch 2.13.0, CPU: a generator takes any seed of 64 bits and remembers it, but draws by its low 32 bits alone. Seeds
# that differ by a multiple of 2**32 give the same numbers: a seed mixed from two numbers as (run << 32) + step gives
# every run the same stream. numpy and Python's random use all bits.
# initial_seed() names the whole seed, so a log does not show it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PY'
import random

import numpy as np
import torch


def drawn(seed):
    generator = torch.Generator().manual_seed(seed)
    return generator.initial_seed(), torch.randperm(1000, generator=generator)


seeds = [7, 7 + 2**32, 7 + 5 * 2**32, 7 - 2**32]
named, orders = zip(*map(drawn, seeds))
print(torch.__version__, "seeds", seeds, "remembered as", named, "all alike:", all(map(orders[0].equal, orders)))
assert torch.__version__.startswith("2.13.0")
assert named == (7, 7 + 2**32, 7 + 5 * 2**32, 2**64 + 7 - 2**32)
assert all(map(orders[0].equal, orders))
assert not orders[0].equal(drawn(8)[1])
assert len({np.random.default_rng(seed).random() for seed in seeds[:3]}) == 3
assert len({random.Random(seed).random() for seed in seeds[:3]}) == 3
PY
# Seen: 2.13.0+cpu seeds [7, 4294967303, 21474836487, -4294967289] remembered as (7, 4294967303, 21474836487,
# 18446744069414584327) all alike: True
