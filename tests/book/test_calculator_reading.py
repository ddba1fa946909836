"""How a calculator reads and writes numbers: what people write, what they read, and what an address holds."""

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from driving import PATIENCE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LIVE = Path(__file__).resolve().parents[2] / "src/largemodels/live"
PARTS = ("calculator/read", "calculator/write", "calculator/steps")
COUNT = {"label": "Tokens", "unit": "", "low": 1, "high": 1e30, "whole": False}
SHARE = {"label": "Share", "unit": "", "low": 1e-4, "high": 1, "whole": False}


def of(unit, **more):
    return {**COUNT, "unit": unit, "low": 0, **more}


@pytest.fixture(scope="module")
def call(chromium):
    """Call a function of the calculator's script in a browser for many arguments: ``call(name, [arguments, …])``."""
    page = chromium.new_page()
    page.set_default_timeout(PATIENCE)
    text = "\n".join((LIVE / part).with_suffix(".js").read_text(encoding="utf-8") for part in PARTS)
    names = "readNumber, readQuantity, inFull, inField, inShort, inAddress, shortest, pressed, atStep, stepOf, aloud"
    page.evaluate("text => { window.script = new Function(text)(); }", f"{text}; return {{{names}}};")
    yield lambda name, rows: page.evaluate(
        "([name, rows]) => rows.map((row) => script[name](...row))", [name, json.loads(json.dumps(rows))]
    )
    page.close()


READ = [
    ("405.9B", COUNT, 405.9e9),
    ("405.9 billion", COUNT, 405.9e9),
    ("1.5e13", COUNT, 1.5e13),
    ("1.5E+13", COUNT, 1.5e13),
    ("15 trillion", COUNT, 15e12),
    ("15 Trillion tokens", COUNT, 15e12),
    ("15T", COUNT, 15e12),
    ("30.8m", COUNT, 30.8e6),
    ("7k", COUNT, 7e3),
    ("3,000", COUNT, 3000),
    ("3 000", COUNT, 3000),
    ("3\u202f000\u00a0000", COUNT, 3e6),
    ("3'000", COUNT, 3000),
    ("3_000", COUNT, 3000),
    ("12,345,678.5", COUNT, 12345678.5),
    ("3.8 × 10²⁵", COUNT, 3.8e25),
    ("3.8 x 10^25", COUNT, 3.8e25),
    ("3.8*10^25", COUNT, 3.8e25),
    ("10^12", COUNT, 1e12),
    ("10¹²", COUNT, 1e12),
    ("１２３", COUNT, 123),
    (".5 million", COUNT, 5e5),
    ("+5", COUNT, 5),
    ("2.5 × 10⁻³", of(""), 0.0025),
    ("40 %", SHARE, 0.4),
    ("40%", SHARE, 0.4),
    ("40", SHARE, 0.4),
    ("0.4", SHARE, 0.4),
    ("0.5 %", SHARE, 0.005),
    ("100", SHARE, 1),
    ("1", SHARE, 1),
    ("989 TFLOP/s", of("TFLOP/s"), 989),
    ("1 PFLOP/s", of("TFLOP/s"), 1000),
    ("989e12 FLOP/s", of("TFLOP/s"), 989),
    ("0.7 kW", of("W"), 700),
    ("700", of("W"), 700),
    ("250 mW", of("W"), 0.25),
    ("400 g/kWh", of("kg/kWh"), 0.4),
    ("0.4 kg/kWh", of("kg/kWh"), 0.4),
    ("80 GB", of("GB"), 80),
    ("80 GB", of("B"), 80e9),
    ("$2.5", of("$"), 2.5),
    ("2.5 $", of("$"), 2.5),
    ("$5 million", of("$"), 5e6),
    ("5 hours", of("h"), 5),
    ("1.5 days", of("d"), 1.5),
]
NONE = [
    "",
    "abc",
    "1e",
    ".",
    "-",
    "4 0",
    "1/2",
    "0x10",
    "1e400",
    "NaN",
    "Infinity",
    "5 bananas",
    "1,5",
    "1,234,56",
    "--5",
]


def test_numbers_are_read_as_people_write_them(call):
    found = call("readNumber", [row[:2] for row in READ])
    wrong = [(row[0], one) for row, one in zip(READ, found, strict=True) if one.get("number") != row[2]]
    assert wrong == []


def test_what_is_no_number_is_none(call):
    found = call("readNumber", [(text, COUNT) for text in NONE])
    assert [text for text, one in zip(NONE, found, strict=True) if "problem" not in one] == []


