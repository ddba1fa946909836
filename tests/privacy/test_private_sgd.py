"""DP-SGD from scratch takes Opacus' steps with noise off, and adds the noise that it says."""

import copy

import pytest
import torch
from opacus import GradSampleModule
from opacus.optimizers import DPOptimizer
from private_models import KINDS, case, named, readable

from largemodels.data import Batches
from largemodels.privacy import (
    PoissonBatches,
    Privacy,
    clipped_sum,
    fit_privately,
    mean_cross_entropy,
    one_by_one,
    private_gradient,
)


@pytest.mark.filterwarnings("ignore:Full backward hook")
@pytest.mark.parametrize("kind", KINDS)
def test_with_noise_off_it_takes_the_steps_of_opacus(kind):
    model, x, y = case(kind, n=23)
    batches = PoissonBatches(x, y, rate=0.3, steps=6, seed=2)
    assert 0 not in {len(batch) for batch, _ in batches}  # which Opacus takes with a special case of its loader
    theirs = readable(model)
    start = copy.deepcopy(model)
    clip = float(clipped_sum(one_by_one(model, x, y), 1.0)[1].median())  # so that some are clipped, some not

    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    steps = list(fit_privately(model, batches, optimizer, Privacy(clip, 0.0, chunk=3)))
    assert 0 < sum(step.clipped for step in steps) / 6 < 1

    wrapped = GradSampleModule(theirs)
    private = DPOptimizer(
        torch.optim.SGD(wrapped.parameters(), 0.1, momentum=0.9),
        noise_multiplier=0.0,
        max_grad_norm=clip,
        expected_batch_size=batches.expected,
    )
    for px, py in batches:
        private.zero_grad()
        mean_cross_entropy(wrapped(px), py).backward()
        private.step()
    moved = 0.0
    for name, parameter in named(theirs).items():
        torch.testing.assert_close(model.get_parameter(name), parameter, atol=1e-5, rtol=0)
        moved = max(moved, float((parameter - start.get_parameter(name)).detach().abs().max()))
    assert moved > 0.01


def test_nobody_says_more_than_the_clip():
    model, x, y = case("GPT")
    alone, lengths = one_by_one(model, x, y), None
    for i in range(len(x)):
        sums, lengths = clipped_sum({name: value[i : i + 1] for name, value in alone.items()}, 0.01)
        assert float(torch.cat([value.flatten() for value in sums.values()]).norm()) <= 0.01 * (1 + 1e-5)
        assert float(lengths) > 0.01


def test_what_is_short_enough_stays_as_it_is():
    samples = {"a": torch.tensor([[3.0, 0.0], [0.0, 0.0]]), "b": torch.tensor([[4.0], [0.0]])}
    sums, lengths = clipped_sum(samples, 10.0)
    assert lengths.tolist() == [5, 0]
    assert (sums["a"].tolist(), sums["b"].tolist()) == ([3, 0], [4])
    sums, _ = clipped_sum(samples, 1.0)
    torch.testing.assert_close(sums["a"], torch.tensor([0.6, 0.0]))


def test_the_noise_has_the_deviation_that_was_asked_for_and_an_empty_batch_is_noise_alone():
    model, x, y = case("LSTM")
    privacy = Privacy(clip=0.5, noise=3.0)
    chance = torch.Generator().manual_seed(0)
    drawn = []
    for _ in range(20):
        gradient, lengths = private_gradient(model, (x[:0], y[:0]), privacy, 8.0, chance)
        assert len(lengths) == 0
        drawn.append(torch.cat([value.flatten() for value in gradient.values()]))
    drawn = torch.cat(drawn)
    expected = 3.0 * 0.5 / 8
    assert abs(float(drawn.std()) / expected - 1) < 5 / (2 * len(drawn)) ** 0.5  # five standard errors
    assert abs(float(drawn.mean())) < 5 * expected / len(drawn) ** 0.5


def test_the_noise_is_added_once_for_a_batch_in_pieces():
    model, x, y = case("ConvNet")
    whole, pieces = (
        private_gradient(model, (x, y), Privacy(0.1, 1.0, chunk), 4.0, torch.Generator().manual_seed(3))[0]
        for chunk in (64, 2)
    )
    for name in whole:
        torch.testing.assert_close(whole[name], pieces[name], atol=1e-6, rtol=0)


