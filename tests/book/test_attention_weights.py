"""The attention explorer in a page without a kernel: every weight that it draws and works out is torch's."""

import pytest
import torch
from attention_page import (  # noqa: F401
    START,
    SYMBOLS,
    by_torch,
    cell_point,
    change,
    check_against_torch,
    check_working,
    choose_cell,
    explorer,
    fill,
    model,
    numbers,
    place,
    text_of,
    value,
    view,
)

from largemodels.data.source_code import CODE_CHARACTERS
from largemodels.live import AttentionExplorer, GPTExplained, live
from largemodels.models import GPT, GPTConfig


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(explorer, model):
    page = explorer(fresh=True)
    assert text_of(page) == START
    assert page.locator("textarea").input_value() == START
    assert place(page)[2] == len(START) - 1
    check_against_torch(page, model)
    page.locator(".ax-pick").nth(6).click()
    choose_cell(page, 20, 9)
    page.locator(".lm-char").nth(4).hover()
    check_against_torch(page, model)
    assert not any("onnxruntime" in url or "models/" in url for url in page.asked)


def test_every_weight_is_worked_out(explorer, model):
    page = explorer(height=1400)
    want = by_torch(page, model)
    for tile, row, column in [(0, 0, 0), (5, 35, 20), (10, 17, 17), (15, 30, 2), (3, 12, 25)]:
        page.locator(".ax-pick").nth(tile).click()
        choose_cell(page, row, column)
        check_working(page, want)
    assert place(page)[3] > place(page)[2]  # the last one was later, and hidden


def test_entries_of_the_products_and_of_the_answer_are_walked_through_by_keyboard(explorer, model):
    page = explorer()
    want = by_torch(page, model)
    layer, head, row, column = place(page)
    query, key, values = (want[name][layer, head] for name in ("query", "key", "value"))
    page.get_by_role("slider", name="The products").focus()
    page.keyboard.press("Home")
    for entry in range(3):
        q, k = query[row, entry].item(), key[column, entry].item()
        words = page.get_by_role("slider", name="The products").get_attribute("aria-valuetext").replace("−", "-")
        assert words.startswith(f"entry {entry + 1}: ")
        shown = [float(text) for text in words.split(": ")[1].replace(" × ", " ").replace(" = ", " ").split()]
        assert shown == pytest.approx([q, k, q * k], abs=0.006)
        page.keyboard.press("ArrowRight")
    page.get_by_role("slider", name="The head's answer").focus()
    page.keyboard.press("End")
    mixed = (want["weights"][layer, head, row] @ values)[-1].item()
    assert value(page.locator(".ax-sum span").nth(1)) == pytest.approx(mixed, abs=1e-5)
    assert "entry 32 of 32" in page.locator(".ax-working").text_content()


def test_the_cursor_goes_by_mouse_and_arrow_keys_and_is_spoken(explorer, model):
    page = explorer(height=1400)
    weights = by_torch(page, model)["weights"][0, 0]
    choose_cell(page, 25, 13)
    for key, there in {
        "ArrowLeft": (25, 12),
        "ArrowUp": (24, 12),
        "Shift+ArrowUp": (14, 12),
        "ArrowDown": (15, 12),
        "Home": (15, 0),
        "End": (15, 35),
    }.items():
        page.keyboard.press(key)
        assert place(page)[2:] == there, key
    spoken = page.get_by_role("slider", name="Weights").get_attribute("aria-valuetext")
    assert spoken == "end of line (16) cannot look at “h” (36): it comes later"
    choose_cell(page, 15, 12)
    spoken = page.get_by_role("slider", name="Weights").get_attribute("aria-valuetext")
    assert spoken == f"end of line (16) looks at “h” (13): weight {weights[15, 12]:.3f}"
    page.locator(".ax-map").hover(position=cell_point(page, 30, 7))
    assert place(page)[2:] == (30, 7)
    page.mouse.move(2, 2)
    assert place(page)[2:] == (15, 12)  # what was chosen comes back


