"""The calculator in a page without a kernel: every number is torch's; presets, choices, keys, and what is spoken."""

import pytest
import torch
from calculator_page import (
    CHIPS,
    FIELDS,
    PRESETS,
    SOURCE,
    START,
    agrees,
    box,
    calculator,  # noqa: F401  (a fixture)
    chip,
    give,
    press,
    results,
    shares,
    text,
    told,
    training,
)
from driving import darken, drawn, frames, settle

from largemodels.estimate import TrainingRun

BIG = {name: value for name, value in PRESETS["Big <b>one</b>"].items() if name in START} | CHIPS["Large"]


def at_random(quantity, chance):
    """Draw a number that is allowed, of any size."""
    low, high = max(quantity.low, quantity.high * 1e-9), quantity.high
    part = torch.rand((), generator=chance).item()
    number = float(f"{low * (high / low) ** part:.6g}")
    return float(round(number)) if quantity.whole else min(high, max(low, number))


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(calculator):
    page = calculator(fresh=True)
    assert agrees(page)
    assert text(page, "compute") == "8.4 × 10²² FLOP"
    assert text(page, "compute", "formula") == "6 × parameters × tokens"
    assert [one.input_value() for one in page.locator(".cx-box").all()] == [
        *("7 billion", "2 trillion", "1,024", "312", "40 %", "400", "1.1", "0.4", "2")
    ]
    assert not any("onnxruntime" in url for url in page.asked)
    assert "#" not in page.url


def test_the_page_computes_what_torch_does_whatever_is_given(calculator):
    page = calculator()
    chance = torch.Generator().manual_seed(5)
    for _ in range(25):
        given = {quantity.name: at_random(quantity, chance) for quantity in TrainingRun.takes}
        before = drawn(page)
        pairs = "_".join(f"{name}-{value:g}" if value < 1e5 else f"{name}-{value:.6e}" for name, value in given.items())
        page.evaluate("text => { location.hash = text; }", f"training-1_{pairs.replace('e+', 'e')}_end")
        settle(page, before)
        written = {name: float(f"{v:g}" if v < 1e5 else f"{v:.6e}") for name, v in given.items()}
        assert agrees(page, **written)
        assert page.locator(".cx-lost").text_content() == ""


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_number_is_typed_as_people_write_it(calculator, scheme):
    page = calculator(scheme=scheme)
    give(page, "parameters", "405.9B")
    give(page, "tokens", "15 trillion", key="Tab")
    give(page, "utilisation", "38 %")
    give(page, "peak", "1 PFLOP/s")
    assert agrees(page, parameters=405.9e9, tokens=15e12, utilisation=0.38, peak=1000)
    assert box(page, "parameters").input_value() == "405.9 billion"
    assert box(page, "peak").input_value() == "1,000"


def test_a_number_counts_while_it_is_typed_and_what_is_typed_stays(calculator):
    page = calculator()
    before = drawn(page)
    box(page, "chips").fill("2048.")
    settle(page, before)
    assert agrees(page, chips=2048)
    assert box(page, "chips").input_value() == "2048."
    box(page, "tokens").focus()
    assert box(page, "chips").input_value() == "2,048"


def test_the_arrow_keys_change_the_second_figure(calculator):
    page = calculator()
    for name, keys, value in (
        ("parameters", ["ArrowUp"], 7.1e9),
        ("tokens", ["ArrowDown"], 1.9e12),
        ("chips", ["PageUp"], 2000),
        ("utilisation", ["ArrowDown", "ArrowDown"], 0.38),
        ("pue", ["Shift+ArrowUp"], 2.1),
    ):
        before = drawn(page)
        for key in keys:
            box(page, name).press(key)
        settle(page, before)
        assert agrees(page, **{name: value}), name
        press(page, page.get_by_role("button", name="Reset"))
    assert agrees(page)


def test_a_slider_spans_the_decades_and_says_where_it_is(calculator):
    page = calculator()
    slider = page.get_by_role("slider", name="Parameters")
    before = drawn(page)
    slider.fill("200")  # the middle of 1 to 10¹⁴, by factors
    settle(page, before)
    assert agrees(page, parameters=1e7)
    assert slider.get_attribute("aria-valuetext") == "10 million"
    slider.focus()
    before = drawn(page)
    page.keyboard.press("ArrowRight")
    settle(page, before)
    assert agrees(page, parameters=1.1e7)
    for end, value in (("Home", 1), ("End", 1e14)):
        before = drawn(page)
        page.keyboard.press(end)
        settle(page, before)
        assert agrees(page, parameters=value)


