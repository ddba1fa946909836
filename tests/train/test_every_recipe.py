"""Every recipe of the command line trains, whatever the processor computes in."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from largemodels.data import ImageData, Labelled, digits
from largemodels.train.registry import MODELS

OLDER = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
EVERY_RECIPE = """
import sys
sys.path.insert(0, sys.argv[1])
import test_every_recipe, test_tasks, test_translation
from largemodels.train.__main__ import main
from largemodels.train.registry import DATA, MODELS
DATA |= {name: test_tasks.small_text for name in ("source_code", "shakespeare")}
DATA |= {"packages": test_tasks.small_windows, "dates": test_translation.few_dates}
DATA["digits"] = test_every_recipe.few_digits
for name, entry in MODELS.items():
    length = ["--epochs", "1"] if entry.task.unit == "epoch" else ["--steps", "2"]
    flags = [name, *length, "--precision", "bfloat16", "--device", "cpu", "--out", f"{sys.argv[2]}/{name}"]
    assert main(flags) == 0, name
"""


def few_digits(device="cpu"):
    data = digits(device=device)
    train, test = (Labelled(part.images[:40], part.labels[:40]) for part in (data.train, data.test))
    return ImageData(train, test, data.names)


@pytest.mark.parametrize("instructions", [{}, OLDER], ids=["here", "older"])
def test_every_recipe_trains_in_bfloat16_on_processors_with_and_without_it(tmp_path, instructions):
    run = [sys.executable, "-c", EVERY_RECIPE, str(Path(__file__).parent), str(tmp_path)]
    done = subprocess.run(run, capture_output=True, encoding="utf-8", env={**os.environ, **instructions})
    assert done.returncode == 0, done.stderr
    used = {
        name: json.loads((tmp_path / name / "metrics.json").read_text(encoding="utf-8"))["recipe"]["precision"]
        for name in MODELS
    }
    lstms = {"char-rnn", "recurrent-classifier"}
    assert {used[name] for name in used.keys() - lstms} == {"bfloat16"}
    exact = {used[name] for name in lstms} == {"float32"}
    assert done.stderr.count("is trained in float32") == (2 if exact else 0)
    if instructions and torch.backends.cpu.get_cpu_capability() in ("AVX512", "AVX2"):
        assert exact