def test_lines_lead_from_a_character_to_what_it_looks_at(explorer, model):
    page = explorer()
    page.locator(".ax-pick").nth(9).click()
    weights = by_torch(page, model)["weights"][2, 1]
    line = page.get_by_role("slider", name="The text as the model read it")

    def check(row):
        paths = page.locator(".ax-arcs path").evaluate_all(
            "all => all.map(p => [p.dataset.place, p.dataset.value, p.getAttribute('stroke-width')].map(Number))"
        )
        strong = [i for i in range(row) if weights[row, i] >= 0.02]
        assert [path[0] for path in paths] == strong
        assert [path[1] for path in paths] == pytest.approx(weights[row, strong].tolist(), abs=1e-5)
        by_weight = sorted(paths, key=lambda path: path[1])
        assert [path[2] for path in by_weight] == sorted(path[2] for path in paths)  # thickness is weight
        shade = numbers(page, "[...document.querySelectorAll('.lm-line .lm-char')].map(c => Number(c.dataset.value))")
        torch.testing.assert_close(shade, weights[row].double(), atol=1e-5, rtol=0)
        best = weights[row].argmax().item()
        spoken = line.get_attribute("aria-valuetext")
        assert f"({row + 1}) looks at " + ("itself" if best == row else "") in spoken
        assert best == row or f"({best + 1})" in spoken.partition("looks at")[2].partition(",")[0]

    check(35)
    page.locator(".lm-char").nth(11).hover()
    check(11)
    page.mouse.move(2, 2)
    check(35)
    page.locator(".lm-char").nth(24).click()
    page.mouse.move(2, 2)
    check(24)
    for key, row in {"ArrowLeft": 23, "ArrowUp": 7, "ArrowRight": 8, "End": 35, "Home": 0}.items():
        page.keyboard.press(key)
        check(row)


def test_heads_are_chosen_by_mouse_and_arrow_keys(explorer, model):
    page = explorer()
    page.locator(".ax-pick").nth(5).click()
    assert page.locator(".ax-detail .ax-title").text_content() == "Layer 2, head 2"
    for key, there in {"ArrowDown": (2, 1), "ArrowRight": (2, 2), "ArrowUp": (1, 2), "ArrowLeft": (1, 1)}.items():
        page.keyboard.press(key)
        assert place(page)[:2] == there, key
    large = numbers(page, "document.querySelector('.ax-map canvas').values")
    torch.testing.assert_close(large, by_torch(page, model)["weights"][1, 1].flatten().double(), atol=1e-5, rtol=0)


def test_a_finger_chooses_heads_characters_and_cells_on_a_phone(explorer, model):
    page = explorer(width=390, height=844, touch=True)
    page.locator(".ax-pick").nth(11).tap()
    assert place(page)[:2] == (2, 3)
    page.locator(".lm-char").nth(20).tap()
    assert place(page)[2] == 20
    surface = page.locator(".ax-map")
    surface.scroll_into_view_if_needed()
    surface.tap(position=cell_point(page, 31, 18))
    assert place(page)[2:] == (31, 18)
    change(page, lambda: page.locator(".ax-switch").nth(11).tap())
    check_against_torch(page, model)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    fill(page, "x" * 60 + "\n    y")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = [box.bounding_box() for box in page.locator(".ax-switch, .ax-next:visible, .ax-buttons button").all()]
    assert min(min(box["width"], box["height"]) for box in small) >= 24


def test_a_finger_scrolls_the_page_over_the_map(explorer):
    page = explorer(width=390, height=844, touch=True)
    page.locator(".ax-map").scroll_into_view_if_needed()
    actions = ".ax-map, .ax-row, .lm-line"
    assert set(page.locator(actions).evaluate_all("all => all.map(e => getComputedStyle(e).touchAction)")) == {"pan-y"}


def test_two_on_a_page_do_not_disturb_each_other(widget_page, view, model):
    torch.manual_seed(1)
    other = GPT(GPTConfig(SYMBOLS, 16, 1, 2, 12, "learned")).eval()
    small = live(
        AttentionExplorer(CODE_CHARACTERS, {"<b>one</b>": "one"}, head=(0, 1)),
        GPTExplained(other),
        {"ids": CODE_CHARACTERS.encode("other")[None]},
    )
    page = widget_page(view, small)
    assert page.locator(".ax").nth(1).locator(".ax-detail .ax-title").text_content() == "Layer 1, head 2"
    assert page.locator(".ax").nth(1).get_by_text("<b>one</b>").is_visible()
    change(page, lambda: page.locator("textarea").nth(0).fill("mine"))
    assert (text_of(page, 0), text_of(page, 1)) == ("mine", "other")
    page.locator("textarea").nth(1).fill("yours")
    page.wait_for_function("document.querySelectorAll('[data-drawn]')[1].dataset.drawn === '2'")
    assert (text_of(page, 0), text_of(page, 1)) == ("mine", "yours")
