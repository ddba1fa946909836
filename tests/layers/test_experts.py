"""A mixture of experts is all experts weighted, and transformers' Mixtral, forward and backward."""

import pytest
import torch
from torch.testing import assert_close
from transformers import MixtralConfig
from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock, load_balancing_loss_func

from largemodels.interpret import capture
from largemodels.layers import MixtureOfExperts, balance_loss, loads

WIDTH, HIDDEN, EXPERTS, B, T = 7, 5, 11, 2, 13


def mixture(active, experts=EXPERTS):
    torch.manual_seed(0)
    return MixtureOfExperts(WIDTH, HIDDEN, experts, active).double()


def inputs():
    torch.manual_seed(1)
    return torch.randn(B, T, WIDTH, dtype=torch.float64)


def outcome(function, module, x, upstream):
    module.zero_grad()
    leaf = x.clone().requires_grad_()
    y = function(leaf)
    y.backward(upstream)
    return [y.detach(), leaf.grad, *(p.grad for p in module.parameters() if p.grad is not None)]


@pytest.mark.parametrize("active", [1, 2, 3, 11])
def test_it_is_all_experts_weighted_forward_and_backward(active):
    layer, x = mixture(active), inputs()

    def dense(x):
        p = layer.router(x).softmax(-1)
        least = p.sort(-1, descending=True).values[..., active - 1 : active]
        weights = torch.where(p >= least, p, 0)
        weights = weights / weights.sum(-1, keepdim=True)
        answers = torch.stack([expert(x) for expert in layer.experts], -1)  # (b, t, d, experts)
        return (answers * weights[..., None, :]).sum(-1)

    upstream = torch.randn_like(x)
    ours, theirs = (outcome(function, layer, x, upstream) for function in (layer, dense))
    if active > 1:  # with one active expert its weight is 1, whatever the router says
        assert layer.router.weight.grad.abs().max() > 1e-3
    used = set(layer.router(x).topk(active).indices.flatten().tolist())
    assert len(used) > active or active == EXPERTS
    for mine, other in zip(ours[:2], theirs[:2], strict=True):
        assert_close(mine, other, atol=1e-12, rtol=1e-10)
    outcome(layer, layer, x, upstream)
    mine = {name: p.grad for name, p in layer.named_parameters()}
    outcome(dense, layer, x, upstream)
    for name, parameter in layer.named_parameters():
        assert_close(mine[name] if mine[name] is not None else torch.zeros_like(parameter), parameter.grad)


@pytest.mark.parametrize("active", [1, 2, 5])
def test_it_is_mixtrals_block_forward_and_backward(active):
    config = MixtralConfig(
        hidden_size=WIDTH, intermediate_size=HIDDEN, num_local_experts=EXPERTS, num_experts_per_tok=active
    )
    config._experts_implementation = "eager"
    ours, theirs, x = mixture(active), MixtralSparseMoeBlock(config), inputs().float()
    ours = ours.float()
    with torch.no_grad():
        theirs.gate.weight.copy_(ours.router.weight)
        for i, expert in enumerate(ours.experts):
            theirs.experts.gate_up_proj[i] = torch.cat([expert.gate.weight, expert.expand.weight])
            theirs.experts.down_proj[i] = expert.contract.weight
    upstream = torch.randn_like(x)
    mine, other = outcome(ours, ours, x, upstream), outcome(theirs, theirs, x, upstream)
    assert_close(mine[0], other[0], atol=1e-6, rtol=1e-5)
    assert_close(mine[1], other[1], atol=1e-6, rtol=1e-5)
    assert_close(ours.router.weight.grad, theirs.gate.weight.grad, atol=1e-6, rtol=1e-5)
    for i, expert in enumerate(ours.experts):
        if expert.gate.weight.grad is not None:
            both = torch.cat([expert.gate.weight.grad, expert.expand.weight.grad])
            assert_close(both, theirs.experts.gate_up_proj.grad[i], atol=1e-6, rtol=1e-5)
            assert_close(expert.contract.weight.grad, theirs.experts.down_proj.grad[i], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("active", [1, 2, 3])
def test_the_balance_loss_is_transformers_divided_by_the_active_experts(active):
    logits = torch.randn(29, EXPERTS, generator=torch.Generator().manual_seed(2))
    expected = load_balancing_loss_func((logits,), EXPERTS, active) / active  # they add up the choices of a token
    assert_close(balance_loss(logits, active), expected)


def test_the_balance_loss_is_1_where_all_get_the_same_and_the_number_of_experts_where_one_gets_all():
    even = 20 * torch.eye(EXPERTS).repeat(3, 1)
    assert balance_loss(even, 1).item() == pytest.approx(1)
    one = torch.zeros(33, EXPERTS)
    one[:, 4] = 20
    assert balance_loss(one, 1).item() == pytest.approx(EXPERTS, rel=1e-5)


def test_its_gradient_presses_down_whom_many_choose():
    logits = torch.zeros(40, 3)
    logits[:30, 1] = 0.1
    logits[30:, 2] = 0.1
    logits.requires_grad_()
    balance_loss(logits, 1).backward()
    assert logits.grad[0, 1] > 0 > logits.grad[0, 2] > logits.grad[0, 0]


def test_the_loads_are_shares_of_all_choices():
    logits = torch.tensor([[3.0, 2, 1, 0], [3, 2, 1, 0], [0, 3, 2, 1], [0, 3, 1, 2]])
    assert loads(logits, 2).tolist() == [0.25, 0.5, 0.125, 0.125]
    assert loads(logits, 1).tolist() == [0.5, 0.5, 0, 0]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_short_logits_are_counted_to_the_last(dtype):
    logits = torch.randn(10_000, 4, generator=torch.Generator().manual_seed(3)).to(dtype)
    for active in (1, 2):
        assert torch.equal(loads(logits, active), loads(logits.float(), active))
        assert loads(logits, active).sum().item() == pytest.approx(1)
        assert torch.equal(balance_loss(logits, active), balance_loss(logits.float(), active))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_under_autocast_it_answers_in_the_precision_that_it_was_asked_in(dtype):
    layer, x = mixture(EXPERTS).float(), inputs().float().requires_grad_()  # all are active: no choice can turn over
    plain = layer(x)
    with torch.autocast("cpu", dtype):
        found = layer(x)
    assert found.dtype == torch.float32
    assert_close(found, plain, atol=1e-2, rtol=0)
    found.sum().backward()
    assert x.grad.isfinite().all()


def test_its_taps_see_the_logits_and_what_each_expert_got():
    layer, x = mixture(2, 3), inputs()
    with capture(layer, "router", "experts.*") as seen:
        layer(x)
    assert seen["router"].shape == (B * T, 3)
    parts = [seen[f"experts.{i}"] for i in range(3)]
    assert sum(map(len, parts)) == 2 * B * T
    assert all(part.shape[1] == WIDTH for part in parts)


def test_wrong_sizes_are_named():
    for active in (0, 4):
        with pytest.raises(ValueError, match=rf"active from 1 to the number of experts; got .* 3 experts and {active}"):
            MixtureOfExperts(WIDTH, HIDDEN, 3, active)
    with pytest.raises(ValueError, match=r"sizes must be at least 1.*hidden 0"):
        MixtureOfExperts(WIDTH, 0, 3, 2)
