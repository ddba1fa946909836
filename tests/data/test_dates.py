"""Dates to translate: every day once, in a form that says which it is."""

from datetime import date

import pytest
import torch

from largemodels.data.dates import (
    BEGIN,
    DATE_CHARACTERS,
    FORMS,
    MONTHS,
    NEW_FORMS,
    SOURCE,
    TARGET,
    date_parts,
    dates,
    encode_source,
    written_dates,
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


def test_written_dates_that_are_held_out_are_never_among_the_others():
    held_out, others = written_dates(7304, held_out=True), written_dates(65_745)
    days = [iso for _, iso in held_out + others]
    assert len(set(days)) == len(days) == 73_049


def test_written_dates_name_their_day_in_one_form_after_the_other():
    pairs = written_dates(len(FORMS) * 5, seed=3)
    for i, (written, iso) in enumerate(pairs):
        assert written == FORMS[i % len(FORMS)](date.fromisoformat(iso))
    assert pairs == written_dates(len(FORMS) * 5, seed=3) != written_dates(len(FORMS) * 5, seed=4)


def test_new_forms_are_other_ways_to_write_the_same_day():
    day = date(1998, 9, 3)
    assert [form(day) for form in NEW_FORMS] == [
        "the 3rd of September 1998",
        "Thursday, September 3, 1998",
        "03.09.1998",
        "3-Sep-1998",
    ]
    ends = [NEW_FORMS[0](date(2000, 1, n)).split()[1][-2:] for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 30, 31)]
    assert ends == ["st", "nd", "rd", "th", "th", "th", "th", "st", "nd", "rd", "th", "st"]
    assert not {form(day) for form in NEW_FORMS} & {form(day) for form in FORMS}


@pytest.mark.parametrize("count", [0, 7305])
def test_more_written_dates_than_there_are_days_is_an_error(count):
    with pytest.raises(ValueError, match=f"from 1 to 7,304 days to draw; got {count:,}"):
        written_dates(count, held_out=True)
