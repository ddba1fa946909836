"""What readers of the explorers wait for is held to its floors, beside the commit that they were set for."""

import pytest
from bench import readers
from bench.pages import Pages


def rows(base=readers.BEFORE, **now):
    """What every case measures, by its unit, where it was 100 of it then."""
    spread = lambda value: dict.fromkeys(("median", "lower", "upper"), value)  # noqa: E731
    found = {"characters a second": 800.0, "ms": 60.0, "bytes": 80.0} | now
    return [
        {
            "base": base,
            "case": case.name,
            "unit": case.unit,
            "compared": case.compared,
            "was": spread(100.0),
            "now": spread(found[case.unit]),
            "times": spread(found[case.unit] / 100),
        }
        for case in readers.CASES
    ]


@pytest.mark.parametrize(
    ("now", "broken"),
    [
        ({}, 0),
        ({"characters a second": 799.0}, 1),
        ({"characters a second": 149.0}, 3),
        ({"ms": 61.0}, 1),
        ({"bytes": 81.0}, 1),
    ],
)
def test_a_broken_floor_of_the_readers_is_found(now, broken):
    floors = Pages().floors({"readers": rows(**now)})
    assert [floor["holds"] for floor in floors].count(False) == broken
    assert len(floors) == 5


def test_beside_another_commit_the_readers_have_no_floors_but_a_table():
    found = {"readers": rows(base="0123456789")}
    assert not Pages().floors(found)
    table = "\n".join(Pages().tables(found))
    assert all(f"| {case.name} " in table and case.compared in table for case in readers.CASES)


class Tabs:
    """Stands in for a browser: a page that fetches, in scripts, what is packed in the other book."""

    def __init__(self):
        self.loaded = {"was": ("runtime.js", b"a" * 1000), "now": ("runtime.bin", b"a" * 750)}

    def fetched(self, case, book):
        name, body = self.loaded[book]
        return {f"http://x/_static/vendor/onnx{name}": body, "http://x/_static/vendor/fonts/a.woff2": b"a" * 99}


def test_what_a_page_fetches_is_runtime_and_model_as_it_comes_or_as_a_host_packs_texts():
    plain, packed = (case for case in readers.CASES if case.unit == "bytes")
    assert readers.measure(Tabs(), plain, "was", "now", 2)["times"]["median"] == 0.75
    found = readers.measure(Tabs(), packed, "was", "now", 2)
    assert found["was"]["median"] < 100
    assert found["now"]["median"] == 750
