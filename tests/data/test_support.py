"""The patients of SUPPORT: as many as were published, nothing from later, and hospitals by the order of the rows."""

import pytest
import torch

from largemodels.data import LATER, patients
from largemodels.data.support import BORDERS, COLUMNS, SECOND_PHASE

found = pytest.fixture(scope="module")(lambda: patients())


def test_the_numbers_are_those_of_the_trial(found):
    """JAMA 1995: 9,105 adults, 4,301 in the first phase, 4,804 in the second, 47 % dead within six months."""
    assert found.features.shape == (9105, 28)
    assert torch.bincount(found.phase).tolist() == [4301, 4804]
    assert round(found.died.float().mean().item(), 2) == 0.47


def test_three_measurements_missing_together_give_the_phases_away(found):
    extra = patients(SECOND_PHASE).features[:, :3].isnan().all(1)
    assert ((found.phase == 0) != extra).sum() == 11
    for border in BORDERS:  # no border fits better if it is moved
        for shift in (-3, -2, -1, 1, 2, 3):
            places = torch.arange(9105)
            moved = torch.bucketize(places, torch.tensor([b + shift * (b == border) for b in BORDERS]), right=True) % 2
            assert ((moved == 0) != extra).sum() >= 11


def test_five_hospitals_have_both_phases(found):
    table = torch.bincount(2 * found.hospital + found.phase)
    assert table.tolist() == [832, 757, 824, 819, 1047, 1536, 916, 1015, 682, 677]


def test_the_diseases_are_in_the_features_and_each_patient_has_one(found):
    flags = found.features[:, -8:]
    assert torch.equal(flags.argmax(1), found.disease)
    assert torch.equal(flags.sum(1), torch.ones(9105))
    assert found.names[-8:] == found.diseases


def test_nothing_from_later_and_no_forecast_is_among_the_features(found):
    assert not set(found.names) & set(LATER.values())
    assert len(COLUMNS) + 8 == len(found.names)
    for foretold in (found.doctor, found.study):
        assert not any(torch.equal(foretold, column) for column in found.features.T)


def test_columns_of_later_leak_the_answer(found):
    gone = patients(["sfdm2"]).features[:, 0]
    assert found.died[gone == 1].float().mean() > 0.95
    assert found.died[gone == 0].float().mean() < 0.25


def test_forecasts_are_chances_of_death(found):
    assert found.study[found.died].nanmean() > found.study[~found.died].nanmean() + 0.2
    assert found.doctor[found.died].nanmean() > found.doctor[~found.died].nanmean() + 0.2
    assert (~found.doctor.isnan()).sum() == 7472


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("age", "give a list of one column or more; got 'age'"),
        ([], "got \\[\\]"),
        (["agee"], "no column agee; there are"),
    ],
)
def test_other_columns_are_refused(columns, message):
    with pytest.raises(ValueError, match=message):
        patients(columns)
