"""The full-size runs of the RNN chapter: tasks that ask what they claim to, and networks that differ as named."""

from collections import Counter

import lags
import packages
import pytest
import torch
from torch.testing import assert_close

from largemodels.data import UNKNOWN, LabelledWindows, Vocabulary, WindowData
from largemodels.models import RecurrentClassifier

# ---- the lag ----


def test_the_answer_is_the_first_symbol_and_no_later_one_is_of_its_kind():
    x, answers = lags.first(7, 500, torch.Generator().manual_seed(0))
    assert x.shape == (500, 8, 8)
    assert torch.equal(x[:, 0].argmax(1), answers)
    assert (x[:, 1:, : lags.SYMBOLS] == 0).all()
    assert min(Counter(answers.tolist()).values()) > 100  # four, about as common


def test_the_answer_is_the_marked_symbol_among_the_first_ten():
    x, answers = lags.marked(7, 500, torch.Generator().manual_seed(0))
    each, place = (x[:, :, lags.SYMBOLS] == 1).nonzero(as_tuple=True)
    assert torch.equal(each, torch.arange(500))  # one mark in each
    assert set(place.tolist()) == set(range(lags.PLACES))
    assert torch.equal(x[each, place, : lags.SYMBOLS].argmax(1), answers)
    assert x.shape == (500, 17, 8)


def test_a_batch_depends_on_the_seed_and_its_number_alone():
    one, same, other = (lags.Remember("first", 5, seed, 9) for seed in (0, 0, 1))
    assert_close(one[3], same[3], atol=0, rtol=0)
    assert not torch.equal(one[3][0], one[4][0])
    assert not torch.equal(one[3][0], other[3][0])
    assert len(one) == 9


def test_networks_begin_as_they_are_named():
    torch.manual_seed(0)
    n = lags.HIDDEN
    weight = lags.build("RNN, orthogonal", 50).layer.weight_hh_l0
    assert_close(weight @ weight.T, torch.eye(n), atol=1e-5, rtol=0)
    identity = lags.build("RNN, identity", 50).layer
    assert torch.equal(identity.weight_hh_l0, torch.eye(n))
    assert identity.nonlinearity == "relu"
    x = torch.zeros(3, 40, 8)
    x[:, 0] = 1
    states = identity(x)[0]
    assert torch.equal(states[:, -1], states[:, 0])  # what came first is kept to the last
    assert (lags.build("LSTM, forget bias 1", 50).layer.bias_ih_l0[n : 2 * n] == 1).all()


@pytest.mark.parametrize("way", ["LSTM, set for the lag", "GRU, set for the lag"])
def test_gates_set_for_a_lag_forget_as_slowly(way):
    torch.manual_seed(0)
    lag, n = 60, lags.HIDDEN
    layer = lags.build(way, lag).layer
    kept = (layer.bias_ih_l0 + layer.bias_hh_l0)[n : 2 * n].detach()
    assert kept.sigmoid().min() >= 0.5
    assert 1 / (1 - kept.sigmoid().max()) <= lag  # steps until a gate has let most of it go
    if way.startswith("LSTM"):
        assert_close((layer.bias_ih_l0 + layer.bias_hh_l0)[:n].detach(), -kept)


def test_a_run_ends_when_the_task_is_solved_or_the_steps_are_used_up():
    solved = lags.measure("first", "GRU", 2, 1e-2, seed=0, steps=600)
    assert solved["steps"] < 600
    assert solved["accuracy"] == 1.0
    early = lags.measure("first", "RNN", 30, 1e-3, seed=0, steps=25)
    assert early["steps"] == 25
    assert early["accuracy"] < 0.9


# ---- ten packages ----


@pytest.fixture
def windows():
    """Return windows of which the first token tells the class."""
    vocabulary = Vocabulary((UNKNOWN, *map(chr, range(33, 69))))
    tokens = torch.randint(4, 37, (96, 12), generator=torch.Generator().manual_seed(0))
    labels = torch.arange(96) % 3
    tokens[:, 0] = labels + 1
    part = LabelledWindows(tokens, labels)
    return WindowData(part, part, ("a", "b", "c"), vocabulary)


def test_the_first_way_is_the_sources_program():
    torch.manual_seed(0)
    theirs = RecurrentClassifier()
    torch.manual_seed(0)
    config = theirs.config
    ours = packages.Network(packages.WAYS["the source's"], config.vocabulary, config.steps, config.classes)
    tokens = torch.randint(config.vocabulary, (3, config.steps))
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    with torch.no_grad():
        assert_close(ours(tokens), theirs(tokens), atol=1e-6, rtol=1e-6)


def test_windows_are_shuffled_each_in_its_own_order_and_hidden_by_chance():
    tokens = torch.arange(1, 101).expand(50, -1)
    shuffled = packages.in_any_order(tokens, torch.Generator().manual_seed(0))
    assert torch.equal(shuffled.sort(1).values, tokens)
    assert len({tuple(row) for row in shuffled.tolist()}) == 50
    hidden = packages.hide_some(tokens, torch.Generator().manual_seed(0))
    assert 0.27 < (hidden == 0).float().mean() < 0.33
    assert torch.equal(hidden[hidden > 0], tokens[hidden > 0])


@pytest.mark.parametrize("name", packages.WAYS)
def test_every_way_is_trained_and_tested_after_each_epoch(name, windows):
    row = packages.measure(name, seed=0, epochs=3, precision="float32", data=windows)
    assert len(row["train_loss"]) == len(row["test_loss"]) == len(row["test_accuracy"]) == 3
    assert row["train_loss"][-1] < row["train_loss"][0]
    lstm = packages.WAYS[name].layer == "LSTM"
    assert ("kept" in row) == lstm


def test_what_is_kept_is_the_product_of_the_forget_gates(windows, monkeypatch):
    monkeypatch.setattr(packages, "DISTANCES", (1, 4))
    torch.manual_seed(0)
    model = packages.Network(packages.Way(), 37, 12, 3)
    with torch.no_grad():
        for parameter in model.recurrent.parameters():
            parameter.zero_()  # every gate is half open
    assert packages.kept(model, windows.test.tokens) == pytest.approx([0.5, 0.5**4], rel=1e-3)
