"""Federated averaging is gradient descent where it must be, and its traffic is counted to the byte."""

import copy

import pytest
import torch
from private_models import KINDS, case
from torch import nn

from largemodels.privacy import (
    Local,
    average_federated,
    even_clients,
    mean_cross_entropy,
    uneven_clients,
    weight_bytes,
)


def descend(model, x, y, steps, rate=0.1):
    """Take steps of plain gradient descent on all data."""
    optimizer = torch.optim.SGD(model.parameters(), rate)
    for _ in range(steps):
        optimizer.zero_grad()
        mean_cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_one_client_and_one_local_step_are_gradient_descent_to_the_bit(kind):
    model, x, y = case(kind)
    alone = descend(copy.deepcopy(model), x, y, 3)
    rounds = list(average_federated(model, [(x, y)], 3))
    assert [(done.index, done.clients, done.steps) for done in rounds] == [(i, (0,), 1) for i in range(3)]
    for name, value in alone.state_dict().items():
        assert torch.equal(value, model.state_dict()[name])


@pytest.mark.parametrize("kind", KINDS)
def test_uneven_clients_with_one_step_each_are_gradient_descent_on_all_data(kind):
    model, x, y = case(kind, n=13)
    together = descend(copy.deepcopy(model), x, y, 4)
    clients = [(x[part], y[part]) for part in torch.arange(13).split([2, 7, 1, 3])]
    list(average_federated(model, clients, 4))
    for name, value in together.state_dict().items():
        torch.testing.assert_close(value, model.state_dict()[name], atol=1e-5, rtol=0)


def test_clients_count_by_their_examples():
    model, x, y = case("ConvNet", n=5)
    start = copy.deepcopy(model)
    clients = [(x[:1], y[:1]), (x[1:], y[1:])]
    alone = [descend(copy.deepcopy(start), *client, 6) for client in clients]
    (done,) = average_federated(model, clients, 1, Local(epochs=6))
    assert done.steps == 12
    for name, value in model.named_parameters():
        mean = 0.2 * alone[0].get_parameter(name) + 0.8 * alone[1].get_parameter(name)
        torch.testing.assert_close(value, mean, atol=1e-6, rtol=0)


def test_traffic_is_the_model_down_and_up_for_each_client_and_a_tied_weight_travels_once():
    for kind, tied in (("ConvNet", 0), ("GPT", 1)):
        model, x, y = case(kind, n=12)
        size = 4 * sum(parameter.numel() for parameter in model.parameters())
        assert weight_bytes(model) == size
        for done in average_federated(model, even_clients(x, y, 6), 2, Local(share=0.5)):
            assert (len(done.clients), done.down, done.up) == (3, 3 * size, 3 * size)
        if tied:
            model.head = nn.Linear(12, 13, bias=False)
            model.head.weight = model.embedding.weight
            assert weight_bytes(model) == size
    assert weight_bytes(nn.Linear(3, 5).double()) == 8 * 20
    assert weight_bytes(nn.BatchNorm1d(3)) == 4 * 12 + 8  # statistics travel, and their count


def test_buffers_are_averaged_and_counts_stay_counts():
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    x, y = torch.randn(8, 3), torch.randint(2, (8,))
    list(average_federated(model, even_clients(x, y, 2), 3))
    assert model[1].num_batches_tracked.dtype == torch.long
    assert int(model[1].num_batches_tracked) == 3
    assert float(model[1].running_var.min()) > 0


def test_local_batches_and_epochs_are_steps_and_the_seed_decides_their_order():
    x, y = torch.randn(11, 1, 11, 11), torch.randint(7, (11,))
    ends = []
    for seed in (0, 0, 1):
        model, _, _ = case("ConvNet")
        (done,) = average_federated(model, [(x, y)], 1, Local(epochs=2, batch=4), seed)
        assert done.steps == 6
        ends.append(model.classifier.weight)
    assert torch.equal(ends[0], ends[1])
    assert not torch.equal(ends[0], ends[2])


def test_even_clients_have_all_labels_and_uneven_ones_few_and_nobody_is_lost():
    y = torch.arange(10).repeat(20)
    x = torch.arange(200.0)[:, None]
    for clients in (even_clients(x, y, 10), uneven_clients(x, y, 10)):
        assert sorted(torch.cat([one for one, _ in clients])[:, 0].tolist()) == list(range(200))
        assert all(torch.equal(labels, y[one[:, 0].long()]) for one, labels in clients)
    assert min(len(set(labels.tolist())) for _, labels in even_clients(x, y, 10)) >= 7
    assert max(len(set(labels.tolist())) for _, labels in uneven_clients(x, y, 10)) <= 2
    assert {len(labels) for _, labels in even_clients(x, y, 7)} == {28, 29}


def test_impossible_rounds_and_clients_are_refused():
    model, x, y = case("ConvNet")
    for clients, rounds in (([(x, y)], 0), ([], 1), ([(x, y), (x[:0], y[:0])], 1), ([(x, y[:2])], 1)):
        with pytest.raises(ValueError, match="at least 1 round, and clients with as many targets as inputs"):
            next(average_federated(model, clients, rounds))
    for wrong in ({"epochs": 0}, {"batch": 0}, {"rate": 0.0}, {"share": 0.0}, {"share": 1.1}):
        with pytest.raises(ValueError, match="epochs and batch are 1 or more"):
            Local(**wrong)
    for split in (even_clients, uneven_clients):
        for many in (0, 6):
            with pytest.raises(ValueError, match=f"got 5, 5 and {many} clients"):
                split(x, y, many)
    with pytest.raises(ValueError, match="3 clients and 2 shards"):
        uneven_clients(x, y, 3)
    with pytest.raises(ValueError, match="an example each at least"):
        uneven_clients(x, torch.zeros(5, 2), 2)
