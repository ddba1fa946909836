"""What failures take from a long run: Daly's formula, a simulation beside it, and the best interval."""

import numpy as np
import onnxruntime
import pytest
import torch

from largemodels.estimate import Interruptions
from largemodels.export import to_onnx

LLAMA = {"chips": 16384, "life": 54 * 24 * 16384 / 419, "writing": 1.0, "restart": 10.0, "interval": 30.0}


def simulate(between, writing, restart, interval, pieces, seed):
    """Return the useful share of a run of so many intervals of work, with failures at random; all in minutes."""
    chance, clock = np.random.default_rng(seed), 0.0
    for _ in range(pieces):
        wait = 0.0  # of restarting, in which failures come as well
        while (failure := chance.exponential(between)) < wait + interval + writing:
            clock += failure
            wait = restart
        clock += wait + interval + writing
    return pieces * interval / clock


@pytest.mark.parametrize("interval", [20.0, 60.0, 240.0])
def test_the_useful_share_is_that_of_a_simulated_run(interval):
    """As in Daly's complete model, a failure can come while the run restarts or writes a checkpoint."""
    numbers = LLAMA | {"interval": interval}
    found = Interruptions().of(**numbers)
    runs = [simulate(60 * found["between"], 1.0, 10.0, interval, 3_000, seed) for seed in range(8)]
    error = np.std(runs, ddof=1) / len(runs) ** 0.5
    assert abs(np.mean(runs) - found["useful"]) < 4 * error + 1e-4


def test_a_failure_comes_every_three_hours_as_meta_reports_for_its_16384_chips():
    found = Interruptions().of(**LLAMA)
    assert found["between"] == pytest.approx(54 * 24 / 419)
    assert found["failures"] == pytest.approx(419 / 54)
    assert found["useful"] > 0.7


@pytest.mark.parametrize("writing", [0.05, 1.0, 5.0, 30.0])
def test_no_interval_is_much_better_than_the_best(writing):
    numbers = LLAMA | {"writing": writing}
    best = Interruptions().of(**numbers)["best_useful"]
    tried = [Interruptions().of(**numbers | {"interval": float(i)})["useful"] for i in np.geomspace(0.5, 2_000, 200)]
    assert best <= max(tried) * 1.0001
    assert best >= max(tried) * 0.9995


def test_daly_s_published_best_intervals_come_out():
    """The captions of his Figures 3 to 5: writing takes 5 minutes, and M is 24 hours, 6 hours, 15 minutes."""
    for hours, minutes in ((24, 117), (6, 57), (0.25, 9.1)):
        found = Interruptions().of(chips=1, life=max(1, hours), writing=5, restart=10, interval=10)
        if hours < 1:  # a chip's life is an hour at least: four of them fail every quarter
            found = Interruptions().of(chips=4, life=1, writing=5, restart=10, interval=10)
        assert found["best"] == pytest.approx(minutes, rel=0.02)


def test_the_page_computes_it_as_torch_does():
    formula = Interruptions()
    chance = np.random.default_rng(0)
    inputs = {name: torch.tensor([float(value)]) for name, value in LLAMA.items()}
    session = onnxruntime.InferenceSession(to_onnx(formula, inputs))
    low, high = [1, 1e3, 0.01, 0, 0.1], [5e4, 1e6, 60, 60, 600]
    for _ in range(50):
        numbers = dict(zip(LLAMA, chance.uniform(low, high), strict=True)) | {
            "chips": float(chance.integers(1, 50_000))
        }
        found = session.run(None, {name: np.array([value], np.float32) for name, value in numbers.items()})
        exact = formula.of(**{name: float(np.float32(value)) for name, value in numbers.items()})
        np.testing.assert_allclose([x.item() for x in found], list(exact.values()), rtol=4e-6, atol=1e-30)