WRITTEN = [
    (3.8e25, "FLOP", "3.8 × 10²⁵ FLOP"),
    (2.16e7, "kWh", "21.6 GWh"),
    (216, "kWh", "216 kWh"),
    (999.9, "kWh", "1 MWh"),
    (3.084e7, "h", "30.8 million hours"),
    (1, "d", "1 day"),
    (78.43, "d", "78.4 days"),
    (8.93e6, "kg", "8,930 t"),
    (893.4, "kg", "893 kg"),
    (8.93e9, "kg", "8.93 million t"),
    (5.576e6, "$", "$5.58 million"),
    (1_234, "", "1,230"),
    (999_999, "", "1 million"),
    (1e-5, "", "1 × 10⁻⁵"),
    (8.05e10, "B", "80.5 GB"),
    (0, "h", "0 hours"),
    (0.43211, "share", "43.2 %"),
]


def test_results_are_written_with_prefixes_and_words_that_fit(call):
    rows = [([value], SHARE if unit == "share" else of(unit)) for value, unit, _ in WRITTEN]
    assert call("inShort", rows) == [text for *_, text in WRITTEN]
    assert call("inShort", [([1.08e7, 3.46e7], of("kWh")), ([7, 7], of("h"))]) == ["10.8 to 34.6 GWh", "7 hours"]


many = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))


def stored(low, high):
    """Return forty numbers as a wire holds them: of all sizes, and with few figures or many."""
    power = st.floats(math.log10(low), math.log10(high)).map(lambda power: float(np.float32(10**power)))
    return st.lists(power | power.map(lambda number: float(np.float32(f"{number:.3g}"))), min_size=40, max_size=40)


@many
@given(stored(1e-6, 1e30))
def test_what_is_written_is_read_as_the_same_float32(call, numbers):
    """In the field, in a message and in the address: no figure is lost, and none is added."""
    for name in ("inField", "inFull", "inAddress"):
        for quantity in (COUNT, of("TFLOP/s"), of("$"), of("kg/kWh"), of("h")):
            if name == "inAddress":
                texts = call(name, [(number,) for number in numbers])
                assert all(set(text) <= set("0123456789.e-") and text[-1].isdigit() for text in texts)
            else:
                texts = call(name, [(number, quantity) for number in numbers])
            back = [one["number"] for one in call("readNumber", [(text, quantity) for text in texts])]
            assert np.float32(back).tolist() == np.float32(numbers).tolist()


@many
@given(stored(1e-3, 1))
def test_a_share_is_written_in_per_cent_and_read_as_the_same_float32(call, shares):
    texts = call("inField", [(share, SHARE) for share in shares])
    assert all(text.endswith(" %") for text in texts)
    back = [one["number"] for one in call("readNumber", [(text, SHARE) for text in texts])]
    assert np.float32(back).tolist() == np.float32(shares).tolist()


RANGES = [
    COUNT,
    SHARE,
    of("$", high=1e4),
    of("W", low=0.1, high=1e5),
    {**COUNT, "high": 1e7, "whole": True},
    of("", low=1, high=10),
]


@pytest.mark.parametrize("quantity", RANGES, ids=range(len(RANGES)))
def test_a_slider_goes_up_from_the_least_to_the_most_and_finds_its_place_again(call, quantity):
    values = call("atStep", [(step, quantity) for step in range(401)])
    assert values[0] == quantity["low"]
    assert values[-1] == quantity["high"]
    assert all(a <= b for a, b in pairwise(values))
    assert not quantity["whole"] or all(value == round(value) for value in values)
    again = call("atStep", [(step, quantity) for step in call("stepOf", [(value, quantity) for value in values])])
    assert all(
        math.isclose(a, b, rel_tol=0.12, abs_tol=0.006 * quantity["high"]) for a, b in zip(values, again, strict=True)
    )


@pytest.mark.parametrize("quantity", RANGES, ids=range(len(RANGES)))
def test_an_arrow_key_always_changes_the_number_and_never_leaves_the_limits(call, quantity):
    for value in [call("atStep", [(step, quantity)])[0] for step in (0, 1, 77, 200, 399, 400)]:
        (up,), (down,) = call("pressed", [(value, 1, quantity)]), call("pressed", [(value, -1, quantity)])
        assert quantity["low"] <= down <= value <= up <= quantity["high"]
        assert up > value or value == quantity["high"]
        assert down < value or value == quantity["low"]
        assert not quantity["whole"] or (up == round(up) and down == round(down))


def test_powers_are_spoken_in_words(call):
    assert call("aloud", [("3.8 × 10²⁵ FLOP",), ("1 × 10⁻⁵",)]) == [
        "3.8 times 10 to the power of 25 FLOP",
        "1 times 10 to the power of minus 5",
    ]
