"""Impossible input of a calculator is explained in its place, and nothing is lost: no result, nor what was typed."""

import pytest
from calculator_page import (
    agrees,
    box,
    calculator,  # noqa: F401  (a fixture)
    chip,
    expected,
    give,
    kernel_answers,
    note,
    press,
    results,
    shares,
    text,
    told,
)
from driving import drawn, frames

IMPOSSIBLE = [  # quantity, what is given, what it says of that
    ("tokens", "", "Nothing is given"),
    ("tokens", "   ", "Nothing is given"),
    ("tokens", "-5", "−5 is negative"),
    ("tokens", "−3 trillion", "−3 trillion is negative"),
    ("tokens", "0", "0 is too small"),
    ("tokens", "1e30", "1 × 10³⁰ is too large"),
    ("tokens", "1e400", "“1e400” is too large for a computer to hold"),
    ("tokens", "NaN", "“NaN” is not a number"),
    ("tokens", "Infinity", "“Infinity” is not a number"),
    ("tokens", "many", "“many” is not a number"),
    ("tokens", "1.000.000", "“1.000.000” is not a number"),
    ("tokens", "1,5", "“1,5” has a comma that does not separate thousands"),
    ("tokens", "5 %", "“5 %” is a percentage, but this quantity is not a share"),
    ("tokens", "<img src=x onerror=alert(1)>", "“<img src=x onerror=alert(1)>” is not a number"),
    ("chips", "2.5", "2.5 is not a whole number"),
    ("utilisation", "110 %", "110 % is too large"),
    ("pue", "0.9", "0.9 is too small"),
    ("watts", "1 MW", "1 million W is too large"),
]
ALLOWED = {
    "tokens": "Allowed: from 1 to 1 × 10¹⁵, such as 2 trillion.",
    "chips": "Allowed: a whole number from 1 to 10 million, such as 1,024.",
    "utilisation": "Allowed: from 0.01 % to 100 %, such as 40 %.",
    "pue": "Allowed: from 1 to 10, such as 1.1.",
    "watts": "Allowed: from 0.1 W to 100,000 W, such as 400 W.",
}
PREVIOUS = {"tokens": "2 trillion", "chips": "1,024", "utilisation": "40 %", "pue": "1.1", "watts": "400 W"}


def wrong(page, name):
    return page.locator(f'.cx-field[data-name="{name}"] .cx-wrong').text_content()


@pytest.mark.parametrize(("name", "given", "says"), IMPOSSIBLE)
def test_what_is_impossible_is_explained_in_its_place(calculator, name, given, says):
    page = calculator()
    label = page.locator(f'.cx-field[data-name="{name}"] label').inner_text().split(" (")[0]
    box(page, name).fill(given)
    box(page, name).press("Enter")
    message = wrong(page, name)
    assert message.startswith(says)
    assert message.endswith(ALLOWED[name])
    assert box(page, name).input_value() == given  # the reader mends it, and need not type it again
    assert box(page, name).get_attribute("aria-invalid") == "true"
    described = box(page, name).get_attribute("aria-describedby")
    assert page.locator(f"#{described}").text_content() == message
    assert note(page) == f"As of the previous input: {label} {PREVIOUS[name]}."
    assert page.locator(".cx-stale").count() == 1
    told(page, says)
    assert agrees(page)
    assert drawn(page) == 1  # nothing impossible was computed

    box(page, name).press("Escape")
    assert wrong(page, name) == note(page) == ""
    assert page.locator(".cx-stale").count() == 0
    assert box(page, name).input_value() == PREVIOUS[name].removesuffix(" W")


