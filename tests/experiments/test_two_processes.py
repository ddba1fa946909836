"""What two processes did is stored: as much as was claimed, and by the program as it is."""

import json
from pathlib import Path

import pytest
import two_processes as program

STORED = json.loads(
    (Path(__file__).resolve().parents[2] / "results" / "two-processes.json").read_text(encoding="utf-8")
)


def test_one_process_has_the_stored_losses():
    model = program.build("one", None)
    losses = [step.loss for step in program.fit(model, program.batches(), program.RECIPE, progress=False)]
    assert losses == pytest.approx(STORED["one"], abs=1e-4)  # another processor rounds otherwise
    assert len(losses) == program.STEPS == STORED["steps"]


@pytest.mark.parametrize("kind", program.KINDS)
def test_two_have_the_losses_of_one_and_a_killed_run_goes_on_to_the_same_weights(kind):
    row = STORED["two"][kind]
    apart = max(abs(a - b) for a, b in zip(row["losses"], STORED["one"], strict=True))
    assert apart == row["largest_difference"] < 1e-5
    killed = row["killed"]
    assert killed["weights_equal"]
    assert killed["torchrun_ended_with"] != 0
    assert 0 < killed["steps_left"] < program.STEPS


def test_what_a_process_holds_is_counted():
    assert program.local(program.build("one", None)) == STORED["bytes_of_weights"] == 4 * STORED["parameters"]
