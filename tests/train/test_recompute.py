"""Computing parts of a model a second time changes memory and nothing else."""

import pytest
import torch
from small import small_batches, small_model, tied_batches, tied_model

from largemodels.estimate import peak_memory
from largemodels.models import GPT, GPTConfig
from largemodels.train import Checkpoint, Recipe, fit, recomputed

RECIPE = Recipe(learning_rate=0.01, accumulate=2, clip=1.0)


def same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


@pytest.mark.parametrize(
    ("make", "batches", "patterns"),
    [(tied_model, tied_batches(5), ["blocks.*"]), (small_model, small_batches(), ["0", "1", "3", "4"])],
    ids=["GPT", "batch normalisation and dropout"],
)
def test_a_training_ends_in_the_very_weights_of_one_that_keeps_everything(make, batches, patterns):
    torch.manual_seed(0)
    plain, twice = make(), make()
    calls = []
    first = patterns[0].replace("*", "0")
    for model in (plain, twice):
        torch.manual_seed(5)
        if model is twice:
            inner = next(part for part in model.get_submodule(first).modules() if not list(part.children()))
            inner.register_forward_hook(lambda *_: calls.append(1))
            with recomputed(model, *patterns):
                list(fit(model, batches, RECIPE, progress=False))
        else:
            list(fit(model, batches, RECIPE, progress=False))
    same(plain.state_dict(), twice.state_dict())
    times = 1 if inner is twice.get_submodule(first) else 2  # hooks of the part itself are called once
    assert len(calls) == times * 2 * len(batches)  # in two pieces
    assert not any("forward" in vars(part) for part in twice.modules())


def test_gradients_are_equal_and_the_peak_of_memory_is_smaller():
    torch.manual_seed(0)
    model = GPT(GPTConfig(layers=6, width=32, heads=2, context=64))
    tokens = torch.randint(97, (8, 64))

    def work():
        model.zero_grad()
        model(tokens).sum().backward()
        return {name: p.grad.clone() for name, p in model.named_parameters()}

    expected, before = work(), peak_memory(work)
    with recomputed(model, "blocks.*"):
        same(expected, work())
        after = peak_memory(work)
    assert after < 0.6 * before


def test_a_first_part_whose_input_needs_no_gradient_gets_one():
    model = small_model(normalise=False)
    with recomputed(model, "0"):
        model(small_batches()[0][0]).sum().backward()
    assert model[0].weight.grad.abs().sum() > 0


def test_a_run_can_be_gone_on_with_this_way_or_the_other(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.safetensors", every=2)
    with recomputed(model := tied_model(), "blocks.*"):
        for step in fit(model, tied_batches(5), RECIPE, checkpoint, progress=False):
            if step.index == 3:
                break
    resumed, plain = tied_model(), tied_model()
    assert [step.index for step in fit(resumed, tied_batches(5), RECIPE, checkpoint, progress=False)] == [2, 3, 4]
    list(fit(plain, tied_batches(5), RECIPE, progress=False))
    same(plain.state_dict(), resumed.state_dict())


def test_a_name_that_is_no_part_is_refused():
    for patterns in (["blocks.7"], []):
        with pytest.raises(LookupError, match="the model has embedding, blocks"), recomputed(tied_model(), *patterns):
            pass