def test_a_number_that_is_half_typed_is_not_called_wrong_before_the_reader_pauses(calculator):
    page = calculator()
    page.evaluate(
        """() => { globalThis.said = [];
          const note = () => said.push([box.value, document.querySelector('[data-name=tokens] .cx-wrong').textContent]);
          globalThis.box = document.querySelector('[data-name=tokens] .cx-box');
          for (const text of ["-", "-2", "", "1", "1e", "1e1", "1e13"]) {
            box.value = text;
            box.dispatchEvent(new Event("input", { bubbles: true }));
            note();
          } }"""
    )
    assert {message for _, message in page.evaluate("said")} == {""}
    page.wait_for_function("document.querySelector('[data-drawn]').dataset.drawn > 1")
    page.wait_for_function("document.querySelector('[data-drawn]').dataset.state === 'ready'")
    assert agrees(page, tokens=1e13)
    box(page, "tokens").fill("-")
    page.wait_for_function("document.querySelector('[data-name=tokens] .cx-wrong').textContent !== ''")
    assert wrong(page, "tokens").startswith("“-” is not a number")


def test_beside_an_impossible_number_the_others_still_count(calculator):
    page = calculator()
    box(page, "tokens").fill("none")
    box(page, "tokens").press("Tab")
    give(page, "parameters", "70B")
    assert agrees(page, parameters=70e9)
    assert note(page) == "As of the previous input: Tokens 2 trillion."
    assert box(page, "tokens").input_value() == "none"
    assert wrong(page, "tokens").startswith("“none” is not a number")
    give(page, "tokens", "15T")
    assert agrees(page, parameters=70e9, tokens=15e12)
    assert note(page) == wrong(page, "tokens") == ""


@pytest.mark.parametrize("by", ["a preset", "reset", "the slider", "an arrow key"])
def test_what_sets_a_number_anew_ends_its_problem(calculator, by):
    page = calculator()
    box(page, "parameters").fill("-1")
    box(page, "parameters").press("Enter")
    assert wrong(page, "parameters")
    if by == "a preset":
        press(page, chip(page, "Little"))
    elif by == "reset":
        page.get_by_role("button", name="Reset").click()
    elif by == "the slider":
        page.get_by_role("slider", name="Parameters").fill("200")
    else:
        box(page, "parameters").press("ArrowUp")
    frames(page)
    page.wait_for_function("document.querySelector('[data-drawn]').dataset.state === 'ready'")
    assert wrong(page, "parameters") == note(page) == ""
    value = {"a preset": "124 million", "reset": "7 billion", "the slider": "10 million", "an arrow key": "7.1 billion"}
    assert box(page, "parameters").input_value() == value[by]


def test_a_result_that_is_no_number_is_said_to_be_none(calculator):
    page = calculator()
    page.evaluate("location.hash = 'training-1_parameters-100e12_tokens-1e15_utilisation-0.0001_peak-0.001_end'")
    page.wait_for_function("document.querySelector('[data-drawn]').dataset.drawn > 1")
    want = expected(parameters=1e14, tokens=1e15, utilisation=1e-4, peak=1e-3)
    assert all(map(all, want.values()))
    assert agrees(page, parameters=1e14, tokens=1e15, utilisation=1e-4, peak=1e-3)
    page.evaluate(
        """() => { const cells = document.querySelectorAll(".cx-value");
          globalThis.texts = [...cells].map((cell) => cell.textContent); }"""
    )
    assert not any("NaN" in each or "∞" in each for each in page.evaluate("texts"))


# ---- beside a kernel -----------------------------------------------------------------------------


@pytest.fixture
def running(widget_page):
    """The small calculator, whose module can refuse; the test is its kernel."""
    page = widget_page(shares())
    page.evaluate("own.answer = undefined")
    return page


def test_what_the_module_refuses_is_said_in_the_same_place(running):
    box(running, "Some").fill("6")
    kernel_answers(running, shares())
    assert results(running)["share"] == [0.75]
    box(running, "Some").fill("9")
    kernel_answers(running, shares())
    assert running.locator(".cx .lm-problem").text_content() == "9 of 8 are more than all"
    assert running.locator(".lm-problem").count() == 1  # here, and nowhere else
    assert note(running) == "As of the previous input: Some 6."
    assert results(running)["share"] == [0.75]
    assert box(running, "Some").input_value() == "9"
    box(running, "All").fill("12")
    kernel_answers(running, shares())
    assert running.locator(".cx .lm-problem").text_content() == note(running) == ""
    assert results(running)["share"] == [0.75]
    assert text(running, "span") == "9 to 24 MWh"
