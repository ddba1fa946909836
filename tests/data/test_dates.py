"""Dates to translate: every day once, in a form that says which it is."""

from datetime import date

import pytest
import torch

from largemodels.data.dates import (
    BEGIN,
    DATE_CHARACTERS,
    FORMS,
    MONTHS,
    SOURCE,
    TARGET,
    date_parts,
    dates,
    encode_source,
)


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
    assert (given[:, 0] == DATE_CHARACTERS.encode(BEGIN)).all()
    assert not (given == 0).any()  # what begins a target is not what fills a source up
    assert torch.equal(given[:, 1:], data.train.targets[:, :-1])


def test_the_longest_date_fits_and_every_character_is_known():
    days = [date(1998, 9, 30), date(2000, 2, 29)]
    texts = [form(day) for form in FORMS for day in days]
    assert max(map(len, texts)) == 28 < SOURCE
    assert not any(DATE_CHARACTERS.unknown(text) for text in texts)
    assert "Wednesday, 30 September 1998" in texts


def test_the_split_is_the_same_every_time(data):
    assert torch.equal(dates().test.tokens, data.test.tokens)


def test_the_parts_of_a_date_are_found_in_every_form():
    for day in (date(2031, 12, 3), date(1903, 5, 19), date(1998, 8, 31)):
        for form in FORMS:
            text = form(day)
            found = {part: text[place.start : place.stop] for part, place in date_parts(text).items()}
            assert list(found) == ["year", "month", "day"]
            assert (int(found["year"]), int(found["day"])) == (day.year, day.day)
            name = MONTHS[day.month - 1]
            assert found["month"] in (name, name[:3], f"{day.month:02}")


def test_wrong_input_is_named():
    for text in ("", "May 1999", "3 May", "31 1999", "Monday, 3 1999"):
        with pytest.raises(ValueError, match=f"a year, a month and a day; got {text!r}"):
            date_parts(text)
    with pytest.raises(ValueError, match="a share between 0 and 1; got 1"):
        dates(test=1)
    with pytest.raises(ValueError, match=r"1 to 29 characters; got 30"):
        encode_source("x" * 30)
    with pytest.raises(ValueError, match=r"1 to 29 characters; got 0"):
        encode_source("")
    for text, wrong in (("3 März 1999", "'ä'"), ("⊢3 May 1999", "'⊢'"), ("3.5.1999", "'.'")):
        with pytest.raises(ValueError, match=f"a date is written in .*; got {wrong} in {text!r}"):
            encode_source(text)