def test_a_run_goes_through_an_empty_batch():
    model, x, y = case("ConvNet")
    batches = PoissonBatches(x, y, rate=0.1, steps=9, seed=0)
    before = copy.deepcopy(model.state_dict())
    empty = [i for i, (batch, _) in enumerate(batches) if len(batch) == 0]
    steps = list(fit_privately(model, batches, torch.optim.SGD(model.parameters(), 0.1), Privacy(1.0, 1.0)))
    assert [step.index for step in steps if step.examples == 0] == empty != []
    assert not torch.equal(before["classifier.bias"], model.classifier.bias)


def test_poisson_batches_hold_each_example_with_the_rate_and_are_the_same_every_time():
    x = torch.arange(101)
    batches = PoissonBatches(x, x, rate=0.2, steps=500, seed=1)
    counts = torch.zeros(101)
    sizes = []
    for one, other in batches:
        assert torch.equal(one, other)
        counts[one] += 1
        sizes.append(len(one))
    assert batches.expected == pytest.approx(20.2)
    error = (101 * 0.2 * 0.8 / 500) ** 0.5
    assert abs(sum(sizes) / 500 - 20.2) < 5 * error
    assert 0.8 < torch.tensor(sizes).double().var() / (101 * 0.2 * 0.8) < 1.25
    assert float(counts.min()) > 500 * 0.2 - 5 * (500 * 0.16) ** 0.5
    assert torch.equal(batches[7][0], PoissonBatches(x, x, 0.2, 500, 1)[7][0])
    assert not torch.equal(batches[7][0], PoissonBatches(x, x, 0.2, 500, 2)[7][0])
    assert len(PoissonBatches(x, x, 1.0, 1)[0][0]) == 101


def test_batch_normalisation_is_refused_before_the_first_step():
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).eval()  # training would set it
    batches = PoissonBatches(torch.zeros(4, 3), torch.zeros(4, dtype=torch.long), 0.5, 2)
    with pytest.raises(ValueError, match="1 is a BatchNorm1d"):
        next(fit_privately(model, batches, torch.optim.SGD(model.parameters(), 0.1)))


def test_batches_that_were_not_drawn_by_chance_are_refused():
    model, x, y = case("ConvNet")
    with pytest.raises(ValueError, match="give PoissonBatches, not a Batches"):
        next(fit_privately(model, Batches(x, y), torch.optim.SGD(model.parameters(), 0.1)))


def test_a_gradient_that_is_not_finite_is_said_and_nothing_changes():
    model, x, y = case("ConvNet")
    x[2, 0, 3, 3] = torch.inf
    before = copy.deepcopy(model.state_dict())
    run = fit_privately(model, PoissonBatches(x, y, 1.0, 1), torch.optim.SGD(model.parameters(), 0.1))
    with pytest.raises(FloatingPointError, match="1 of 5 gradients are not finite"):
        next(run)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_impossible_settings_are_refused():
    model, x, y = case("ConvNet")
    for clip, noise, chunk in ((0, 1, 1), (1, -1, 1), (1, 1, 0), (float("inf"), 1, 1), (1, float("nan"), 1)):
        with pytest.raises(ValueError, match="clip is above 0, noise 0 or more"):
            Privacy(clip, noise, chunk)
    for rate, steps, seed in ((0, 1, 0), (1.1, 1, 0), (0.5, 0, 0), (0.5, 1, -1)):
        with pytest.raises(ValueError, match="0 < rate <= 1, at least 1 step"):
            PoissonBatches(x, y, rate, steps, seed)
    with pytest.raises(ValueError, match="got 5 and 4"):
        PoissonBatches(x, y[:4], 0.5, 1)
    with pytest.raises(IndexError, match="batch 3 of a run of 3"):
        PoissonBatches(x, y, 0.5, 3)[3]
    with pytest.raises(ValueError, match="expected size of a batch is above 0; got 0"):
        private_gradient(model, (x, y), Privacy(), 0.0, torch.Generator())
