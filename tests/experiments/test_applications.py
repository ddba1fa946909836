"""The programs of the applications: nothing of the future or of held-out rows gets in; runs write what is read."""

import json

import clinical
import torch
import tracing
import traffic as traffic_program

from largemodels.data import Learners, learners, patients, traffic
from largemodels.data.traffic import DAY, WEEK
from largemodels.train import backtest


def test_a_patient_held_out_changes_no_chance_of_another():
    data = patients()
    some = torch.arange(0, 9105, 25)
    features, died = clinical.logged(data.features, data.names)[some], data.died[some]
    learn, test = torch.arange(0, 300), torch.arange(300, len(some))
    changed, other = features.clone(), died.clone()
    changed[test[1:]], other[test] = 1e3, ~died[test]
    for model in (clinical.by_logistic, clinical.by_one, clinical.by_network):
        one = clinical.foretold(model, features, died, learn, test[:1], 0)
        assert torch.equal(one, clinical.foretold(model, changed, other, learn, test[:1], 0))


def test_each_patient_is_held_out_once():
    died = torch.arange(50) % 2 == 0
    seen = []

    def model(x, y, new, seed):
        seen.append((len(x), len(new)))
        return torch.zeros(len(new), dtype=torch.float64)

    chances = clinical.crossed(model, torch.randn(50, 3), died, 0, 17)
    assert seen == [(17, 10)] * 5
    assert torch.equal(chances, torch.zeros(50, dtype=torch.float64))


def test_differences_of_a_model_with_itself_are_0():
    chances, died = torch.rand(80, dtype=torch.float64), torch.rand(80) < 0.4
    assert clinical.difference([chances], [chances], died)["area"] == [0, 0, 0]


def test_the_future_changes_no_forecast():
    """Weights and forecasts at an origin are the same, whatever comes after it."""
    series, origin = traffic(), 12 * WEEK
    changed = series.cars.clone()
    changed[origin:] = 1e6
    models = [traffic_program.trained(cars[:origin], series.holiday, 0, epochs=1) for cars in (series.cars, changed)]
    for one, other in zip(*(model.parameters() for model in models), strict=True):
        assert torch.equal(one, other)
    for forecast in (traffic_program.by_rule(series, series.holiday), traffic_program.by_ridge(series.holiday)):
        errors = [backtest(cars, range(origin, origin + 1), WEEK, forecast) for cars in (series.cars, changed)]
        right = [
            cars[origin : origin + WEEK] - error for cars, error in zip((series.cars, changed), errors, strict=True)
        ]
        torch.testing.assert_close(right[0], right[1], rtol=0, atol=0.1)


def test_a_network_learns_from_weeks_that_were_over():
    series = traffic()
    inputs, answers = traffic_program.weeks(series.cars[: 11 * WEEK], series.holiday)
    assert inputs.shape == (15, 9, WEEK)
    torch.testing.assert_close(answers[0], series.cars[10 * WEEK : 11 * WEEK] / 1000)
    torch.testing.assert_close(inputs[0, 0], series.cars[9 * WEEK : 10 * WEEK] / 1000)
    torch.testing.assert_close(inputs[1, 0], series.cars[9 * WEEK - DAY : 10 * WEEK - DAY] / 1000)


def test_the_rule_takes_a_holiday_for_a_sunday():
    series = traffic()
    origin = 275 * DAY  # Monday, 3 July 2017
    forecast = traffic_program.by_rule(series, series.holiday)(series.cars[:origin], WEEK).view(7, DAY)
    assert torch.equal(forecast[1], forecast[6])
    assert not torch.equal(forecast[1], forecast[2])


def test_a_learner_is_foretold_without_the_answers_to_come():
    old, new = learners("switches", 20), learners("switches", 6, 1)
    later = new.right.clone()
    later[:, 25:] = 1 - later[:, 25:]
    changed = Learners(new.skill, later, new.chance)
    for name, way in tracing.WAYS.items():
        one, other = way(old, new, 0), way(old, changed, 0)
        torch.testing.assert_close(one[:, :26], other[:, :26], msg=name)


def test_a_small_run_of_learners_is_written(tmp_path):
    assert tracing.main(["--seeds", "0", "--counts", "20", "--out", str(tmp_path / "tracing.json")]) == 0
    runs = json.loads((tmp_path / "tracing.json").read_text(encoding="utf-8"))["runs"]
    assert len(runs) == 2 * 5
    best = {run["world"]: run["loss"] for run in runs if run["way"] == "truth"}
    assert all(run["loss"] >= best[run["world"]] for run in runs)
