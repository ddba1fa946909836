"""A training on two processes of which one is killed says so, and how to go on; what goes on ends as if unbroken."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from dying import SETTINGS
from launch import ONE_THREAD, torchrun

DYING = Path(__file__).with_name("dying.py")
LOST = "error: another process of this training was lost: its connection is closed"
ENDED = "error: this process was told to end (SIGTERM): torchrun does so when another one was lost"
GO_ON = "; go on with: torchrun --nproc-per-node 2 -m largemodels.train cnn"


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    out = tmp_path_factory.mktemp("lost")
    done = subprocess.run(
        [sys.executable, DYING, out], capture_output=True, encoding="utf-8", env=ONE_THREAD, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.parametrize("kind", ["copies", "shard"])
def test_the_process_that_is_left_says_in_one_line_what_was_lost_and_how_to_go_on(killed, kind):
    (said,) = (killed / f"{kind}-said.0").read_text(encoding="utf-8").splitlines()
    assert said.startswith(LOST + GO_ON)
    assert said.endswith(f"--out {killed / kind}-killed --resume")


@pytest.mark.parametrize("kind", ["copies", "shard"])
def test_going_on_as_it_says_leads_to_the_very_weights_of_the_unbroken_run(killed, kind):
    unbroken, resumed = killed / f"{kind}-unbroken", killed / f"{kind}-killed"
    assert (unbroken / "weights.safetensors").read_bytes() == (resumed / "weights.safetensors").read_bytes()
    assert json.loads((resumed / "metrics.json").read_text(encoding="utf-8"))["resumed"] is True


def test_torchrun_ends_the_run_and_the_line_stands_before_its_report(tmp_path):
    done = torchrun(DYING, *SETTINGS, "--out", tmp_path)
    assert done.returncode != 0
    said, _, report = done.stderr.partition(f" --out {tmp_path} --resume")
    assert said.splitlines()[-1].startswith((LOST + GO_ON, ENDED + GO_ON))
    assert "rank      : 1 (local_rank: 1)\n  exitcode  : -9" in report
