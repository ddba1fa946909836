"""What is noted of a model that learns to copy is what its weights and its losses say."""

import json
from pathlib import Path

import copying
import pytest
import torch
from torch import nn

ROOT = Path(__file__).resolve().parents[2]


class Copier(nn.Module):
    """Looks where a perfect copier would, and is sure of what it finds there."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Module() for _ in range(2)])
        for block in self.blocks:
            block.attention = nn.Module()
            block.attention.weights = nn.Identity()

    def forward(self, x):
        b, t = x.shape
        places = torch.arange(t)
        before = nn.functional.one_hot((places - 1).clamp(min=0), t).float()
        followed = nn.functional.one_hot((places - t // 2 + 1).clamp(min=0), t).float()
        for block, rows in zip(self.blocks, (before, followed), strict=True):
            weights = block.attention.weights(rows.expand(b, 1, t, t))
        found = (weights[:, 0] @ x[..., None].float())[..., 0].long()
        return 50.0 * nn.functional.one_hot(found, copying.LETTERS + 1)


def test_a_perfect_copier_is_one():
    assert copying.measure(Copier()) == {
        "second_copy": 0.0,
        "one_before": [1.0, pytest.approx(1 / 31, abs=1e-4)],  # row 1 alone of the other
        "what_followed": [0.0, 1.0],
    }


def test_runs_of_all_ways_and_seeds_are_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(copying, "EVERY", 2)
    assert copying.main(["--seeds", "5", "3", "--steps", "5", "--out", str(tmp_path)]) == 0
    result = json.loads((tmp_path / "copying.json").read_text(encoding="utf-8"))
    assert result["command"].endswith("--seeds 5 3 --steps 5 --out " + str(tmp_path))
    assert list(result["ways"]) == list(copying.WAYS)
    for name, way in result["ways"].items():
        assert way["model"]["layers"] == copying.WAYS[name][0].layers
        assert way["recipe"]["learning_rate"] == copying.WAYS[name][1]
        assert [run["seed"] for run in way["runs"]] == [5, 3]
        for run in way["runs"]:
            assert [point["step"] for point in run["curve"]] == [2, 4]
            assert len(run["curve"][0]["one_before"]) == way["model"]["layers"]
            assert run["curve"][1] != run["curve"][0]


def test_the_committed_result_is_what_the_tool_says_it_makes():
    result = json.loads((ROOT / "results" / "copying.json").read_text(encoding="utf-8"))
    assert result["command"] == "python experiments/copying.py"
    assert list(result["ways"]) == list(copying.WAYS)
    assert {len(way["runs"]) for way in result["ways"].values()} == {3}
    assert {run["curve"][-1]["step"] for way in result["ways"].values() for run in way["runs"]} == {600}
