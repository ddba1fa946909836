"""The ways to train and to make smaller that are compared: what they change, and what they leave."""

import json
from pathlib import Path

import pytest
import savings_after as after
import savings_controls as controls
import savings_ways as ways
import torch

from largemodels.compress import packed_size
from largemodels.data import Text, TextBatches
from largemodels.text import UNKNOWN, Vocabulary

RESULTS = Path(__file__).resolve().parents[2] / "results"


@pytest.fixture(scope="module")
def text():
    vocabulary = Vocabulary((UNKNOWN, *"abcdefgh"))
    tokens = torch.arange(4_000) % 9
    return Text(tokens, tokens[:2_000], vocabulary)


def trained(text, way, steps=3):
    model = ways.build(text, 0)
    return model, list(
        ways.training(model, TextBatches(text.train, 64, 16, steps), way, 0.3 if way.rule == "SGD" else 1e-3)
    )


@pytest.mark.parametrize("name", ["4 pieces", "blocks computed twice", "4 pieces, computed twice"])
def test_what_only_saves_memory_trains_the_same_model(text, name):
    (one, plain), (other, losses) = trained(text, ways.WAYS[ways.BASE]), trained(text, ways.WAYS[name])
    assert losses == pytest.approx(plain, rel=1e-5)
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        assert (p - q).abs().mean() < 1e-5  # where a gradient is nearly 0, Adam makes a step of its rounding


@pytest.mark.parametrize("name", ["SGD", "momentum", "Adam", "Muon", "constant rate", "bfloat16 products"])
def test_every_other_way_changes_it_and_learns(text, name):
    _, plain = trained(text, ways.WAYS[ways.BASE])
    _, losses = trained(text, ways.WAYS[name])
    assert losses != plain
    assert losses[-1] < losses[0]


def test_the_rate_climbs_then_falls_to_zero_or_stays():
    falling, staying = ways.Way(), ways.Way(cosine=False)
    assert ways.share_of_rate(falling, 0.025) == ways.share_of_rate(staying, 0.025) == pytest.approx(0.5)
    assert ways.share_of_rate(falling, 1.0) == pytest.approx(0)
    assert ways.share_of_rate(staying, 1.0) == 1


def test_every_run_takes_as_many_steps_and_the_first_round_is_not_counted():
    taken = {"a": 0, "b": 0}

    def run(name):
        while True:
            taken[name] += 1
            yield 0.0

    seconds = ways.in_turns({name: run(name) for name in taken}, 3 * ways.ROUND)
    assert taken == {"a": 3 * ways.ROUND, "b": 3 * ways.ROUND}
    assert [len(each) for each in seconds.values()] == [2, 2]


def test_pruned_weights_stay_zero_while_the_model_goes_on(text):
    few = after.settle(after.go_on(after.pruned(ways.build(text, 0), 0.5), text, 0, 1e-2, steps=2))
    for name in after.layers(few):
        assert (few.get_submodule(name).weight == 0).double().mean() >= 0.5
    whole = sum(p.nbytes for p in few.parameters())
    assert packed_size(few) < 0.65 * whole


def test_narrowed_models_have_half_of_the_units(text):
    few = after.narrowed(ways.build(text, 0), 0.5)
    assert few.blocks[0].mlp.expand.out_features == 2 * ways.SIZES["width"]
    assert few(text.train[None, :8]).shape == (1, 8, 9)


def test_the_stored_runs_are_those_of_the_program():
    stored = json.loads((RESULTS / "savings.json").read_text(encoding="utf-8"))
    assert stored["model"] == ways.SIZES
    assert set(stored["ways"]) == set(ways.WAYS)
    for rule, found in stored["rates"].items():
        assert {float(rate) for rate in found} == set(ways.RATES[rule])
        assert min(found, key=found.get) not in (min(found, key=float), max(found, key=float)), rule
    rows = stored["runs"]
    assert len({(row["group"], row["way"], row["seed"]) for row in rows}) == len(rows)
    assert {row["seed"] for row in rows} == {0, 1, 2}


def test_a_rate_for_blocks_and_one_for_the_rest_reach_every_weight_once(text):
    model = ways.build(text, 0)
    (adam,) = controls.two_rates(model, 1e-3, 2e-3)
    inside = {id(p) for p in model.blocks.parameters() if p.ndim > 1}
    rates = {id(p): group["lr"] for group in adam.param_groups for p in group["params"]}
    assert rates == {id(p): 1e-3 if id(p) in inside else 2e-3 for p in model.parameters()}


def test_one_rate_for_both_is_the_way_that_all_are_compared_with(text):
    plain, _ = trained(text, ways.WAYS[ways.BASE])
    other = ways.build(text, 0)
    for _ in ways.training(
        other, TextBatches(text.train, 64, 16, 3), ways.Way(), 0.0, taking=controls.two_rates(other, 1e-3, 1e-3)
    ):
        pass
    for p, q in zip(plain.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p, q)
