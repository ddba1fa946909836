"""Training on a GPU is training."""

import pytest
import torch
from small import small_batches, small_model

from largemodels.train import Checkpoint, Recipe, evaluate, fit, predict

pytestmark = pytest.mark.gpu


def trained(recipe, model, **settings):
    return [step.loss for step in fit(model, small_batches(), recipe, progress=False, **settings)]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_gpu_trains_what_the_cpu_trains(precision):
    recipe = Recipe(learning_rate=0.01, clip=1.0, accumulate=2, precision=precision)
    here, there = small_model(dropout=0.0), small_model(dropout=0.0).cuda()
    assert trained(recipe, there) == pytest.approx(trained(recipe, here), rel=1e-3 if precision == "float32" else 0.05)
    assert {p.device.type for p in there.parameters()} == {"cuda"}
    x, y = small_batches()[0]
    assert predict(there, x).device.type == "cuda"
    assert evaluate(there, x, y).loss == pytest.approx(
        evaluate(here, x, y).loss, rel=1e-2 if precision == "float32" else 0.05
    )


def test_a_run_on_a_gpu_goes_on_where_it_was_cut_off(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.safetensors", every=3)
    unbroken, resumed = small_model().cuda(), small_model().cuda()
    torch.cuda.manual_seed(0)
    losses = trained(Recipe(), unbroken)
    torch.cuda.manual_seed(0)
    for step in fit(small_model().cuda(), small_batches(), checkpoint=checkpoint, progress=False):
        if step.index == 4:
            break
    torch.cuda.manual_seed(1)
    assert trained(Recipe(), resumed, checkpoint=checkpoint) == pytest.approx(losses[3:], rel=1e-4)
    for a, b in zip(unbroken.parameters(), resumed.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)
