"""Columns: as scikit-learn does it, and nothing from rows that were held out."""

import re

import numpy as np
import pytest
import torch
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from largemodels.data import Columns

chance = torch.Generator().manual_seed(0)
ROWS = torch.randn(41, 5, generator=chance) * torch.tensor([1.0, 20, 0.1, 3, 1]) + torch.tensor([0.0, 100, 7, -3, 2])
ROWS[torch.rand(41, 5, generator=chance) < 0.2] = torch.nan
ROWS[:, 3] = ROWS[:, 3].nan_to_num(1.5)  # one column without gaps


def test_it_does_what_scikit_learn_does():
    learn, test = ROWS[:29], ROWS[29:]
    filler = SimpleImputer(strategy="median", add_indicator=True).fit(learn)
    scaler = StandardScaler().fit(filler.transform(learn))
    ready = Columns(learn)
    for rows in (learn, test):
        right = scaler.transform(filler.transform(rows))
        np.testing.assert_allclose(ready(rows), right, atol=2e-5)


def test_held_out_rows_change_nothing():
    """The trap: gaps and scales found on all rows tell the training part about the held-out part."""
    changed = ROWS.clone()
    changed[29:] = 1e6
    assert torch.equal(Columns(ROWS[:29])(ROWS[:29]), Columns(changed[:29])(changed[:29]))
    assert not torch.equal(Columns(ROWS)(ROWS[:29]), Columns(changed)(changed[:29]))


def test_a_row_is_transformed_the_same_alone_and_among_others():
    ready = Columns(ROWS[:29])
    assert torch.equal(ready(ROWS[30:31]), ready(ROWS)[30:31])


def test_a_constant_column_becomes_0():
    rows = torch.stack([torch.arange(5.0), torch.full((5,), 0.1)], 1)
    assert torch.equal(Columns(rows)(rows)[:, 1], torch.zeros(5))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ROWS[0], "rows are (n, features) of finite numbers or NaN; got (5,)"),
        (ROWS.long(), "rows are (n, features) of finite numbers or NaN; got (41, 5), torch.int64"),
        (ROWS / 0, "rows are (n, features) of finite numbers or NaN"),
        (ROWS[:1], "two rows or more, and a number in each column; got (1, 5)"),
        (torch.cat([ROWS, ROWS[:, :1] * torch.nan], 1), "a number in each column; got (41, 6)"),
    ],
)
def test_other_rows_are_refused(rows, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Columns(rows)


def test_another_number_of_columns_is_refused():
    with pytest.raises(ValueError, match="made from 5 columns; got 4"):
        Columns(ROWS)(ROWS[:, :4])
