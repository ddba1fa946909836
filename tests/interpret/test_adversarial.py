"""Attacks: they follow the gradient, stay in the box, and hurt."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.autograd import gradcheck

from largemodels.data import Batches
from largemodels.interpret import Attacked, fgsm, pgd, project
from largemodels.interpret.adversarial import slopes
from largemodels.models import ConvNet, ConvNetConfig
from largemodels.train import Recipe, fit

CONFIG = ConvNetConfig(size=11, widths=(3, 5), kernel=2, classes=7)


def small() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    model = ConvNet(CONFIG).eval()
    with torch.no_grad():
        model.classifier.weight.mul_(20)  # so that it is as sure as a trained one
    return model, torch.rand(13, 1, 11, 11), torch.randint(7, (13,))


def test_slopes_are_those_of_each_images_own_loss():
    model, images, labels = small()
    alone = torch.cat([slopes(model, x[None], y[None]) for x, y in zip(images, labels, strict=True)])
    torch.testing.assert_close(slopes(model, images, labels), alone, atol=1e-6, rtol=1e-4)


def test_slopes_pass_gradcheck():
    model, images, labels = small()
    model, x = model.double(), images[:1].double().requires_grad_()
    assert gradcheck(lambda x: F.cross_entropy(model(x), labels[:1], reduction="sum"), (x,))
    (found,) = torch.autograd.grad(F.cross_entropy(model(x), labels[:1], reduction="sum"), x)
    torch.testing.assert_close(slopes(model, images[:1].double(), labels[:1]), found)


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 2), st.integers(0, 2**31))
def test_the_projection_is_the_nearest_image_in_the_box(size, seed):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(5, 1, 3, 7, generator=generator)
    moved = images + 3 * torch.randn(images.shape, generator=generator)
    found = project(moved, images, size)
    assert found.min() >= 0
    assert found.max() <= 1
    assert (found - images).abs().max() <= size + 1e-6
    allowed = images + size * (2 * torch.rand(images.shape, generator=generator) - 1)  # anything else is no nearer
    assert ((found - moved).abs() <= (allowed.clamp(0, 1) - moved).abs() + 1e-6).all()
    torch.testing.assert_close(project(found, images, size), found)


def test_one_step_of_pgd_as_long_as_the_box_is_fgsm():
    model, images, labels = small()
    torch.testing.assert_close(pgd(model, images, labels, 0.1, 1, stride=0.1), fgsm(model, images, labels, 0.1))


def test_attacks_raise_the_loss_and_noise_of_the_same_size_does_so_less():
    model, images, labels = small()

    def loss(x):
        with torch.no_grad():
            return F.cross_entropy(model(x), labels).item()

    start = torch.Generator().manual_seed(1)
    noise = project(images + 0.1 * (torch.rand(images.shape, generator=start) - 0.5).sign(), images, 0.1)
    assert loss(pgd(model, images, labels, 0.1)) >= loss(fgsm(model, images, labels, 0.1)) - 1e-3
    assert loss(fgsm(model, images, labels, 0.1)) > loss(noise) + 0.01
    assert torch.equal(fgsm(model, images, labels, 0), images)


def test_a_random_start_is_drawn_from_the_generator_and_within_the_box():
    model, images, labels = small()
    one, same, other = (
        pgd(model, images, labels, 0.1, 2, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert (one - images).abs().max() <= 0.1 + 1e-6


def test_adversarial_training_attacks_the_model_as_it_is_now_and_leaves_its_mode():
    model, images, labels = small()
    seen = []

    def attack(net, x, y):
        seen.append((net.training, net.classifier.weight.detach().clone()))
        return fgsm(net, x, y, 0.1)

    batches = Attacked(Batches(images, labels, 13, 3), model, attack)
    for _ in fit(model, batches, Recipe(1e-2)):
        assert model.training
    assert not any(training for training, _ in seen)
    assert len({weight.sum().item() for _, weight in seen[-3:]}) > 1
    model.eval()
    assert (batches[0][0] - Batches(images, labels, 13, 3)[0][0]).abs().max() == pytest.approx(0.1, abs=1e-6)


def test_impossible_input_is_refused():
    model, images, labels = small()
    with pytest.raises(ValueError, match=r"at least 0; got -0\.1"):
        fgsm(model, images, labels, -0.1)
    with pytest.raises(ValueError, match="at least 0; got nan"):
        pgd(model, images, labels, float("nan"))
    with pytest.raises(ValueError, match="between 0 and 1; got 0 to 2"):
        fgsm(model, torch.tensor([[[[0.0, 2.0]]]]), labels[:1], 0.1)
    with pytest.raises(ValueError, match="at least one step; got 0"):
        pgd(model, images, labels, 0.1, 0)


def test_numbers_that_no_attack_can_start_from_are_refused():
    model, images, labels = small()
    for wrong, message in ((images * math.nan, "pixels lie between"), (images.round().byte(), "in floating point")):
        with pytest.raises(ValueError, match=message):
            fgsm(model, wrong, labels, 0.1)
    with pytest.raises(ValueError, match="finite and at least 0; got inf"):
        fgsm(model, images, labels, math.inf)
    for stride in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="a step goes the way"):
            pgd(model, images, labels, 0.1, stride=stride)


def test_a_part_that_is_frozen_stays_so_while_the_others_train():
    model, images, labels = small()
    model.train()
    model.stages[0].eval()
    before = {name: part.training for name, part in model.named_modules()}
    Attacked([(images, labels)], model, lambda model, images, labels: images)[0]
    assert {name: part.training for name, part in model.named_modules()} == before
