"""The runs behind the answers on trust: who is inside, what is resampled, how MNIST is prepared, what is stored."""

import json
from pathlib import Path

import calibration
import drift
import membership
import membership_controls as controls
import numpy as np
import pytest
import torch

from largemodels.data import Labelled, digit_forms, digits_in_order, facts, made_up

RESULTS = Path(__file__).resolve().parents[2] / "results"


def stored(name):
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("inside", membership.INSIDE)
def test_each_model_has_as_many_forms_and_each_form_enough_models_on_both_sides(inside):
    for seed in membership.SEEDS:
        chance = torch.Generator().manual_seed(100 * seed + inside)
        lists = membership.members(membership.MODELS, inside, chance)
        assert (lists.sum(1) == inside).all()
        assert min(lists.sum(0).min(), (~lists).sum(0).min()) >= 5  # the attack needs three


def test_models_learn_from_every_other_digit_of_their_forms_alone(monkeypatch):
    seen = []

    def noted(data, rows, seed):
        seen.append(rows)
        yield 1, torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(membership.SIZE**2, 10))

    monkeypatch.setattr(membership, "EPOCHS", (1,))
    monkeypatch.setattr(membership, "trained", noted)
    (found,) = membership.measure(7, 0, 8)
    form = digit_forms()
    for rows, members in zip(seen, found["members"], strict=True):
        assert (rows % 2 == 0).all()
        assert sorted(set(form[rows].tolist())) == members
        assert len(rows) == sum(int((form[::2] == f).sum()) for f in members)


def test_labels_are_shuffled_once_for_all_models_of_a_seed(monkeypatch):
    seen = []

    def noted(data, rows, seed):
        seen.append((data.labels, rows))
        yield 1, torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(membership.SIZE**2, 10))

    monkeypatch.setattr(controls, "EPOCHS", (1,))
    monkeypatch.setattr(controls, "trained", noted)
    (found,) = controls.with_shuffled_labels(0, 8)
    labels = digits_in_order(8).labels
    assert all(torch.equal(each, seen[0][0]) for each, _ in seen)
    assert (seen[0][0] != labels).double().mean() > 0.8
    assert torch.equal(seen[0][0].bincount(), labels.bincount())
    form = digit_forms()
    for (_, rows), members in zip(seen, found["members"], strict=True):
        assert (rows % 2 == 0).all()
        assert sorted(set(form[rows].tolist())) == members


def test_each_image_of_a_pool_is_learned_by_half_of_the_models():
    lists = controls.halves(16, 211, torch.Generator().manual_seed(0))
    assert (lists.sum(0) == 8).all()
    assert lists.sum(1).double().std() > 0  # but no model has every second image


def test_what_the_file_has_is_not_measured_again(monkeypatch, tmp_path):
    measured = []

    def parts(seeds, models):
        def measure(seed):
            measured.append(seed)
            single = {"area": 0.5}
            return [{"seed": seed, "kind": "shuffled labels", "accuracy": [0.1], "images by ratio": single}]

        return {(seed, "shuffled labels", None, None): lambda seed=seed: measure(seed) for seed in seeds}

    monkeypatch.setattr(controls, "parts", parts)
    for seeds in (["1"], ["0", "1", "2"]):
        assert controls.main(["--seeds", *seeds, "--out", str(tmp_path / "found.json")]) == 0
    assert measured == [1, 0, 2]
    runs = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["runs"]
    assert [run["seed"] for run in runs] == [0, 1, 2]


def test_the_controls_that_are_stored_are_all_that_there_are():
    runs = stored("membership-controls")["runs"]
    wanted = controls.parts(membership.SEEDS, membership.MODELS)
    assert {(run["seed"], run["kind"], run.get("arm"), run.get("size")) for run in runs} == set(wanted)
    assert {run["epochs"] for run in runs if run["kind"] == "shuffled labels"} == set(membership.EPOCHS)


def test_new_hands_are_resampled_whole():
    form = digit_forms()
    rows = calibration.resampled("new", 1).numpy()
    times = np.bincount(rows, minlength=len(form))
    assert all(len(set(times[form == f])) == 1 for f in range(14))
    assert len(calibration.resampled("known", 1)) == len(form)


def test_mnist_is_cut_out_scaled_and_counted_as_the_digits_were():
    image = torch.zeros(2, 1, 28, 28)
    image[0, 0, 4:24, 12:16] = 1  # a stroke, 20 high and 4 wide
    image[1, 0, 10:15, 3:8] = 0.9  # a square dot
    found = drift.mnist_digits(Labelled(image, torch.tensor([1, 0]))).images
    assert found.shape == (2, 1, drift.SIZE, drift.SIZE)
    assert found[1].min() == 1  # the dot fills all
    columns = found[0, 0].mean(0)
    assert (found[0, 0] == found[0, 0, :1]).all()  # from top to bottom
    assert columns.sum() == pytest.approx(drift.SIZE * 6 / 32, rel=0.1)  # a fifth as wide as high: 6 of 32
    assert torch.allclose(columns, columns.flip(0), atol=0.01)  # and in the middle


def test_fine_tuning_leaves_the_model_as_it_was():
    data = drift.part(digits_in_order(drift.SIZE), torch.arange(100))
    torch.manual_seed(0)
    model = drift.ConvNet(drift.ConvNetConfig(size=drift.SIZE))
    before = [p.clone() for p in model.parameters()]
    after = drift.tuned(model, data, data, 0)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(before, after.parameters(), strict=True))


def test_known_digits_are_cut_into_three_parts_that_share_none():
    data = digits_in_order(8)
    marked = Labelled(torch.arange(len(data)), data.labels)
    parts = drift.split(marked, 5)
    assert [len(p) for p in parts] == [len(data) - 2 * drift.KEPT, drift.KEPT, drift.KEPT]
    assert len(set(torch.cat([p.images for p in parts]).tolist())) == len(data)


def test_the_answers_that_are_stored_are_to_the_questions_that_there_are():
    rows, questions = stored("facts")["questions"], [*facts(), *made_up()]
    assert [row["question"] for row in rows] == [fact.question for fact in questions]
    assert [tuple(row["accepted"]) for row in rows] == [fact.accepted for fact in questions]


def test_the_runs_of_all_seeds_are_stored():
    runs = stored("membership")["runs"]
    assert {(r["inside"], r["seed"], r["epochs"]) for r in runs} == {
        (n, seed, epochs) for n in membership.INSIDE for seed in membership.SEEDS for epochs in membership.EPOCHS
    }
    assert {(r["hands"], r["seed"]) for r in stored("calibration")["runs"]} == {
        (hands, seed) for hands in calibration.HANDS for seed in calibration.SEEDS
    }
    found = stored("drift")
    assert [(r["seed"], r["form"]) for r in found["hands"]] == [(s, f) for s in drift.SEEDS for f in range(14)]
    assert [r["seed"] for r in found["mnist"]] == list(drift.SEEDS)


def test_a_stored_diagram_holds_every_digit_and_the_accuracy():
    run = stored("calibration")["runs"][0]
    diagram = run["before"]["diagram"]
    assert sum(diagram["count"]) == 1797
    right = sum(share * n for share, n in zip(diagram["right"], diagram["count"], strict=True))
    assert right / 1797 == pytest.approx(run["accuracy"], abs=1e-4)
