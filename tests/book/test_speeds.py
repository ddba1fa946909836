"""What `make bench PARTS=pages` times can be timed: every case runs once on the built book. No time is held to here."""

from dataclasses import replace

import pytest
from bench import browsing, readers
from bench.browsing import ANSWERS, PAINT, Case, Tabs


@pytest.fixture(scope="module")
def tabs(chromium):
    tabs = Tabs(chromium)
    yield tabs
    tabs.close()


FIRST = {case.name.removesuffix("the first answer"): case for case in ANSWERS if case.name.endswith("the first answer")}
LATER = [case for case in ANSWERS if case not in FIRST.values()]  # whose time begins with a first answer


@pytest.mark.parametrize("case", [*LATER, FIRST["tokens: "]], ids=lambda case: case.name)
def test_every_answer_of_a_widget_can_be_timed(tabs, book, case):
    assert tabs.measure(case, book) > 0


def test_what_times_a_first_answer_is_what_times_later_ones_but_stops_there():
    later = {case.name: case for case in LATER}
    for name, case in FIRST.items():
        assert "if (true) return first;" in case.script
        after = later[f"{name}an answer"]
        assert after == replace(case, name=after.name, script=case.script.replace("if (true)", "if (false)"))


@pytest.mark.parametrize("case", readers.CASES, ids=lambda case: case.name)
def test_everything_that_readers_of_the_explorers_wait_for_can_be_measured(tabs, book, case):
    assert readers.once(tabs, case, book) > 0


def test_the_paint_of_every_page_can_be_timed(tabs, book):
    cases = browsing.paints(book, book)
    assert {"index", "intro", "chapters/cnn/convolution", "search"} <= {case.page for case in cases}
    assert tabs.measure(cases[0], book) > 0


def test_a_page_without_what_is_timed_is_named(tabs, book):
    with pytest.raises(ValueError, match=r"intro\.html of .* has no \.kx: choose another base"):
        tabs.measure(Case("none", "intro", PAINT, ready=".kx"), book)
