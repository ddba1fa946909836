"""What is noted of mixtures of experts is what their routers and losses say."""

import json
import math
from pathlib import Path

import experts
import pytest
import torch

from largemodels.data import source_code

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder, scored = tmp_path_factory.mktemp("experts"), experts.SCORED
    experts.SCORED = 4000
    try:
        assert experts.main(["--seeds", "3", "1", "--steps", "2", "--out", str(folder)]) == 0
        path = folder / "experts.json"
        first = path.read_text(encoding="utf-8")
        assert experts.main(["--seeds", "3", "1", "--steps", "2", "--out", str(folder)]) == 0
        assert json.loads(path.read_text(encoding="utf-8")) == json.loads(first)  # what is there is not made again
    finally:
        experts.SCORED = scored
    return json.loads(first)


def test_runs_of_all_ways_and_seeds_are_recorded(result):
    assert [(run["seed"], run["way"]) for run in result["runs"]] == [(s, way) for s in (3, 1) for way in experts.WAYS]
    for run in result["runs"]:
        assert 2 < run["nats"] < math.log(97) + 0.5
        if run["way"] == "dense, as many active":
            assert run["lead"] == [0, 0]
        if run["way"].startswith("experts"):
            assert all(sum(row) == pytest.approx(1, abs=1e-3) for row in run["loads"])
            assert all(sum(map(sum, layer)) == 4000 // 128 * 128 for layer in run["first_choices"])
            assert run["explained"] != run["explained_untrained"]


def test_the_sizes_are_what_their_names_say(result):
    size = {run["way"]: (run["parameters"], run["active"]) for run in result["runs"]}
    routers = experts.LAYERS * experts.WIDTH * experts.EXPERTS
    assert size["experts, balanced"] == size["experts, not balanced"]
    assert size["experts, balanced"][0] == size["dense, as many in all"][0] + routers
    assert size["experts, balanced"][1] == size["dense, as many active"][1] + routers
    assert size["dense, as many in all"][0] == size["dense, as many in all"][1]


def test_the_balance_loss_makes_the_loads_more_even():
    text, found = source_code(), {}
    for balance in (0.0, 1.0):
        torch.manual_seed(0)
        model = experts.build("experts, balanced", len(text.vocabulary))
        experts.train(model, experts.TextBatches(text.train, 32, 8, 30), balance)
        loads = torch.tensor(
            experts.routed(model, experts.Text(text.train, text.validation[:4000], text.vocabulary))["loads"]
        )
        found[balance] = loads.max(1).values.mean().item()
    assert found[1.0] < 0.8 * found[0.0]


def test_what_is_known_before_training_is_measured_on_the_same_weights_and_changes_nothing_drawn_later():
    text = source_code()
    text = experts.Text(text.train, text.validation[:4000], text.vocabulary)
    torch.manual_seed(0)
    model = experts.build("experts, balanced", len(text.vocabulary))
    state = torch.random.get_rng_state()
    found = experts.before_training(model, text)
    assert torch.equal(torch.random.get_rng_state(), state)
    measured = experts.routed(model, text)
    for name in ("explained", "explained_by_character"):
        assert found[f"{name}_untrained"] == measured[name]


def test_what_is_explained_is_the_share_of_the_entropy():
    a = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    assert experts.explained(a, a) == pytest.approx(1)
    assert experts.explained(a, a // 2) == pytest.approx(1)
    assert experts.explained(a // 2, a) == pytest.approx(0.5)
    assert experts.explained(a, torch.tensor([0, 1] * 4)) == pytest.approx(0, abs=1e-9)


def test_every_symbol_has_a_kind():
    kinds = [*experts.KINDS, "other"]
    found = [kinds[experts.kind(symbol)] for symbol in '\n aZ0_["+']
    assert found == kinds


def test_the_committed_result_is_what_the_program_says_it_makes():
    result = json.loads((ROOT / "results" / "experts.json").read_text(encoding="utf-8"))
    assert result["experts"] == {"experts": 8, "active": 2, "hidden": experts.HIDDEN, "balance": experts.BALANCE}
    assert [(run["seed"], run["way"]) for run in result["runs"]] == [
        (seed, way) for seed in result["seeds"] for way in experts.WAYS
    ]
    assert len(result["seeds"]) >= 3
    assert result["scored"] == experts.SCORED
    torch.manual_seed(result["seeds"][0])
    text = source_code()
    found = experts.before_training(experts.build(experts.WAYS[0], len(text.vocabulary)), text)
    for name, values in found.items():
        assert result["runs"][0][name] == pytest.approx(values, abs=0.01)
