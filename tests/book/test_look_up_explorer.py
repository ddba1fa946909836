"""The look-up explorer in a page without a kernel: what the reader sees is what torch computes."""

import math

import pytest
import torch
from driving import darken, drawn, settle

from largemodels.live import LookUpExplorer, SoftLookUp, live

KEYS = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
VALUES = torch.tensor([3.0, 5.0, 10.0])
START = torch.tensor([0.0, math.log(2)])


@pytest.fixture(scope="module")
def explorer():
    return live(LookUpExplorer("xyz"), SoftLookUp(), {"query": START, "keys": KEYS, "values": VALUES})


def values(page, selector):
    return torch.tensor([float(one.get_attribute("data-value")) for one in page.locator(selector).all()])


def check_against_torch(page, query):
    """Compare every number on the page with torch, for a query; return torch's."""
    want = SoftLookUp()(query, KEYS, VALUES)
    rows = [want["scores"], want["weights"], VALUES, want["parts"]]
    torch.testing.assert_close(
        values(page, ".lu-table tbody [data-value]").view(3, 4), torch.stack(rows, 1), atol=1e-5, rtol=1e-4
    )
    torch.testing.assert_close(values(page, ".lu-answer"), want["answer"], atol=1e-5, rtol=1e-4)
    return want


def slide(page, name, value):
    before = drawn(page)
    page.get_by_role("slider", name=name).fill(str(value))
    settle(page, before)


def query(degrees, norm):
    radians = math.radians(degrees)
    return torch.tensor([norm * math.cos(radians), norm * math.sin(radians)])


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(widget_page, explorer):
    page = widget_page(explorer, fresh=True)
    want = check_against_torch(page, START)
    assert want["answer"].item() == pytest.approx(5.75)
    assert page.locator(".lu-answer").text_content() == "5.750"
    assert not any("onnxruntime" in url for url in page.asked)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_query_is_turned_and_lengthened_as_torch_does(widget_page, explorer, scheme):
    page = widget_page(explorer, scheme=scheme)
    slide(page, "Direction", 30)
    check_against_torch(page, query(30, math.log(2)))
    slide(page, "Norm", 4)
    check_against_torch(page, query(30, 4))
    slide(page, "Norm", 0)
    want = check_against_torch(page, torch.zeros(2))
    assert want["answer"].item() == pytest.approx(6)  # the mean of all
    slide(page, "Norm", 2)  # the direction was not forgotten
    check_against_torch(page, query(30, 2))


def test_the_arrow_keys_move_the_query(widget_page, explorer):
    page = widget_page(explorer)
    page.get_by_role("slider", name="Direction").focus()
    before = drawn(page)
    page.keyboard.press("ArrowRight")
    settle(page, before)
    check_against_torch(page, query(91, math.log(2)))


@pytest.mark.parametrize(("name", "degrees"), [("x", 0), ("y", 90), ("z", 180)])
def test_a_key_that_is_asked_for_gets_most(widget_page, explorer, name, degrees):
    page = widget_page(explorer)
    slide(page, "Norm", 5)
    before = drawn(page)
    if name == "y":
        slide(page, "Direction", 0)
        before = drawn(page)
    page.locator(".lu .lm-chip").filter(has_text=name).click()
    settle(page, before)
    want = check_against_torch(page, query(degrees, 5))
    assert want["weights"].argmax() == "xyz".index(name)
    assert page.get_by_role("radio", name=name).is_checked()


def test_the_arrow_of_the_query_points_where_it_asks_and_ends_at_the_edge(widget_page, explorer):
    page = widget_page(explorer)
    slide(page, "Direction", 45)
    slide(page, "Norm", 1)
    line = page.locator(".lu-query line")
    ends = [float(line.get_attribute(name)) for name in ("x2", "y2")]
    assert ends == pytest.approx([0.5**0.5, -(0.5**0.5)], abs=1e-4)
    slide(page, "Norm", 10)
    ends = [float(line.get_attribute(name)) for name in ("x2", "y2")]
    assert ends == pytest.approx([2.2, -2.2], abs=1e-4)


def test_two_on_a_page_do_not_disturb_each_other(widget_page, explorer):
    start = {"query": torch.zeros(2), "keys": torch.eye(2), "values": torch.tensor([1.0, 2.0])}
    page = widget_page(live(LookUpExplorer("ab"), SoftLookUp(), start), explorer)
    page.get_by_role("slider", name="Norm").nth(1).fill("3")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-drawn]')].map(el => el.dataset.drawn).join() === '1,2'"
    )
    assert page.locator(".lu-answer").first.text_content() == "1.500"


@pytest.mark.parametrize("width", [390, 1200])
def test_all_fits_the_screen(widget_page, explorer, width):
    page = widget_page(explorer, width=width, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_bars_a_reader(widget_page, explorer, axe, dark):
    page = widget_page(explorer, dark=dark)
    if dark:
        darken(page)
    slide(page, "Norm", 3)
    assert axe(page) == []
