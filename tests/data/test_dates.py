"""Dates to translate: every day once, in a form that says which it is."""

from datetime import date

import pytest
import torch

from largemodels.data.dates import DATE_CHARACTERS, FORMS, SOURCE, TARGET, dates, encode_source


@pytest.fixture(scope="module")
def data():
    return dates()


def read(tokens):
    return DATE_CHARACTERS.decode(tokens[tokens != 0])


def test_every_day_is_there_once(data):
    written = [read(row) for part in (data.train, data.test) for row in part.targets]
    assert len(set(written)) == len(written) == 73_049
    assert (min(written), max(written)) == ("1900-01-01", "2099-12-31")
    assert len(data.test) == 7_305


def test_source_and_target_name_the_same_day(data):
    for tokens, target in zip(data.test.tokens[:200], data.test.targets[:200], strict=True):
        day = date.fromisoformat(read(target))
        assert read(tokens[:SOURCE]) in {form(day) for form in FORMS}


def test_the_decoder_is_given_what_it_should_have_written_before(data):
    given = data.train.tokens[:, SOURCE:]
    assert given.shape[1] == TARGET
    assert (given[:, 0] == 0).all()
    assert torch.equal(given[:, 1:], data.train.targets[:, :-1])


def test_the_longest_date_fits_and_every_character_is_known():
    days = [date(1998, 9, 30), date(2000, 2, 29)]
    texts = [form(day) for form in FORMS for day in days]
    assert max(map(len, texts)) == 28 < SOURCE
    assert not any(DATE_CHARACTERS.unknown(text) for text in texts)
    assert "Wednesday, 30 September 1998" in texts


def test_the_split_is_the_same_every_time(data):
    assert torch.equal(dates().test.tokens, data.test.tokens)


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="a share between 0 and 1; got 1"):
        dates(test=1)
    with pytest.raises(ValueError, match=r"1 to 29 characters; got 30"):
        encode_source("x" * 30)
    with pytest.raises(ValueError, match=r"1 to 29 characters; got 0"):
        encode_source("")
