"""What a reader has set stands in the page's address and can be sent; whatever happens to the link is noticed."""

import re

import pytest
from calculator_page import (
    CHIPS,
    LINK,
    PRESETS,
    SET,
    START,
    agrees,
    box,
    calculator,  # noqa: F401  (a fixture)
    chip,
    give,
    press,
    results,
    training,
)
from driving import drawn, frames, settle

BIG = {name: value for name, value in PRESETS["Big <b>one</b>"].items() if name in START} | CHIPS["Large"]


@pytest.fixture
def opened(widget_address, open_page):
    """Open a page of two calculators by a link, as a reader does who was sent it: ``opened("#…")``."""
    address = widget_address(training(), training("other"))

    def start(fragment, fresh=False):
        page = open_page(address + fragment, fresh=fresh)
        page.locator("[data-drawn][data-state]").nth(1).wait_for()
        return page

    return start


def kept(page, *parts):
    """Wait until the address holds some texts, and return what stands after the mark."""
    page.wait_for_function("parts => parts.every(part => location.hash.includes(part))", arg=list(parts))
    return page.url.partition("#")[2]


def lost(page, number=0):
    return page.locator(".cx-lost").nth(number)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_address_follows_the_reader_and_typing_leaves_no_entry_in_the_history(calculator, scheme):
    page = calculator(scheme=scheme, fresh=True)
    before = page.evaluate("history.length")
    for name, value in (("parameters", "70B"), ("tokens", "15T"), ("chips", "4096"), ("utilisation", "38 %")):
        give(page, name, value)
    text = kept(page, "utilisation-0.38")
    assert page.evaluate("history.length") == before
    assert text == LINK.replace("peak-989", "peak-312").replace("watts-700", "watts-400")
    assert re.fullmatch(r"[a-z0-9]([A-Za-z0-9_-]|\.(?=[a-z0-9]))*[a-z0-9]", text)


def test_a_link_is_copied_and_opens_what_it_was_copied_from(calculator, widget_address, open_page):
    page = calculator(fresh=True, alone=True)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press(page, chip(page, "Big"))
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Copied.", exact=True).wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(widget_address(training()) + "#training-1_parameters-405.9e9_")
    again = open_page(link)
    again.wait_for_function("document.querySelector('[data-drawn]')?.dataset.drawn > 1")
    assert agrees(again, **BIG)
    assert again.get_by_role("radio", name="Big <b>one</b>").is_checked()


def test_where_the_clipboard_is_forbidden_the_link_is_shown(calculator):
    page = calculator()
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { configurable: true, value: undefined })")
    page.get_by_role("button", name="Copy link").click()
    shown = page.get_by_role("textbox", name="The link or the text to copy")
    shown.wait_for()
    assert shown.input_value().partition("#")[2].startswith("training-1_parameters-7e9_")
    page.evaluate("delete navigator.clipboard")


def test_a_link_opens_at_the_calculator_and_shows_its_numbers(opened):
    page = opened("#" + LINK.replace("training", "other"), fresh=True)
    page.evaluate("document.querySelector('h1').style.marginBottom = '3000px'")
    page.wait_for_function("document.querySelectorAll('[data-drawn]')[1].dataset.drawn > 1")
    assert results(page, 1)["compute"] == pytest.approx([6.3e24])
    assert agrees(page)  # the first is as it was
    page.evaluate("scrollTo(0, 0)")
    page.evaluate("location.hash = 'elsewhere'")
    page.evaluate("text => { location.hash = text; }", LINK.replace("training", "other"))
    page.wait_for_function(
        "Math.abs(document.querySelectorAll('.cx')[1].getBoundingClientRect().top) < innerHeight / 2"
    )


ENDS = ("", ".", ",", ")", ".)", "!", "?", "…", "”.", "*", ">", "%20")


@pytest.mark.parametrize("end", ENDS)
def test_a_link_survives_what_a_chat_puts_after_it(opened, end):
    page = opened("#" + LINK + end)
    settle(page, 1)
    assert agrees(page, **SET)
    assert lost(page).text_content() == ""


