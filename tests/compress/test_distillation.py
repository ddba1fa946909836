"""The loss of distillation is that of the paper, and so are its gradients."""

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from largemodels.compress import distillation_loss


def logits(seed):
    return torch.randn(2, 5, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


TARGETS = torch.tensor([[3, 0, -100, 6, 1], [-100, -100, 2, 2, 5]])


@pytest.mark.parametrize(("temperature", "weight"), [(1.0, 0.5), (3.0, 0.9), (0.5, 1.0), (2.0, 0.0)])
def test_it_is_torchs_cross_entropy_and_divergence_over_the_targets_that_count(temperature, weight):
    z, v, there = logits(0), logits(1), TARGETS != -100
    soft = F.kl_div(
        (z[there] / temperature).log_softmax(1),
        (v[there] / temperature).log_softmax(1),
        reduction="batchmean",
        log_target=True,
    )
    expected = (1 - weight) * F.cross_entropy(z.flatten(0, 1), TARGETS.flatten()) + weight * temperature**2 * soft
    assert_close(distillation_loss(z, v, TARGETS, temperature, weight), expected)


def test_gradients_are_those_of_differences_and_the_formula():
    z, v = logits(0).requires_grad_(), logits(1).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: distillation_loss(z, v.detach(), TARGETS, 3.0, 0.7), z)
    distillation_loss(z, v, TARGETS, 3.0, 1.0).backward()
    there = (TARGETS != -100)[..., None]
    expected = 3.0 * ((z / 3).softmax(-1) - (v / 3).softmax(-1)) * there / there.sum()
    assert_close(z.grad, expected)
    assert v.grad is None


def test_at_a_high_temperature_it_draws_the_logits_together():
    z, v, targets = logits(0)[0].requires_grad_(), logits(1)[0], torch.zeros(5, dtype=torch.long)
    distillation_loss(z, v, targets, 1e4, 1.0).backward()
    centred = (z - z.mean(-1, keepdim=True)) - (v - v.mean(-1, keepdim=True))
    assert_close(z.grad, centred.detach() / 7 / 5, rtol=1e-3, atol=1e-5)


def test_bfloat16_is_summed_in_float32():
    z, v = logits(0).bfloat16(), logits(1).bfloat16()
    assert distillation_loss(z, v, TARGETS).dtype == torch.float32


def test_what_is_no_distillation_is_refused():
    z = torch.zeros(2, 3)
    with pytest.raises(ValueError, match=r"got \(2, 3\), \(2, 4\) and \(2,\)"):
        distillation_loss(z, torch.zeros(2, 4), torch.zeros(2).long())
    with pytest.raises(ValueError, match=r"got 0 and 0\.5"):
        distillation_loss(z, z, torch.zeros(2).long(), 0)
    with pytest.raises(ValueError, match="no target counts"):
        distillation_loss(z, z, torch.full((2,), -100))
