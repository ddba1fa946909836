"""The losses of preference optimisation are their formulas, in value and gradient, and have the limits they should."""

import math

import pytest
import torch
from torch.testing import assert_close

from largemodels.train import bradley_terry_loss, dpo_loss, group_advantages, grpo_loss


def logs(*shape, seed=0):
    return -torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 9


@pytest.fixture
def four():
    return [logs(7, seed=seed).requires_grad_(seed < 2) for seed in range(4)]


@pytest.mark.parametrize("beta", [0.05, 0.1, 1.3])
def test_dpo_is_the_papers_formula_and_so_is_its_gradient(four, beta):
    chosen, rejected, reference_chosen, reference_rejected = four
    dpo_loss(*four, beta).backward()
    found = [chosen.grad.clone(), rejected.grad.clone()]
    margin = beta * ((chosen - reference_chosen) - (rejected - reference_rejected))
    loss = torch.log1p(torch.exp(-margin)).mean()  # -ln sigma(m) = ln(1 + e^-m)
    assert_close(dpo_loss(*four, beta), loss, atol=1e-12, rtol=1e-12)
    expected = torch.autograd.grad(loss, [chosen, rejected])
    by_hand = -beta * torch.sigmoid(-margin) / len(margin)  # the paper's equation 7: weighted by how wrong the order is
    for gradient, auto, sign in zip(found, expected, (1, -1), strict=True):
        assert_close(gradient, auto, atol=1e-14, rtol=1e-12)
        assert_close(gradient, sign * by_hand, atol=1e-14, rtol=1e-12)


def test_dpo_passes_gradcheck_and_sends_nothing_to_the_reference(four):
    assert torch.autograd.gradcheck(lambda c, r: dpo_loss(c, r, *four[2:], 0.3), four[:2])
    reference = [x.detach().requires_grad_() for x in four[2:]]
    dpo_loss(*four[:2], *reference).backward()
    assert all(x.grad is None for x in reference)


def test_a_policy_that_is_the_reference_has_a_loss_of_ln_2_whatever_beta(four):
    for beta in (1e-3, 0.1, 50):
        same = dpo_loss(*four[:2], *four[:2], beta)
        assert math.isclose(same.item(), math.log(2), rel_tol=1e-12)


def test_as_beta_goes_to_0_the_loss_goes_to_ln_2_and_the_gradient_to_half_of_beta(four):
    beta = 1e-7
    loss = dpo_loss(*four, beta)
    loss.backward()
    assert abs(loss.item() - math.log(2)) < 1e-5
    half = torch.full((7,), beta / 2 / 7, dtype=torch.float64)
    assert_close(four[0].grad, -half, atol=0, rtol=1e-5)
    assert_close(four[1].grad, half, atol=0, rtol=1e-5)


def test_far_apart_log_probabilities_overflow_nowhere():
    far = [torch.tensor([x]) for x in (-4000.0, 0.0, 0.0, -4000.0)]
    assert dpo_loss(*far, 1.0) == 8000
    assert dpo_loss(far[1], far[0], far[3], far[2], 1.0) == 0


def test_bradley_terry_is_the_cross_entropy_of_two_classes():
    chosen, rejected = logs(11), logs(11, seed=1)
    both = torch.stack([chosen, rejected], 1)
    expected = torch.nn.functional.cross_entropy(both, torch.zeros(11, dtype=torch.long))
    assert_close(bradley_terry_loss(chosen, rejected), expected)


def test_wrong_input_to_dpo_is_named(four):
    with pytest.raises(ValueError, match="beta must be above 0; got 0"):
        dpo_loss(*four, 0)
    with pytest.raises(ValueError, match=r"equal shapes.*\(7,\), \(7,\), \(7,\), \(5,\)"):
        dpo_loss(*four[:3], logs(5))
    with pytest.raises(ValueError, match="at least one of each"):
        bradley_terry_loss(logs(0), logs(0))


def test_advantages_have_mean_0_and_variance_1_in_each_group():
    rewards = torch.tensor([[1.0, 0, 0, 0], [1, 1, 1, 0], [0.2, 0.4, 0.9, 0.1]])
    advantages = group_advantages(rewards)
    assert_close(advantages.mean(1), torch.zeros(3), atol=1e-6, rtol=0)
    assert_close(advantages.var(1, unbiased=False), torch.ones(3))
    assert_close(advantages[0], torch.tensor([3**0.5, *[-(3**-0.5)] * 3]))


