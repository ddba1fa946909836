"""The hidden state explorer in a page without a kernel: what it shows of a unit is what torch computes for it."""

import numpy as np
import pytest
import torch
from driving import click_on, part
from hidden_state_page import (  # noqa: F401
    LINE,
    MAP,
    QUANTITIES,
    TEXT,
    VOCABULARY,
    answer,
    build,
    check_against_torch,
    explorer,
    model,
    place_of,
    unit_of,
    write,
)

from largemodels.live import HiddenStateExplorer, HiddenStates, live


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(widget_page, explorer, model):
    page = widget_page(explorer, fresh=True)
    assert page.locator("textarea").input_value() == TEXT
    assert page.get_by_role("radio", name="a function").is_checked()
    check_against_torch(page, model, TEXT)
    page.get_by_role("slider", name=LINE).focus()
    page.keyboard.press("ArrowLeft")
    check_against_torch(page, model, TEXT)
    assert not any("onnxruntime" in url for url in page.asked)


def test_the_caret_the_mouse_and_the_keys_choose_a_character(widget_page, explorer, model):
    page = widget_page(explorer)
    cells = page.locator(".lm-line .lm-char")
    cells.nth(20).click()
    assert place_of(page) == 20
    for key, there in {"ArrowRight": 21, "ArrowUp": 8, "ArrowDown": 21, "Home": 0, "ArrowLeft": 0, "End": 36}.items():
        page.keyboard.press(key)
        assert place_of(page) == there, key
    assert place_of(page) == len(TEXT) - 1
    page.locator("textarea").focus()
    page.keyboard.press("Control+Home")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.lm-line').getAttribute('aria-valuenow') === '4'")
    check_against_torch(page, model, TEXT)


def test_the_map_chooses_unit_and_character(widget_page, explorer, model):
    page = widget_page(explorer)
    page.get_by_text("none", exact=True).click()  # units by number
    surface = page.get_by_role("slider", name=MAP)
    click_on(surface, lambda: part(surface, 11.5 / len(TEXT), 77.5 / 128))
    assert (unit_of(page), place_of(page)) == (77, 11)
    for key, there in {"ArrowDown": (78, 11), "ArrowLeft": (78, 10), "Shift+ArrowUp": (68, 10)}.items():
        page.keyboard.press(key)
        assert (unit_of(page), place_of(page)) == there, key
    words = surface.get_attribute("aria-valuetext")
    assert words.startswith("unit 68, character 11 of 37, “)”: cell ")
    check_against_torch(page, model, TEXT)
    page.get_by_label("Unit", exact=True).fill("500")
    assert unit_of(page) == 127
    check_against_torch(page, model, TEXT)


def test_the_map_follows_a_finger(widget_page, explorer):
    page = widget_page(explorer, width=390, height=844, touch=True)
    surface = page.get_by_role("slider", name=MAP)
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    page.touchscreen.tap(box["x"] + 20.5 / len(TEXT) * box["width"], box["y"] + box["height"] / 2)
    assert place_of(page) == 20
    cell = page.locator(".lm-line .lm-char").nth(5)
    cell.scroll_into_view_if_needed()
    cell.tap()
    assert place_of(page) == 5


@pytest.mark.parametrize("choice", list(QUANTITIES))
def test_text_and_map_are_coloured_by_the_quantity_chosen(widget_page, explorer, model, choice):
    page = widget_page(explorer)
    page.get_by_text("none", exact=True).click()
    page.get_by_text(choice, exact=True).click()
    want = answer(model, TEXT)[QUANTITIES[choice]].numpy()
    cells = page.locator(".lm-line .lm-char").evaluate_all("cells => cells.map(cell => Number(cell.dataset.value))")
    np.testing.assert_allclose(cells, want[:, unit_of(page)], atol=1e-5)
    width, height, *rgba = page.evaluate(
        "() => { const c = document.querySelector('.hx-map canvas');"
        " return [c.width, c.height, ...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]; }"
    )
    assert (height, width) == (128, len(TEXT))
    rgb = np.array(rgba).reshape(height, width, 4)[..., :3].astype(int)
    if "gate" in choice:  # from paper to dark blue
        assert np.corrcoef(rgb.sum(2).flatten(), want.T.flatten())[0, 1] < -0.95
    else:
        strong = 0.25 * min(3, abs(want).max())
        high, low = rgb[strong < want.T], rgb[-strong > want.T]
        assert (high[:, 0] > high[:, 2]).all()  # positive: orange
        assert (low[:, 2] > low[:, 0]).all()  # negative: blue


def test_a_property_ranks_the_units_and_names_the_correlation(widget_page, explorer, model):
    page = widget_page(explorer)
    for entry in explorer.settings["ranking"]:
        page.get_by_role("radio", name=entry["name"], exact=True).check(force=True)
        best = entry["units"][:5]
        assert unit_of(page) == best[0]
        finding = page.locator(".hx-finding")
        assert f"unit {best[0]}" in finding.text_content()
        assert float(finding.locator(".hx-correlation").get_attribute("data-value")) == entry["correlations"][0]
        closest = page.locator(".hx-closest .lm-chip").all_text_contents()
        assert [int(text.split(":")[0]) for text in closest] == best
        surface = page.get_by_role("slider", name=MAP)
        surface.focus()
        page.keyboard.press("ArrowDown")
        assert unit_of(page) == best[1]
        page.locator(".hx-closest .lm-chip").nth(3).click()
        assert unit_of(page) == best[3]
    check_against_torch(page, model, TEXT)
    page.get_by_text("none", exact=True).click()
    assert page.locator(".hx-finding").is_hidden()


@pytest.mark.parametrize("cell", ["GRU", "RNN"])
def test_other_cells_are_shown_with_what_they_have(widget_page, cell):
    other = build(cell, features=7, hidden=13)
    page = widget_page(live(HiddenStateExplorer(VOCABULARY), HiddenStates(other), {"ids": torch.tensor([[5, 7, 11]])}))
    assert page.locator(".hx-finder").is_hidden()
    write(page, "x = (1, 2)\n")
    want = check_against_torch(page, other, "x = (1, 2)\n")
    names = page.locator(".hx-colours .lm-chip").all_text_contents()
    assert len(names) == len(want) - 1
    assert page.get_by_role("radio", name="hidden state").is_checked()


def test_the_map_of_a_few_units_is_low(widget_page):
    ids = {"ids": torch.tensor([[5, 7, 11]])}
    heights = []
    for hidden in (3, 31):
        view = HiddenStateExplorer(VOCABULARY)
        view.beside = "never-asked"  # so its model is not exported
        page = widget_page(live(view, HiddenStates(build(features=7, hidden=hidden)), ids))
        heights.append(page.locator(".hx-map canvas").bounding_box()["height"])
    assert heights[0] < heights[1] / 2
