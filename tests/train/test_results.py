"""Results are gathered from finished runs that differ in their seed alone."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from statistics import stdev

import pytest

TOOL = Path(__file__).parents[2] / "experiments" / "results.py"
spec = importlib.util.spec_from_file_location("results", TOOL)
results = importlib.util.module_from_spec(spec)
spec.loader.exec_module(results)


def write(folder, seed, accuracy, **changes):
    line = {"epoch": 1, "loss": 0.5, "test_loss": 0.4, "test_accuracy": accuracy, "seconds": 3.0, "cpu_seconds": 2.0}
    run = {
        "command": f"python -m largemodels.train cnn --data mnist --seed {seed} --out '/a b/{seed}'",
        "model": {"name": "cnn", "parameters": 7},
        "recipe": {},
        "hardware": "one",
        "processes": 1,
        "torch": "2",
        "seed": seed,
        "accuracy": accuracy,
        "loss": 0.4,
        "seconds": 3.0,
        "cpu_seconds": 2.0,
        "epochs": [line],
        **changes,
    }
    (folder / str(seed)).mkdir(parents=True)
    (folder / str(seed) / "metrics.json").write_text(json.dumps(run), encoding="utf-8")


def test_the_seeds_are_gathered_with_mean_and_spread(tmp_path):
    for seed, accuracy in ((2, 0.75), (0, 0.5), (1, 0.25)):
        write(tmp_path / "runs" / "mnist-cnn", seed, accuracy)
    (tmp_path / "README.md").write_text(
        f"before\n{results.TABLE[0]}\nold\n{results.TABLE[1]}\nafter\n", encoding="utf-8"
    )
    command = [sys.executable, TOOL, tmp_path / "runs" / "mnist-cnn", "--results", tmp_path]
    subprocess.run(command, check=True)
    first = (tmp_path / "README.md").read_text(encoding="utf-8")
    subprocess.run(command, check=True)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == first

    found = json.loads((tmp_path / "mnist-cnn.json").read_text(encoding="utf-8"))
    assert found["seeds"] == [0, 1, 2]
    assert found["accuracy"] == [0.5, 0.25, 0.75]
    assert found["mean_accuracy"] == 0.5
    assert found["standard_deviation"] == stdev([0.5, 0.25, 0.75])
    assert found["command"] == "python -m largemodels.train cnn --data mnist --seed SEED"
    assert found["epochs"][0]["test_accuracy"] == [0.5, 0.25, 0.75]
    assert found["epochs"][0]["epoch"] == 1
    assert "| 50.00% (25.00% to 75.00%) | 3 | 7 | 2 |" in first
    assert first.startswith("before\n")
    assert first.endswith("\nafter\n")
    assert "old" not in first


def test_runs_that_differ_in_more_than_the_seed_are_refused(tmp_path):
    write(tmp_path, 0, 0.5)
    with pytest.raises(ValueError, match="two or more seeds"):
        results.gather(tmp_path)
    write(tmp_path, 1, 0.5, torch="3")
    with pytest.raises(ValueError, match=r"seeds 0 and 1 in .* differ in torch"):
        results.gather(tmp_path)


@pytest.mark.parametrize(
    ("name", "lists"),
    [
        *[(name, ["runs"]) for name in ("features", "first-layers", "spoken-digits", "calibration", "membership")],
        ("drift", ["hands", "mnist"]),
    ],
)
def test_a_stored_file_written_again_is_the_same_to_the_byte(tmp_path, monkeypatch, name, lists):
    stored = (TOOL.parents[1] / "results" / f"{name}.json").read_bytes()
    head = json.loads(stored)
    runs = {each: head.pop(each) for each in lists}
    seconds, seeds = head.pop("cpu_seconds", None), head.pop("seeds", None)
    machine = {key: head.pop(key) for key in ("hardware", "torch")}
    monkeypatch.setattr(results, "machine", lambda: machine)
    monkeypatch.setattr(results, "process_time", lambda: 1000.0)
    if seeds is None:
        results.write(tmp_path / "new/file.json", head | machine, runs)
    else:
        results.write(tmp_path / "new/file.json", head, runs["runs"], seeds, 1000.0 - seconds)
    assert (tmp_path / "new/file.json").read_bytes() == stored


def test_programs_that_take_seeds_and_a_file_ask_for_both_alike(tmp_path):
    options = results.asking("What it does.", range(3), tmp_path).parse_args(["--seeds", "5", "7"])
    assert (options.seeds, options.out) == ([5, 7], tmp_path)
    assert results.asking("What it does.", (0, 2), tmp_path).parse_args([]).seeds == [0, 2]


@pytest.mark.parametrize(("name", "at_least"), [("mnist-cnn", 0.990), ("mnist-resnet", 0.994)])
def test_the_results_of_the_book_are_what_it_promises(name, at_least):
    result = json.loads((TOOL.parents[1] / "results" / f"{name}.json").read_text(encoding="utf-8"))
    assert len(result["seeds"]) == len(result["accuracy"]) == 3
    assert result["mean_accuracy"] >= at_least
    assert result["mean_accuracy"] == pytest.approx(sum(result["accuracy"]) / 3)
    assert result["epochs"][-1]["test_accuracy"] == result["accuracy"]
