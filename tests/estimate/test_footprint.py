"""Training and use against published figures, and how sure it is that a run passes a threshold."""

from math import log

import pytest
from scipy import stats

from largemodels.data import published_runs
from largemodels.estimate import Footprint, Threshold

OLMO = {"trained": 131, "pue": 1.2, "carbon": 0.332, "water": 1.1, "answer": 0.24, "answers": 1e8}
LLAMA = {"parameters": 405.9e9, "tokens": 15.6e12, "later": 0, "factor": 3, "threshold": 1e25}


@pytest.mark.parametrize("key", ["olmo2-7", "olmo2-13"])
def test_the_carbon_dioxide_of_a_measured_run_is_that_which_was_published(key):
    (run,) = (each for each in published_runs() if each.key == key)
    measured = run.energy[0]
    assert (measured.how, measured.scope) == ("measured", "chips")
    found = Footprint().of(**OLMO | {"trained": measured.value, "pue": run.pue[0].value, "carbon": run.carbon[0].value})
    assert found["co2"] == pytest.approx(run.co2[0].value, rel=0.01)


def test_after_as_many_answers_as_it_says_use_has_taken_what_training_took():
    found = Footprint().of(**OLMO)
    assert found["even"] * 0.24 / 1e6 == pytest.approx(found["energy"])
    assert found["energy_used"] * found["days"] / 365 == pytest.approx(found["energy"])
    assert found["co2_used"] / found["co2"] == pytest.approx(found["energy_used"] / found["energy"])


def test_an_answer_whose_building_is_in_it_takes_the_water_that_was_published():
    found = Footprint().of(**OLMO | {"answer": 0.24, "answers": 1, "water": 0.26 / 0.24})
    assert found["litres_used"] * 1e6 / 365 == pytest.approx(0.26)  # millilitres


@pytest.mark.parametrize("factor", [1.5, 3, 10])
@pytest.mark.parametrize("threshold", [1e25, 3.8e25, 1e26])
def test_the_chance_is_that_of_a_lognormal_whose_middle_ninety_per_cent_are_within_the_factor(factor, threshold):
    found = Threshold().of(**LLAMA | {"factor": factor, "threshold": threshold})
    known = stats.lognorm(s=log(factor) / stats.norm.ppf(0.95), scale=found["compute"])
    assert found["chance"] == pytest.approx(known.sf(threshold), abs=1e-6)
    assert known.cdf(found["compute_high"]) - known.cdf(found["compute_low"]) == pytest.approx(0.9, abs=1e-6)


def test_later_training_counts():
    assert Threshold().of(**LLAMA | {"later": 0.5})["compute"] == pytest.approx(
        1.5 * Threshold().of(**LLAMA)["compute"]
    )
