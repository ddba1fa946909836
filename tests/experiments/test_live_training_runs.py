"""How soon the networks of the page learn: what counts as learned, which runs are planned, and what is kept of them."""

import json
import sys
from pathlib import Path

import live_training
import pytest
import torch

RESULTS = Path(__file__).resolve().parents[2] / "results/live_training.json"


def test_learned_is_the_first_step_at_which_the_mean_of_twenty_is_small():
    sudden = [torch.tensor([1.0])] * 30 + [torch.tensor([0.05])] * 30
    # the mean of k of 0.05 and 20 - k of 1 is below 0.1 from k = 19 on
    assert live_training.learned(sudden) == [49]
    assert live_training.learned([torch.tensor([0.05])] * 40) == [live_training.MEAN]
    assert live_training.learned([torch.tensor([0.05])] * 19) == [None]  # too few for a mean
    assert live_training.learned([torch.tensor([0.2])] * 40) == [None]


def test_two_networks_are_told_apart_and_the_run_ends_when_both_have_learned():
    def losses():
        for step in range(1, 1000):
            assert step <= 59, "both had learned"
            yield torch.tensor([0.05 if step > 20 else 1.0, 0.05 if step > 40 else 1.0])

    assert live_training.learned(losses()) == [39, 59]


def test_every_run_is_planned_once_and_begins_with_the_seed_of_the_page():
    plan = live_training.planned()
    assert len({json.dumps(run) for run in plan}) == len(plan)
    assert {run["task"] for run in plan} == {"remember", "copy"}
    assert {run["seed"] for run in plan} == set(range(1, 11))
    rates = {run["rate"] for run in plan if run["task"] == "copy"}
    assert rates == {0.0032, 0.0316}


@pytest.mark.parametrize("task", ["remember", "copy"])
def test_a_run_is_that_of_the_page(monkeypatch, task):
    monkeypatch.setattr(live_training, "MOST", 25)
    monkeypatch.setattr(live_training, "ENOUGH", 9.0)  # the first mean counts
    run = next(run for run in live_training.planned() if run["task"] == task)
    names = {"remember": ("rnn", "lstm"), "copy": ("head",)}[task]
    assert live_training.measure(run) == run | dict.fromkeys(names, live_training.MEAN)


def test_runs_that_the_file_has_are_kept_and_those_of_another_machine_refused(tmp_path, monkeypatch, capsys):
    out = tmp_path / "live.json"
    plan = [{"task": "remember", "lag": lag, "start": "as torch makes it", "seed": 1} for lag in (4, 6)]
    made = []
    monkeypatch.setattr(live_training, "planned", lambda: plan)
    monkeypatch.setattr(live_training, "measure", lambda run: made.append(run) or {**run, "rnn": None, "lstm": 77})
    monkeypatch.setattr(sys, "argv", ["live_training.py", "--out", str(out)])
    assert live_training.main() == 0
    assert made == plan
    first = json.loads(out.read_text(encoding="utf-8"))
    assert [run["lstm"] for run in first["runs"]] == [77, 77]
    assert live_training.main() == 0
    assert made == plan  # nothing was run again
    assert json.loads(out.read_text(encoding="utf-8")) == first

    out.write_text(json.dumps(first | {"torch": "0.1"}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"made with torch 0\.1.*give --fresh"):
        live_training.main()
    assert "77" in capsys.readouterr().out


def test_the_stored_runs_are_all_that_are_planned():
    stored = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert [{k: v for k, v in run.items() if k not in ("rnn", "lstm", "head")} for run in stored["runs"]] == (
        live_training.planned()
    )
    for run in stored["runs"]:
        for name in {"rnn", "lstm", "head"} & set(run):
            assert run[name] is None or live_training.MEAN <= run[name] <= live_training.MOST
