"""Networks that train side by side: each as if it were alone."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from largemodels.privacy import Crowd

N, WIDE, CLASSES = 11, 5, 3


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(WIDE, 7), nn.ReLU(), nn.Linear(7, CLASSES))


@pytest.fixture
def data():
    chance = torch.Generator().manual_seed(0)
    return torch.randn(N, WIDE, generator=chance), torch.randint(CLASSES, (N,), generator=chance)


def alone(crowd: Crowd, which: int) -> nn.Module:
    model = network()
    model.load_state_dict({name: value[which].detach() for name, value in crowd.parameters.items()})
    return model


def everyone(copies: int) -> torch.Tensor:
    return torch.ones(copies, N, dtype=torch.bool)


@pytest.mark.parametrize("climb", [False, True])
def test_each_network_trains_as_if_it_were_alone(data, climb):
    x, y = data
    inside = torch.stack([torch.arange(N) < 5, torch.arange(N) >= 6])
    crowd = Crowd(network, 2, seed=3)
    models = [alone(crowd, which) for which in range(2)]
    crowd.fit(x, y, inside, steps=7, batch=5, rate=0.01, climb=climb)  # all five each time, so no chance
    for which, model in enumerate(models):
        optimizer = torch.optim.Adam(model.parameters(), 0.01, maximize=climb)
        for _ in range(7):
            optimizer.zero_grad()
            F.cross_entropy(model(x[inside[which]]), y[inside[which]]).backward()
            optimizer.step()
        torch.testing.assert_close(crowd.logits(x)[which], model(x).detach(), atol=1e-5, rtol=1e-4)


def test_a_network_learns_nothing_from_what_is_not_in_its_list(data):
    x, y = data
    inside = everyone(3)
    inside[:, 4:] = False
    other = x.clone()
    other[4:] += 100
    found = [Crowd(network, 3).fit(some, y, inside, 4, 2, 0.1).logits(x) for some in (x, other)]
    assert torch.equal(*found)


def test_a_copy_is_trained_on_its_own(data):
    x, y = data
    first = Crowd(network, 2)
    before, twin = first.logits(x), first.copy()
    assert len(twin) == 2
    assert torch.equal(twin.logits(x), before)
    twin.fit(x, y, everyone(2), 3, 4, 0.1)
    assert torch.equal(first.logits(x), before)
    assert not torch.equal(twin.logits(x), before)


def test_the_same_seed_gives_the_same_networks_and_leaves_torchs_chance_alone(data):
    x, y = data
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = Crowd(network, 2, seed=1).fit(x, y, everyone(2), 3, 4, 0.1, seed=2)
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(Crowd(network, 2, seed=1).fit(x, y, everyone(2), 3, 4, 0.1, seed=2).logits(x), first.logits(x))
    assert not torch.equal(first.logits(x)[0], first.logits(x)[1])


def test_what_cannot_be_trained_is_refused(data):
    x, y = data
    with pytest.raises(ValueError, match="at least one network; got 0"):
        Crowd(network, 0)
    with pytest.raises(ValueError, match="buffers"):
        Crowd(lambda: nn.BatchNorm1d(WIDE), 2)
    crowd, uneven = Crowd(network, 2), everyone(2)
    uneven[0, 0] = False
    for inside, error in (
        (everyone(3), "booleans"),
        (everyone(2).long(), "booleans"),
        (uneven, "as many examples; got 10 to 11"),
        (~everyone(2), "got 0 to 0"),
    ):
        with pytest.raises(ValueError, match=error):
            crowd.fit(x, y, inside, 1, 1, 0.1)
    for change in ({"steps": 0}, {"batch": 0}, {"rate": 0.0}, {"rate": float("nan")}):
        with pytest.raises(ValueError, match="at least 1"):
            crowd.fit(x, y, everyone(2), **{"steps": 1, "batch": 1, "rate": 0.1} | change)