def test_a_preset_sets_all_and_shows_what_was_published(calculator):
    page = calculator()
    press(page, chip(page, "Big"))
    assert agrees(page, **BIG)
    assert page.get_by_role("radio", name="Big <b>one</b>").is_checked()  # text, never markup
    assert page.get_by_role("radio", name="Large").is_checked()
    assert text(page, "compute", "published") == "published: 3.8 × 10²⁵ FLOP; ours ÷ published: 1.00"
    ratio = results(page)["energy"][0] / 21.6e6
    assert text(page, "energy", "published") == f"published: 21.6 GWh; ours ÷ published: {ratio:#.3g}"
    assert text(page, "days", "published") == ""
    link = page.get_by_role("link", name="the card")
    assert link.get_attribute("href") == SOURCE

    give(page, "utilisation", "30")
    assert not page.get_by_role("radio", name="Big <b>one</b>").is_checked()
    assert "You have changed: Utilisation of the peak." in page.locator(".cx-presets").text_content()
    assert "published: 21.6 GWh" in text(page, "energy", "published")
    press(page, chip(page, "Little"))
    assert agrees(page, parameters=124e6, tokens=300e9)  # the others as at the start
    assert text(page, "energy", "published") == ""
    press(page, page.get_by_role("button", name="Reset"))
    assert agrees(page)
    assert page.locator(".cx-presets p").text_content() == ""


def test_a_choice_sets_several_numbers_and_becomes_custom(calculator):
    page = calculator()
    assert page.get_by_role("radio", name="Small").is_checked()  # what the start happens to be
    press(page, chip(page, "Large"))
    assert agrees(page, **CHIPS["Large"])
    give(page, "watts", "650")
    assert page.locator(".cx-choice input:checked").count() == 0
    assert page.locator(".cx-choice > span").text_content() == "custom: not Large in Power of a chip"
    give(page, "watts", "0.7 kW")
    assert page.get_by_role("radio", name="Large").is_checked()
    assert page.locator(".cx-choice > span").text_content() == ""
    press(page, chip(page, "Small"))
    chip(page, "Twin").click()  # the same numbers, and nothing to compute
    assert page.get_by_role("radio", name="Twin").is_checked()
    give(page, "chips", "512")
    assert page.get_by_role("radio", name="Twin").is_checked()


def test_all_is_reached_by_the_tab_key_in_the_order_in_which_it_is_read(calculator):
    page = calculator()
    chip(page, "Big").locator("input").focus()
    reached = []
    for _ in range(2 + 2 * len(FIELDS) + 1):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.labels?.[0]?.innerText")
        )
    fields = [label for name in FIELDS.values() for label in (name, f"{name}, slider")]
    assert [label.split(" (")[0] if label else None for label in reached[1 : 1 + len(fields)]] == fields


def test_results_are_spoken_when_the_reader_is_done_and_not_at_each_key(calculator):
    page = calculator()
    page.evaluate(
        """() => { globalThis.spoken = [];
          new MutationObserver(() => spoken.push(live.textContent)).observe(
            globalThis.live = document.querySelector("[aria-live=polite]"), { childList: true }); }"""
    )
    before = drawn(page)
    box(page, "parameters").press("ControlOrMeta+a")
    box(page, "parameters").press_sequentially("70B", delay=600)  # longer than an announcement waits
    settle(page, before)
    assert page.evaluate("spoken") == []
    box(page, "parameters").press("Enter")
    told(page, "Computation: 8.4 times 10 to the power of 23 FLOP")
    press(page, chip(page, "Big"))
    told(page, "Computation: 3.8 times 10 to the power of 25 FLOP")


def test_several_on_a_page_do_not_disturb_each_other(widget_page):
    page = widget_page(training(), shares(), training("other"))
    box(page, "All", 0).fill("16")
    page.wait_for_function("document.querySelectorAll('[data-drawn]')[1].dataset.drawn === '2'")
    box(page, "parameters", 1).fill("1B")
    page.wait_for_function("document.querySelectorAll('[data-drawn]')[2].dataset.drawn === '2'")
    frames(page)
    assert agrees(page)
    assert results(page, 1)["share"] == [0.125]
    assert results(page, 2)["compute"] == pytest.approx([1.2e22])
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(el => el.id)")
    assert len(set(ids)) == len(ids)


def test_a_pair_is_a_range(widget_page):
    page = widget_page(shares())
    assert text(page, "span") == "2 to 16 MWh"
    assert text(page, "share") == "25 %"


@pytest.mark.parametrize("width", [390, 1200])
def test_all_fits_the_screen(calculator, width):
    page = calculator(width=width, height=844)
    press(page, chip(page, "Big"))
    box(page, "tokens").fill("-5")
    box(page, "tokens").press("Enter")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".lm").first.evaluate("el => el.scrollWidth - el.clientWidth") <= 0


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"width": 390, "height": 844}], ids=["light", "dark", "phone"])
def test_nothing_bars_a_reader(calculator, axe, options):
    page = calculator(**options)
    if options.get("dark"):
        darken(page)
    press(page, chip(page, "Big"))
    give(page, "watts", "650")
    assert axe(page) == []
    box(page, "tokens").fill("-5")
    box(page, "tokens").press("Enter")
    page.locator(".cx-stale").wait_for()
    assert axe(page) == []
