"""Two processes that share every batch train the model that one process trains."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from small import small_model
from spread import RAGGED, RECIPES, batches_of

from largemodels.train import evaluate, fit
from largemodels.train.__main__ import main
from largemodels.train.distributed import share

ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}


def torchrun(*arguments):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=ONE_THREAD)


@pytest.fixture(scope="module")
def spread(tmp_path_factory):
    out = tmp_path_factory.mktemp("spread")
    done = torchrun(Path(__file__).with_name("spread.py"), out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize("kind", ["copies", "shard"])
@pytest.mark.parametrize("name", RECIPES)
def test_two_processes_train_the_model_that_one_process_trains(spread, kind, name):
    model = small_model(dropout=0.0, normalise=False)
    losses = [step.loss for step in fit(model, batches_of(name), RECIPES[name], progress=False)]
    two = load_file(spread / f"{kind}-{name}")
    assert two.pop("losses").tolist() == pytest.approx(losses, rel=1e-4)
    assert two.pop("score").item() == pytest.approx(evaluate(model, *RAGGED[0]).loss, rel=1e-4)
    assert two.keys() == model.state_dict().keys()
    for key, x in model.state_dict().items():
        torch.testing.assert_close(two[key], x, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("kind", ["copies", "shard"])
def test_two_processes_that_ctrl_c_stops_go_on_to_the_weights_of_an_unbroken_run(spread, kind):
    unbroken, resumed = load_file(spread / f"{kind}-unbroken"), load_file(spread / f"{kind}-resumed")
    assert resumed.pop("left") in (len(RAGGED) - 3, len(RAGGED) - 4)
    assert unbroken.keys() == resumed.keys()
    for key in unbroken:
        assert torch.equal(unbroken[key], resumed[key]), key


def test_the_command_under_torchrun_trains_what_it_trains_alone(tmp_path):
    settings = ["cnn", "--widths", "3", "5", "--epochs", "1", "--batch", "67", "--device", "cpu"]
    done = torchrun("-m", "largemodels.train", *settings, "--out", tmp_path / "two")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch 1:") == 1
    assert main([*settings, "--out", str(tmp_path / "one")]) == 0
    one, two = (load_file(tmp_path / name / "weights.safetensors") for name in ("one", "two"))
    for key in one:
        torch.testing.assert_close(two[key], one[key], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("examples", "pieces"), [(17, [9, 8]), (2, [1, 1]), (1, [1])])
def test_the_pieces_of_a_batch_have_the_weight_of_their_examples(examples, pieces):
    x = torch.arange(examples)
    shares = share(x, x, accumulate=2)
    assert [len(px) for px, _, _ in shares] == pieces
    assert torch.equal(torch.cat([px for px, _, _ in shares]), x)
    assert sum(weight for _, _, weight in shares) == pytest.approx(1)