BROKEN = {
    LINK[:-1]: "a part is missing",
    LINK[:-4]: "a part is missing",
    LINK[:40]: "a part is missing",
    LINK.replace("70e9", ""): "a part is missing, or was changed",
    LINK.replace("70e9", "-5"): "Parameters: −5 is negative",
    LINK.replace("4096", "2.5"): "Chips: 2.5 is not a whole number",
    LINK.replace("70e9", "1e400"): "Parameters: “1e400” is too large for a computer",
    LINK.replace("70e9", "NaN"): "Parameters: “NaN” is not a number",
    LINK.replace("chips", "cats"): "there is no “cats” here",
    LINK.replace("training-1", "training-2"): "a later edition",
}


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_a_link_that_cannot_be_read_says_so_and_shows_the_start(opened, broken):
    page = opened("#" + broken)
    lost(page).filter(has_text="The address of this page holds numbers that cannot be read").wait_for()
    assert BROKEN[broken] in lost(page).text_content()
    assert lost(page).get_attribute("role") == "status"
    assert lost(page, 1).text_content() == ""
    assert agrees(page)
    give(page, "parameters", "70B")
    assert agrees(page, parameters=70e9)
    assert lost(page).text_content() == ""


def test_the_way_back_and_forward_leads_through_what_was_chosen(calculator):
    page = calculator(fresh=True)
    give(page, "parameters", "70B")
    press(page, chip(page, "Big"))
    press(page, chip(page, "Little"))
    for go, wanted in (
        ("back", BIG),
        ("back", {"parameters": 70e9}),
        ("forward", BIG),
        ("forward", {"parameters": 124e6, "tokens": 300e9}),
    ):
        before = drawn(page)
        page.evaluate(f"history.{go}()")
        settle(page, before)
        assert agrees(page, **wanted)


def test_the_way_back_leads_to_the_start_where_the_address_had_nothing(calculator):
    page = calculator(fresh=True)
    press(page, chip(page, "Big"))
    before = drawn(page)
    page.evaluate("history.back()")
    settle(page, before)
    assert "#" not in page.url
    assert agrees(page)


def test_a_page_that_is_loaded_again_shows_what_was_set(calculator):
    page = calculator(fresh=True)
    give(page, "parameters", "70B")
    kept(page, "parameters-70e9")
    page.reload()
    page.wait_for_function("document.querySelector('[data-drawn]')?.dataset.drawn > 1")
    assert agrees(page, parameters=70e9)


def test_several_stand_in_one_address_and_each_finds_its_own(opened):
    page = opened("")
    give(page, "parameters", "70B")
    kept(page, "training-1_parameters-70e9")
    box(page, "parameters", 1).fill("1B")
    text = kept(page, "other-1_parameters-1e9", "training-1_parameters-70e9")
    assert text.startswith("other-1")  # the one that was changed last
    again = opened("#" + text, fresh=True)
    again.wait_for_function("[...document.querySelectorAll('[data-drawn]')].every(el => el.dataset.drawn > 1)")
    assert agrees(again, parameters=70e9)
    assert results(again, 1)["compute"] == pytest.approx([1.2e22])


@pytest.mark.parametrize("anchor", ["faq-2", "training-1", "training", "how_long", "training-1_", "id1"])
def test_the_anchor_of_a_heading_is_no_state(opened, anchor):
    page = opened("")
    give(page, "parameters", "70B")
    kept(page, "parameters-70e9")
    page.evaluate(
        """anchor => { const heading = Object.assign(document.createElement("h2"), { id: anchor });
          document.querySelector("main").append(heading);
          location.hash = anchor; }""",
        anchor,
    )
    frames(page)
    assert page.url.endswith("#" + anchor)
    assert agrees(page, parameters=70e9)
    assert lost(page).text_content() == ""
    page.evaluate("history.back()")
    kept(page, "parameters-70e9")
    frames(page)
    assert agrees(page, parameters=70e9)
    page.evaluate("anchor => document.getElementById(anchor).remove()", anchor)


def test_where_the_address_may_not_be_changed_the_calculator_works(calculator):
    page = calculator(fresh=True)
    page.evaluate(
        """() => { history.pushState = history.replaceState = () => {
          throw new DOMException("no", "SecurityError"); }; }"""
    )
    press(page, chip(page, "Big"))
    assert agrees(page, **BIG)
    give(page, "parameters", "70B")
    assert agrees(page, **BIG | {"parameters": 70e9})
    assert "#" not in page.url
