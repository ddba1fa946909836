"""Two processes that share every batch train the model that one process trains."""

from pathlib import Path

import pytest
import torch
from launch import torchrun
from safetensors.torch import load_file
from small import small_model, tied_batches, tied_model
from spread import RAGGED, RECIPES, batches_of

from largemodels.train import evaluate, fit
from largemodels.train.__main__ import main
from largemodels.train.distributed import share


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
def test_two_processes_have_the_losses_of_one_over_20_steps_of_a_gpt_whose_head_is_tied(spread, kind):
    model, batches = tied_model(), tied_batches()
    losses = torch.tensor([step.loss for step in fit(model, batches, RECIPES["pieces"], progress=False)])
    two = load_file(spread / f"{kind}-tied")["losses"].float()
    assert len(losses) == len(two) == 20
    assert (two - losses).abs().max() < 1e-5
    assert losses[-1] < losses[0] - 0.3  # it has learned, in steps of which each leans on those before


@pytest.mark.parametrize("kind", ["copies", "shard"])
def test_two_processes_that_compute_blocks_twice_end_in_the_very_weights_of_two_that_keep_them(spread, kind):
    plain, twice = load_file(spread / f"{kind}-tied"), load_file(spread / f"{kind}-recomputed")
    assert plain.keys() == twice.keys()
    for key in plain:
        assert torch.equal(plain[key], twice[key]), key


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
