"""The runs behind the chapter on privacy: who is inside, what is planted, how bounds are counted, what is stored."""

import json
from pathlib import Path

import audit
import canaries
import federated
import forgetting
import private_training
import pytest
import shadow_models
import torch

from largemodels.privacy import epsilon

RESULTS = Path(__file__).resolve().parents[2] / "results"


def stored(name):
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def test_each_network_learns_from_half_and_each_image_is_known_to_half():
    inside = shadow_models.halves(12, 30, torch.Generator().manual_seed(0))
    assert inside.shape == (12, 30)
    assert (inside.sum(1) == 15).all()
    assert (inside.sum(0) == 6).all()
    assert len(inside.unique(dim=0)) == 12


def test_shadow_models_find_members_and_exchanged_lists_find_none(monkeypatch):
    monkeypatch.setattr(shadow_models, "POOL", 60)
    found = shadow_models.measure(0, 16)
    assert found["ratio"]["area"] > 0.55 > 0.53 > found["exchanged"]["area"] > 0.47 - 0.1
    assert len(found["ratio"]["found"]) == len(shadow_models.RATES)
    assert shadow_models.RATES[8] == 0.01


def test_secrets_are_planted_as_often_as_they_say_and_controls_never():
    chance = torch.Generator().manual_seed(1)
    hidden = canaries.secrets(chance)
    assert len({name for name, _, _ in hidden}) == len(hidden) == 7 * 4 + 8
    text = "".join(f"line {i}\n" for i in range(50))
    planted = canaries.planted(text, hidden, chance)
    for name, code, times in hidden:
        assert planted.count(canaries.line(name, code)) == times
        assert times or name not in planted
    assert planted.replace("\n", "").count("line ") == 50
    kept = [row for row in planted.splitlines(keepends=True) if not row.startswith("#")]
    assert "".join(kept) == text


def test_a_threshold_is_chosen_on_one_half_of_the_trials_and_counted_on_the_other():
    members, strangers = torch.randn(400).double() + 3, torch.randn(400).double()
    found = audit.attack(members, strangers, 1e-4)
    assert found["of"] == 200
    assert found["found"] > found["accused"]
    assert found["measured"] > 1
    turned = audit.attack(torch.cat([members[:200], strangers[200:]]), strangers, 1e-4)  # nothing to find in the second
    assert turned["measured"] < 0.3


def test_only_the_example_differs_and_the_control_has_none():
    odd = [audit.trial("odd", 1.0, there, 300, 0) for there in (True, False)]
    assert odd[0].mean() > odd[1].mean() + 0.05
    nobody = [audit.trial("nobody", 1.0, there, 300, 0) for there in (True, False)]
    assert torch.equal(*nobody)  # the same seed here; the program takes two
    quiet = audit.trial("error", 1.0, False, 300, 0)
    assert quiet.std() < odd[1].std() / 5


def test_a_client_alone_and_all_in_one_place_are_measured_too(monkeypatch):
    monkeypatch.setattr(federated, "ROUNDS", 2)
    monkeypatch.setattr(federated, "EPOCHS", (1,))
    rows = federated.measure(0)
    assert [(row["clients"], row["epochs"]) for row in rows] == [
        ("even", 1),
        ("even", "alone"),
        ("uneven", 1),
        ("uneven", "alone"),
        ("one place", 1),
    ]
    assert rows[0]["bytes"] == 2 * 2 * 10 * 4 * (64 * 32 + 32 + 32 * 10 + 10)


def test_nobody_learns_from_digits_that_are_kept_to_test_on():
    people = forgetting.People()
    own = people.form == 3
    rows = people.of(~own, 2)
    assert rows.shape == (2, len(people.y))
    assert not (rows & own).any()
    assert not rows[:, 1::2].any()
    assert rows.sum() == 2 * (people.used & ~own).sum()


def test_a_way_is_told_from_networks_that_never_knew(monkeypatch):
    monkeypatch.setattr(forgetting, "STEPS", 60)
    monkeypatch.setattr(forgetting, "CLIMBS", (30,))
    people = forgetting.People()
    full = forgetting.learn(people, people.form >= 0, 8, 0)
    rows = {row["way"]: row for row in forgetting.measure(people, 3, full, 8)}
    assert list(rows) == ["nothing", "train on", "climb 30", "climb 30, train on", "train anew"]
    assert rows["climb 30"]["area"] < rows["nothing"]["area"]
    assert rows["train anew"]["steps"] == 60


@pytest.mark.parametrize("name", ["shadow-models", "canaries", "audit", "private-training", "federated"])
def test_results_are_of_all_seeds(name):
    kept = stored(name)
    assert {run["seed"] for run in kept["runs"] if "seed" in run} <= set(kept["seeds"])
    assert len(kept["seeds"]) >= 3


def test_stored_epsilons_are_the_accountants():
    for name in ("audit", "private-training"):
        kept = stored(name)
        for run in kept["runs"]:
            if run["epsilon"] is not None:
                expected = epsilon(kept["sampling"], run["noise"], kept["steps"], kept["delta"])
                assert run["epsilon"] == pytest.approx(expected, abs=1e-4)
    assert private_training.DELTA == audit.DELTA == stored("audit")["delta"]