def test_a_group_that_is_all_right_or_all_wrong_teaches_nothing():
    rewards = torch.tensor([[1.0] * 5, [0.0] * 5])
    assert torch.equal(group_advantages(rewards), torch.zeros(2, 5))


@pytest.mark.parametrize("n", [2, 3, 5, 7, 11])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_equal_rewards_teach_nothing_although_their_mean_is_rounded(dtype, n):
    rewards = torch.arange(1, 400, dtype=dtype)[:, None].expand(-1, n) / 400
    assert not group_advantages(rewards).any()


@pytest.mark.parametrize("dtype", [torch.bool, torch.long])
def test_rewards_may_be_right_or_wrong_and_whole_numbers(dtype):
    rewards = torch.tensor([[1, 0, 0, 1, 1], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], dtype=dtype)
    assert torch.equal(group_advantages(rewards), group_advantages(rewards.float()))


def test_large_rewards_in_half_precision_are_as_far_apart_as_small_ones():
    rewards = torch.tensor([[0.0, 600, 600, 1200]])
    assert_close(group_advantages(rewards.half()), group_advantages(rewards / 600))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_reward_that_is_not_finite_is_named(value):
    with pytest.raises(ValueError, match=rf"rewards must be finite; got {value} for answer 2 of group 1"):
        group_advantages(torch.tensor([[1.0, 0, 1], [0, 1, value]]))


@pytest.fixture
def answers():
    counts = torch.arange(6) < torch.tensor([[6], [2], [4]])
    return {"advantages": torch.tensor([1.2, -0.7, -0.5], dtype=torch.float64), "counts": counts}


def test_the_first_step_of_grpo_is_reinforce_with_the_advantages(answers):
    new = logs(3, 6).requires_grad_()
    grpo_loss(new, new.detach(), new.detach(), beta=0.0, **answers).backward()
    counts = answers["counts"]
    assert_close(new.grad, -answers["advantages"][:, None] * counts / counts.sum(1, keepdim=True) / 3)


def test_grpo_is_its_formula_token_by_token(answers):
    new, old, reference = logs(3, 6), logs(3, 6) + logs(3, 6, seed=1) / 40, logs(3, 6) - logs(3, 6, seed=2) / 9
    total = 0.0
    for i, length in enumerate((6, 2, 4)):
        gain, terms = answers["advantages"][i].item(), []
        for t in range(length):
            ratio = math.exp(new[i, t] - old[i, t])
            q = math.exp(reference[i, t] - new[i, t])
            terms.append(min(ratio * gain, min(max(ratio, 0.8), 1.2) * gain) - 0.04 * (q - math.log(q) - 1))
        total -= sum(terms) / length / 3
    assert_close(grpo_loss(new, old, reference, **answers).item(), total)


def test_grpo_passes_gradcheck_and_a_ratio_beyond_the_clip_stops_learning(answers):
    new, old, reference = logs(3, 6).requires_grad_(), logs(3, 6) - 0.05, logs(3, 6, seed=2)
    assert torch.autograd.gradcheck(lambda x: grpo_loss(x, old, reference, **answers), [new])
    grpo_loss(new, new.detach() - 1, new.detach(), beta=0.0, **answers).backward()  # the ratio is e already
    assert not new.grad[0].any()
    assert new.grad[1, :2].all()


def test_the_penalty_of_grpo_is_never_negative_and_0_where_nothing_has_moved(answers):
    new, still = logs(3, 6), {**answers, "advantages": torch.zeros(3, dtype=torch.float64)}
    assert grpo_loss(new, new, new, **still) == 0
    for seed in range(3):
        assert grpo_loss(new, new, logs(3, 6, seed=seed + 1), **still) > 0


def test_wrong_input_to_grpo_is_named(answers):
    with pytest.raises(ValueError, match=r"two answers or more; got \(3, 1\)"):
        group_advantages(torch.ones(3, 1))
    with pytest.raises(ValueError, match="3 answers need as many advantages"):
        grpo_loss(*[logs(3, 6)] * 3, advantages=logs(2), counts=answers["counts"])
    with pytest.raises(ValueError, match="equal shapes"):
        grpo_loss(*[logs(3, 6)] * 2, logs(3, 5), **answers)
