"""Every widget: what is set stands in the address and comes back, and a picture and the numbers can be taken away."""

import io
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from changing import CHANGES
from driving import darken, frames
from every_view import EVERY_VIEW
from PIL import Image
from taking import STUB, link_of, saved, state_of, tables_in

WRITABLE = ("calculator", "scaling", "systems")  # states without a check, which can be written by hand

IS = """state => { // the widget says so, when it was asked
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: undefined });
  [...document.querySelectorAll("button")].find((one) => one.textContent === "Copy link").click();
  return document.querySelector(".lm-sent").value.split("#")[1] === state
    && document.querySelector("[data-drawn]").dataset.state === "ready"; }"""
STILL = """() => { // the address has caught up
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: undefined });
  [...document.querySelectorAll("button")].find((one) => one.textContent === "Copy link").click();
  return location.href === document.querySelector(".lm-sent").value; }"""
every = pytest.mark.parametrize("view", CHANGES)


@pytest.fixture
def changed(widget_page, views, view):
    """The page of a widget in which a reader has set something, and the state at the start."""
    page = widget_page(views[view])
    page.start = state_of(page)
    CHANGES[view](page)
    page.wait_for_function("start => location.hash.length > 1 && !location.hash.includes(start)", arg=page.start)
    page.wait_for_function("document.querySelector('[data-drawn]').dataset.state === 'ready'")
    page.wait_for_function(STILL)
    frames(page)
    return page


def opened(widget_address, open_page, view, fragment):
    page = open_page(widget_address(view) + "#" + fragment, fresh=False)
    page.locator("[data-drawn][data-state]").wait_for()
    return page


@every
def test_what_a_reader_sets_is_in_the_address_and_comes_back(changed, views, view, widget_address, open_page):
    page = changed
    state = state_of(page)
    assert state != page.start
    page.wait_for_function("state => location.hash === '#' + state", arg=state)
    assert re.fullmatch(r"[a-z0-9]([A-Za-z0-9_-]|\.(?=[A-Za-z0-9]))*[a-z0-9]", state)
    assert len(state) < 2100
    again = opened(widget_address, open_page, views[view], state)
    again.wait_for_function(IS, arg=state)
    frames(again)
    assert state_of(again) == state
    assert again.locator(".lm-problem").all_text_contents().count("") == again.locator(".lm-problem").count()


@every
def test_a_state_that_was_changed_on_its_way_is_said(changed, views, view, widget_address, open_page):
    if view in WRITABLE:
        return  # the tests of these widgets have them
    state, start = state_of(changed), changed.start
    at = re.search(r"-1_[a-z.]+-", state).end()  # of the first value
    other = "1" if state[at] != "1" else "0"
    earlier = re.sub(r"-1_", "-0_", state, count=1)
    later = re.sub(r"-1_", "-99_", state, count=1)
    broken = {state[:at] + other + state[at + 1 :]: "or was changed", state[:-1]: "a part is missing"}
    for text, words in (broken | {later: "a later edition", earlier: "an earlier edition"}).items():
        page = opened(widget_address, open_page, views[view], text)
        page.locator(".lm-lost", has_text="What you see is the state at the start.").wait_for()
        assert words in page.locator(".lm-lost").text_content()
        assert state_of(page) == start


@every
def test_the_picture_is_large_and_has_the_title_and_the_address_below(changed):
    darken(changed)
    name, content = saved(changed, "Picture")
    assert re.fullmatch(r"[\w.-]+\.png", name)
    picture = np.asarray(Image.open(io.BytesIO(content)).convert("L"), dtype=float)
    assert picture.shape[1] >= 2000
    assert picture[0, 0] < 60  # paper of its own, as dark as the page's
    assert picture.std() > 5
    name, content = saved(changed, "SVG")
    drawing = ElementTree.fromstring(content)
    assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
    texts = [each.text for each in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[-2] == "Live widgets"
    assert texts[-1] == changed.url.partition("#")[0]
    assert "Copy" not in texts


@every
def test_the_numbers_are_tables_that_a_spreadsheet_opens(changed):
    name, content = saved(changed, "Numbers")
    assert name.endswith(".csv")
    for head, *rows in tables_in(content):
        assert rows
        assert len({cell for cell in head if cell}) == len([cell for cell in head if cell]) > 1
        cells = [cell for row in rows for cell in row if re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?", cell)]
        assert cells
        assert np.isfinite([float(cell) for cell in cells]).all()


@every
def test_by_keyboard_and_from_file_and_on_a_phone(widget_page, views, view):
    page = widget_page(views[view], scheme="file", width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate(STUB)
    page.get_by_role("button", name="Copy link").focus()
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="The link or the text to copy").wait_for()
    page.evaluate("delete navigator.clipboard")
    assert saved(page, "Picture")[1].startswith(b"\x89PNG")
    assert tables_in(saved(page, "Numbers")[1])
    texts = ElementTree.fromstring(saved(page, "SVG")[1]).iter("{http://www.w3.org/2000/svg}text")
    assert not [text.text for text in texts if "/" in (text.text or "") and "home" in text.text]


@pytest.mark.parametrize("view", ["look_up"])
def test_two_of_a_kind_do_not_take_each_others_state(widget_address, open_page, views, view):
    address = widget_address(views[view], views[view])
    page = open_page(address, fresh=True)
    page.locator("[data-drawn][data-state]").nth(1).wait_for()
    first, second = (link_of(page, i).partition("#")[2] for i in (0, 1))
    assert first.startswith("lookup-1_")
    assert second.startswith("lookup2-1_")


def test_every_view_is_tried_here():
    assert set(CHANGES) == set(EVERY_VIEW)
