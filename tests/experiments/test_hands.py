"""The tool that compares known hands with new ones: no form on both sides, each digit asked about once."""

import json

import hands
import numpy as np
import pytest
import torch
from scipy.stats import binomtest, norm

from largemodels.data import digit_forms, digit_split, digits


def run_of(name, hands_="new", fold=0, seed=3, shifts=False):
    return {"method": name, "shifts": shifts, "hands": hands_, "fold": fold, "seed": seed}


def test_the_plan_has_each_run_once_and_repeats_only_what_is_random():
    plan = [tuple(run.values()) for run in hands.plan(["SVM with RBF kernel", "ViT"], [0, 1, 2])]
    assert len(set(plan)) == len(plan) == 2 * 5 * (1 + 3) + 2 * 5 * (3 + 3)
    assert {seed for name, shifts, *_, seed in plan if name.startswith("SVM") and not shifts} == {None}


@pytest.mark.parametrize("kind", ["known", "new"])
def test_wrong_rows_are_those_that_the_method_got_wrong(kind):
    """Checked against scikit-learn itself, on the rows of its own data set."""
    (row,) = hands.measure(run_of("nearest neighbour", kind, fold=2))
    data, tested = digits(held_out=hands.HANDS[kind], fold=2), digit_split(hands.HANDS[kind], 2)[1]
    apart = torch.cdist(data.test.images.flatten(1), data.train.images.flatten(1))
    wrong = data.train.labels[apart.argmin(1)] != data.test.labels
    assert row["wrong"] == sorted(tested[wrong.numpy()].tolist())
    assert len(row["wrong"]) > 0
    assert row["epochs"] is None


def test_a_network_is_asked_while_it_learns_and_learns_as_if_it_were_not(monkeypatch):
    make, recipe, _ = hands.NETWORKS["ConvNet"]
    found = []
    for asked in ((1, 2), (2,)):
        monkeypatch.setitem(hands.NETWORKS, "ConvNet", (make, recipe, asked))
        found.append({row["epochs"]: row["wrong"] for row in hands.measure(run_of("ConvNet", shifts=True))})
    assert set(found[0]) == {1, 2}
    assert found[0][2] == found[1][2] != found[0][1]
    assert set(digit_forms()[found[0][2]]) <= set(digit_forms()[digit_split("forms")[1]])


def test_shifted_copies_are_shifted_and_keep_their_labels(monkeypatch):
    given = []

    class Spy:
        def fit(self, x, y):
            given.extend([x, y])
            return self

        def predict(self, x):
            return np.zeros(len(x), int)

    monkeypatch.setitem(hands.OTHERS, "nearest neighbour", Spy)
    data = digits()
    list(hands.without("nearest neighbour", data.train, data.test.images, shifts=True, seed=0))
    x, y = given
    n = len(data.train)
    assert x.shape == (3 * n, 784)
    assert np.array_equal(y, np.tile(data.train.labels.numpy(), 3))
    assert np.array_equal(x[:n], data.train.images.flatten(1).numpy())
    moved = x[n : 2 * n].reshape(n, 28, 28)
    ink = moved.sum((1, 2)) / x[:n].sum(1)
    assert 0.9 < ink.mean() <= 1 < 1 + (moved != x[:n].reshape(n, 28, 28)).any((1, 2)).mean()
    assert not np.array_equal(x[n : 2 * n], x[2 * n :])


def test_the_interval_of_known_hands_is_the_binomial_one():
    right = np.ones(1797)
    right[:180] = 0
    low, high = hands.interval(right, "known")
    exact = binomtest(1617, 1797).proportion_ci(0.95, "wilson")
    assert low == pytest.approx(exact.low, abs=1e-3)
    assert high == pytest.approx(exact.high, abs=1e-3)


def test_the_interval_of_new_hands_is_as_wide_as_forms_differ():
    """Forms that are read wholly or not at all count as 14 answers; digits that fail anywhere, as 1,797."""
    chance = np.random.default_rng(0)
    hidden, covered = norm(0.95, 0.03), []
    for _ in range(300):
        by_form = hidden.rvs(14, random_state=chance).clip(0, 1)
        right = (chance.random(1797) < by_form[digit_forms()]).astype(float)
        low, high = hands.interval(right, "new")
        covered.append(low < 0.95 < high)
    assert 0.9 < np.mean(covered) < 0.99  # of 95 % intervals
    low, high = hands.interval((digit_forms() != 4).astype(float), "new")
    assert high - low > 5 * np.subtract(*hands.interval((digit_forms() != 4).astype(float), "known")[::-1])


def test_a_file_is_added_to_and_sums_up_what_is_complete(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(hands, "FOLDS", range(2))
    make, recipe, _ = hands.NETWORKS["ConvNet"]
    monkeypatch.setitem(hands.NETWORKS, "ConvNet", (make, recipe, (1,)))
    out = tmp_path / "hands.json"
    assert hands.main(["--methods", "nearest neighbour", "--seeds", "0", "--out", str(out)]) == 0
    first = json.loads(out.read_text(encoding="utf-8"))
    assert len(first["runs"]) == 2 * 2 * 2
    assert [(row["shifts"], row["hands"]) for row in first["summary"]] == [
        (s, h) for s in (False, True) for h in ("known", "new")
    ]
    wrong = sum(len(run["wrong"]) for run in first["runs"] if not run["shifts"] and run["hands"] == "new")
    assert first["summary"][1]["accuracy"] == pytest.approx(1 - wrong / 1797, abs=1e-5)

    hands.save(out, list(hands.measure(run_of("ConvNet", fold=1))))
    second = json.loads(out.read_text(encoding="utf-8"))
    assert second["runs"][:8] == first["runs"]
    assert second["runs"][8]["method"] == "ConvNet"
    assert second["summary"] == first["summary"], "one fold of two is no figure yet"
    monkeypatch.setattr(hands, "measure", lambda run: pytest.fail(f"{run} was measured already"))
    assert hands.main(["--methods", "nearest neighbour", "--seeds", "0", "--out", str(out)]) == 0
