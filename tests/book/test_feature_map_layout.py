"""Where the feature map explorer's parts stand: what explains a unit neither moves nor covers what one points at."""

import pytest
from driving import frames
from feature_map_page import choose_unit, explorer, layers_of, model, view  # noqa: F401

OVER = """place => { const { x, y, width, height } = document.querySelector(".dr-board").getBoundingClientRect();
    const seen = document.elementFromPoint(x + width / 2, y + place * height);
    return seen.closest(".lm-surface")?.contains(document.querySelector(".dr-board")) ?? false; }"""


def test_what_a_unit_adds_up_is_in_view_beside_the_maps_and_never_lies_over_the_board(explorer):
    page = explorer(height=1200)
    board, panel = page.locator(".dr-board"), page.locator(".fx-inspector")
    for edge in ("end", "start"):
        board.evaluate("(board, block) => board.scrollIntoView({ block })", edge)
        place = 0.8 if edge == "start" else 0.5  # at the upper edge the page has a bar of its own
        assert page.evaluate(OVER, place), f"the board is covered at the {edge} of the screen"
    page.locator(".fx-maps").first.hover()
    box = panel.bounding_box()
    assert box["y"] + box["height"] <= 1201


@pytest.mark.parametrize("width", [600, 700, 800])
def test_what_explains_a_unit_is_as_tall_for_every_kind_of_unit(widget_page, view, width):
    page = widget_page(view, height=1200)
    page.evaluate("width => document.querySelector('.lm').style.width = `${width}px`", width)
    frames(page)
    heights = []
    for layer in layers_of(page)[:-1]:
        choose_unit(page, layer, 0, 0, 0)
        heights.append(page.locator(".fx-inspector").bounding_box()["height"])
    page.locator(".dr-class").first.click()
    heights.append(page.locator(".fx-inspector").bounding_box()["height"])
    assert max(heights) - min(heights) < 8, f"{heights}: it grows over the map that the reader points at"
