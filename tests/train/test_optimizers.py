"""The optimizers of the book are torch's, step by step."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from largemodels.train.optimizers import SGD, Adam, AdamW, Momentum, Muon, orthogonal

PAIRS = {
    "SGD": (lambda p: SGD(p, 0.03), lambda p: torch.optim.SGD(p, 0.03)),
    "momentum": (lambda p: Momentum(p, 0.02, 0.8), lambda p: torch.optim.SGD(p, 0.02, momentum=0.8)),
    "Adam": (
        lambda p: Adam(p, 0.01, 0.8, 0.95, 1e-6),
        lambda p: torch.optim.Adam(p, 0.01, betas=(0.8, 0.95), eps=1e-6),
    ),
    "AdamW": (lambda p: AdamW(p, 0.01, weight_decay=0.3), lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.3)),
    "as they come": (AdamW, torch.optim.AdamW),
}


def network(dtype=torch.float64):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 11), nn.Tanh(), nn.Linear(11, 3)).to(dtype)


def loss_of(model, step):
    generator = torch.Generator().manual_seed(step)
    x = torch.randn(7, 5, generator=generator).to(model[0].weight)
    return nn.functional.cross_entropy(model(x), torch.randint(3, (7,), generator=generator))


@pytest.mark.parametrize("name", PAIRS)
def test_every_step_is_torchs(name):
    ours, start = network(), network()
    theirs = deepcopy(ours)
    optimizers = [make(model.parameters()) for make, model in zip(PAIRS[name], (ours, theirs), strict=True)]
    for step in range(20):
        for model, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            loss_of(model, step).backward()
            optimizer.step()
        for mine, torchs in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert_close(mine, torchs, rtol=1e-12, atol=1e-14)
    assert (ours[0].weight - start[0].weight).abs().mean() > 1e-3


@pytest.mark.parametrize("shape", [(5, 11), (11, 5)])
def test_muon_is_torchs_when_that_computes_in_float64(shape, monkeypatch):
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda x: x.clone())
    compared(shape, rtol=1e-9)


@pytest.mark.parametrize("shape", [(16, 64), (64, 16), (64, 64)])
def test_muons_first_step_is_torchs_within_the_rounding_of_bfloat16(shape):
    compared(shape, rtol=0.02, steps=1)  # of 60 steps measured, the worst was 0.011 off


def compared(shape, rtol, steps=20):
    torch.manual_seed(0)
    mine, torchs = (nn.Parameter(torch.ones(shape, dtype=torch.float64)) for _ in range(2))
    ours, theirs = Muon([mine], 0.05, 0.9, 0.2), torch.optim.Muon([torchs], 0.05, momentum=0.9, weight_decay=0.2)
    for _ in range(steps):
        before = mine.detach().clone()
        mine.grad = torch.randn(shape, dtype=torch.float64)
        torchs.grad = mine.grad.clone()
        ours.step()
        theirs.step()
        moved = (mine - before).norm()
        assert moved > 0
        assert (mine - torchs).norm() < rtol * moved


def test_orthogonal_keeps_the_directions_and_brings_their_lengths_near_to_1():
    torch.manual_seed(0)
    x = torch.randn(13, 29, dtype=torch.float64)
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    found = u.T @ orthogonal(x) @ vh.T
    assert_close(found, found.diag().diag(), atol=1e-9, rtol=0)
    assert s.max() / s.min() > 4
    assert 0.6 < found.diag().min() < found.diag().max() < 1.3
    assert_close(orthogonal(x.T), orthogonal(x).T)
    assert torch.equal(orthogonal(torch.zeros(3, 2)), torch.zeros(3, 2))


def test_the_polynomial_of_muon_brings_every_length_from_a_hundredth_on_between_0_6_and_1_3():
    s = torch.linspace(0.01, 1, 1001, dtype=torch.float64)
    for _ in range(5):
        s = 3.4445 * s - 4.775 * s**3 + 2.0315 * s**5
    assert 0.6 < s.min() < s.max() < 1.3


@pytest.mark.parametrize("kind", [SGD, Momentum, Adam, AdamW, Muon])
def test_a_state_that_was_kept_goes_on_as_if_it_had_not_been(kind):
    def trained(steps, model, optimizer):
        for step in steps:
            optimizer.zero_grad()
            loss_of(model, step).backward()
            optimizer.step()
        return model

    def make(model):
        return kind([p for p in model.parameters() if p.ndim == 2], lr=0.02)

    whole = network()
    trained(range(6), whole, make(whole))
    half = network()
    first = make(half)
    trained(range(3), half, first)
    second = make(half)
    second.load_state_dict(deepcopy(first.state_dict()))
    trained(range(3, 6), half, second)
    for a, b in zip(whole.parameters(), half.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_closure_computes_the_loss():
    model = network()
    optimizer = SGD(model.parameters())

    def closure():
        optimizer.zero_grad()
        loss = loss_of(model, 0)
        loss.backward()
        return loss

    assert optimizer.step(closure) > loss_of(model, 0)


def test_parameters_without_a_gradient_stay():
    w = nn.Parameter(torch.ones(2, 2))
    AdamW([w]).step()
    assert torch.equal(w, torch.ones(2, 2))


def test_settings_out_of_their_range_are_refused():
    w = [nn.Parameter(torch.ones(2, 2))]
    with pytest.raises(ValueError, match="lr must be a number of at least 0; got -1"):
        SGD(w, -1)
    with pytest.raises(ValueError, match="beta2 is a share of what was before, below 1; got 1"):
        Adam(w, beta2=1)
    with pytest.raises(ValueError, match=r"Muon is for matrices; give AdamW the parameters of shape \(3,\)"):
        Muon([nn.Parameter(torch.ones(3))])
    with pytest.raises(ValueError, match="only a matrix"):
        orthogonal(torch.ones(3))
