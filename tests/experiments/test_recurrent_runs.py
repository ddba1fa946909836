"""The full-size runs of the RNN chapter: tasks that ask what they claim to, and networks that differ as named."""

import os
from collections import Counter

import lag_tasks
import lags
import packages
import pytest
import results
import torch
from torch.testing import assert_close

from largemodels.data import LabelledWindows, WindowData
from largemodels.models import RecurrentClassifier
from largemodels.text import UNKNOWN, Vocabulary
from largemodels.train import Recipe, fit

# ---- the lag ----


def test_the_answer_is_the_first_symbol_and_no_later_one_is_of_its_kind():
    x, answers = lag_tasks.first(7, 500, torch.Generator().manual_seed(0))
    assert x.shape == (500, 8, 8)
    assert torch.equal(x[:, 0].argmax(1), answers)
    assert (x[:, 1:, : lag_tasks.SYMBOLS] == 0).all()
    assert min(Counter(answers.tolist()).values()) > 100  # four, about as common


def test_the_answer_is_the_marked_symbol_among_the_first_ten():
    x, answers = lag_tasks.marked(7, 500, torch.Generator().manual_seed(0))
    each, place = (x[:, :, lag_tasks.SYMBOLS] == 1).nonzero(as_tuple=True)
    assert torch.equal(each, torch.arange(500))  # one mark in each
    assert set(place.tolist()) == set(range(lag_tasks.PLACES))
    assert torch.equal(x[each, place, : lag_tasks.SYMBOLS].argmax(1), answers)
    assert x.shape == (500, 17, 8)


def test_a_batch_depends_on_the_seed_and_its_number_alone():
    one, same, other = (lag_tasks.Remember("first", 5, seed, 9) for seed in (0, 0, 1))
    assert_close(one[3], same[3], atol=0, rtol=0)
    assert not torch.equal(one[3][0], one[4][0])
    assert not torch.equal(one[3][0], other[3][0])
    assert len(one) == 9


def test_networks_begin_as_they_are_named():
    torch.manual_seed(0)
    n = lag_tasks.HIDDEN
    weight = lag_tasks.build("RNN, orthogonal", 50).layer.weight_hh_l0
    assert_close(weight @ weight.T, torch.eye(n), atol=1e-5, rtol=0)
    identity = lag_tasks.build("RNN, identity", 50).layer
    assert torch.equal(identity.weight_hh_l0, torch.eye(n))
    assert identity.nonlinearity == "relu"
    x = torch.zeros(3, 40, 8)
    x[:, 0] = 1
    states = identity(x)[0]
    assert torch.equal(states[:, -1], states[:, 0])  # what came first is kept to the last
    assert (lag_tasks.build("LSTM, forget bias 1", 50).layer.bias_ih_l0[n : 2 * n] == 1).all()


@pytest.mark.parametrize("way", ["LSTM, set for the lag", "GRU, set for the lag"])
def test_gates_set_for_a_lag_forget_as_slowly(way):
    torch.manual_seed(0)
    lag, n = 60, lag_tasks.HIDDEN
    layer = lag_tasks.build(way, lag).layer
    kept = (layer.bias_ih_l0 + layer.bias_hh_l0)[n : 2 * n].detach()
    assert kept.sigmoid().min() >= 0.5
    assert 1 / (1 - kept.sigmoid().max()) <= lag  # steps until a gate has let most of it go
    if way.startswith("LSTM"):
        assert_close((layer.bias_ih_l0 + layer.bias_hh_l0)[:n].detach(), -kept)


def test_a_run_ends_when_the_task_is_solved_or_the_steps_are_used_up():
    solved = lags.measure(lags.Run("first", "GRU", 2, 1e-2, seed=0, limit=600))
    assert solved["steps"] < 600
    assert solved["accuracy"] == 1.0
    early = lags.measure(lags.Run("first", "RNN", 30, 1e-3, seed=0, limit=25))
    assert early["steps"] == 25
    assert early["accuracy"] < 0.9


def test_without_a_choice_of_adam_a_run_is_that_of_fit():
    def fresh():
        torch.manual_seed(0)
        return lag_tasks.build("LSTM", 9), lag_tasks.Remember("first", 9, 0, 20)

    ours = list(lags.train(*fresh(), 1e-2, fused=True))
    theirs = [step.loss for step in fit(*fresh(), Recipe(1e-2, clip=1.0), progress=False)]
    assert ours == theirs  # to the last bit
    assert len(ours) == 20
    unfused = list(lags.train(*fresh(), 1e-2, fused=False))
    assert_close(torch.tensor(unfused[:3]), torch.tensor(ours[:3]), atol=1e-5, rtol=0)


def test_an_arithmetic_is_set_before_torch_starts_and_only_there():
    before = dict(os.environ)
    with lags.process("AVX2") as worker:
        assert worker.submit(torch.backends.cpu.get_cpu_capability).result() in ("AVX2", "DEFAULT")
    assert dict(os.environ) == before


def test_the_plan_makes_no_run_twice_and_some_with_every_arithmetic():
    plan = lags.planned()
    assert len(set(plan)) == len(plan)
    for way, lag, rate, seeds, limit in lags.AGAIN:
        for arithmetic in lags.ARITHMETIC:
            found = {run.seed for run in plan if run[:4] + run[5:] == ("first", way, lag, rate, limit, arithmetic)}
            assert found >= set(range(seeds))


def test_runs_are_kept_if_they_are_of_this_machine(tmp_path):
    head, row = {"hardware": "ours", "torch": "1"}, {**lags.Run("first", "RNN", 5, 1e-2, 0, 9)._asdict(), "steps": 9}
    results.write(tmp_path / "lags.json", head, [row])
    assert lags.made(tmp_path / "lags.json", head) == {lags.Run("first", "RNN", 5, 1e-2, 0, 9): row}
    assert lags.made(tmp_path / "none.json", head) == {}
    with pytest.raises(ValueError, match="hardware ours, this is theirs; give --fresh"):
        lags.made(tmp_path / "lags.json", {**head, "hardware": "theirs"})


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
    row = packages.measure(name, 1e-3, seed=0, epochs=3, precision="float32", data=windows)
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


def test_runs_of_another_training_are_not_kept(tmp_path):
    head = {"hardware": "ours", "torch": "1", "training": "long"}
    rows = [
        {"way": "no LSTM", "learning_rate": 0.01, "seed": 2},
        {"way": "none of these", "learning_rate": 1, "seed": 0},
    ]
    results.write(tmp_path / "packages.json", head, rows)
    assert packages.made(tmp_path / "packages.json", head) == {("no LSTM", 0.01, 2): rows[0]}
    with pytest.raises(ValueError, match="training 'long', this is 'short'; give --fresh"):
        packages.made(tmp_path / "packages.json", {**head, "training": "short"})
