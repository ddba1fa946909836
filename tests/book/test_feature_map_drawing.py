"""The feature map explorer in a page without a kernel: what is drawn is answered as torch answers."""

import pytest
import torch
from driving import FOUR, SEVEN, board_point, draw_by_mouse, drawing, drawn, idle, settle
from feature_map_page import check_against_torch, choose_unit, explorer, layers_of, model, press, view  # noqa: F401
from taking import link_of

from largemodels.data import digits


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(explorer):
    page = explorer(fresh=True)
    check_against_torch(page)
    assert not any("onnxruntime" in url for url in page.asked)
    assert page.locator(".dr-answer").text_content() == page.locator(".dr-first .dr-name").text_content()


def test_a_digit_drawn_by_mouse_is_answered_as_torch_answers(explorer):
    page = explorer()
    draw_by_mouse(page, *FOUR)
    image = drawing(page)
    assert 0.05 < image.mean() < 0.5
    assert image.max() == 1
    assert ((image > 0) & (image < 1)).any()  # strokes have soft edges
    assert image[0, 0, :, :3].sum() == 0  # what the page came with is gone
    values = check_against_torch(page)
    best = values["output"].argmax().item()
    assert page.locator(".dr-answer").text_content() == page.locator(".dr-name").nth(best).text_content()
    page.get_by_role("button", name="Undo").click()
    draw_by_mouse(page, SEVEN)
    assert not torch.equal(drawing(page), image)
    check_against_torch(page)


def test_it_works_from_a_file_as_well(widget_page, view):
    page = widget_page(view, scheme="file")
    draw_by_mouse(page, SEVEN)
    check_against_torch(page)


def test_a_digit_drawn_by_finger_is_answered_as_torch_answers(explorer):
    page = explorer(width=390, height=844, touch=True)
    page.locator(".dr-board").first.scroll_into_view_if_needed()
    finger = page.context.new_cdp_session(page)
    before, scrolled = drawn(page), page.evaluate("scrollY")

    def touch(kind, *points):
        places = [dict(zip("xy", board_point(page, *point), strict=True)) for point in points]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    touch("touchStart", (14, 4))
    for y in range(5, 24):
        touch("touchMove", (14, y))
    touch("touchEnd")
    settle(page, before)
    image = drawing(page)
    assert image[0, 0, 6:22, 13:15].min() > 0.9
    assert image[0, 0, :, :8].sum() == 0
    assert page.evaluate("scrollY") == scrolled  # the finger drew; the page stayed
    check_against_torch(page)


def test_a_digit_drawn_by_keyboard_is_answered_as_torch_answers(explorer):
    page = explorer()
    page.locator(".dr-board").focus()
    start = drawn(page)
    page.keyboard.press("ArrowUp")  # the pen is up: nothing is drawn
    idle(page)
    assert drawn(page) == start
    press(page, "Space", *["ArrowUp"] * 6, "Space", *["ArrowLeft"] * 9)
    stroke = drawing(page)
    assert stroke[0, 0, 8:14, 14].min() == 1
    assert stroke[0, 0, :, :10].sum() == 0  # lifted, it travels without a trace
    assert drawn(page) > start
    check_against_torch(page)

    press(page, "Shift+ArrowRight", "Shift+ArrowDown")
    assert torch.equal(drawing(page)[..., 1:, 1:], stroke[..., :-1, :-1])
    check_against_torch(page)
    press(page, "u", "Control+z")
    assert torch.equal(drawing(page), stroke)
    press(page, "c")
    assert drawing(page).sum() == 0
    press(page, "u")
    assert torch.equal(drawing(page), stroke)
    press(page, *["ArrowRight"] * 9, "e", "Space", "ArrowDown", "ArrowDown")
    assert drawing(page).sum() < stroke.sum()
    check_against_torch(page)


def test_the_pen_draws_where_it_is_and_the_eraser_takes_away(widget_page, view):
    page = widget_page(view)
    draw_by_mouse(page, [(9.5, 18.5)])
    dot = drawing(page)[0, 0]
    pixels = torch.arange(28.0)
    centre = ((dot.sum(1) @ pixels / dot.sum()).item(), (dot.sum(0) @ pixels / dot.sum()).item())
    assert centre == pytest.approx((18, 9), abs=0.1)
    assert dot.sum().item() == pytest.approx(torch.pi * view.settings["pen"] ** 2, rel=0.1)
    page.get_by_text("Eraser").click()
    draw_by_mouse(page, [(5, 18.5), (14, 18.5)])
    assert drawing(page).sum() < 0.05
    page.get_by_text("Pen").click()
    draw_by_mouse(page, [(14, 14), (14, 60), (40, 60), (40, 14), (20, 14)])  # leaves the board, comes back elsewhere
    image = drawing(page)[0, 0]
    assert image[14, 20:26].min() > 0.9
    assert image[20:27, 20:].sum() == 0
    check_against_torch(page)


def test_examples_are_picked_by_mouse_and_by_keyboard_and_wrong_answers_are_marked(widget_page, view, model):
    page = widget_page(view)
    examples = digits().test
    chips = page.locator(".dr-gallery input")
    labels = view.settings["labels"]
    assert chips.count() == len(labels)
    before = drawn(page)
    page.locator(".dr-gallery label").nth(7).click()
    settle(page, before)
    seven = examples.images[(examples.labels == 7).nonzero()[0].item()]
    assert (drawing(page)[0] - seven).abs().max() < 1 / 255
    check_against_torch(page)
    press(page, "ArrowRight")
    assert chips.nth(8).is_checked()
    check_against_torch(page)
    for i in (10, 11):
        answer = view.settings["answers"][i]
        assert answer != labels[i]
        name = f"a {labels[i]}, which the network takes for {answer}"
        assert chips.nth(i).get_attribute("aria-label") == name
    assert chips.nth(7).get_attribute("aria-label") == "a 7"
    draw_by_mouse(page, [(3, 3), (5, 3)])
    assert page.locator(".dr-gallery input:checked").count() == 0
    assert drawing(page)[0, 0, 6:, 8:].sum() > 10  # what was picked can be drawn on


def test_the_runtime_is_fetched_with_the_first_stroke(explorer):
    page = explorer(fresh=True)
    assert not any("onnxruntime" in url for url in page.asked)
    draw_by_mouse(page, SEVEN)
    asked = [url.rpartition("/")[2] for url in page.asked if "onnxruntime" in url]
    assert asked == ["onnxruntime.js", "onnxruntime-wasm.bin"]


def test_every_move_of_the_pen_is_drawn(explorer):
    page = explorer()
    page.locator(".dr-board").scroll_into_view_if_needed()
    page.mouse.move(*board_point(page, 6, 6))
    before = drawn(page)
    page.mouse.down()
    settle(page, before)
    for i in range(33):
        before = drawn(page)
        page.mouse.move(*board_point(page, 6 + i / 2, 6 + 6 * (i % 2)))
        page.wait_for_function("before => document.querySelector('[data-drawn]').dataset.drawn > before", arg=before)
    page.mouse.up()
    check_against_torch(page)


def test_nothing_drawn_and_all_ink_are_answered_without_pretence(widget_page, view):
    page = widget_page(view)
    before = drawn(page)
    page.get_by_role("button", name="Clear").click()
    settle(page, before)
    assert drawing(page).sum() == 0
    assert page.locator(".dr-answer").text_content() == "?"
    words = page.locator(".dr-words").text_content()
    assert words.startswith("Nothing is drawn. The network must answer all the same: ")
    check_against_torch(page)
    choose_unit(page, layers_of(page)[0], 2, 5, 5)
    assert "NaN" not in page.locator(".fx").inner_text()
    lines = [(x, y) for y in range(1, 28, 2) for x in ((1, 27) if y % 4 == 1 else (27, 1))]
    draw_by_mouse(page, lines, steps=1)
    assert drawing(page).mean() > 0.97
    check_against_torch(page)
    assert "NaN" not in page.locator(".fx").inner_text()


def test_a_drawing_travels_in_a_link(widget_page, view):
    page = widget_page(view)
    draw_by_mouse(page, *FOUR)
    image = drawing(page)
    link = link_of(page)
    assert len(link) < 900
    page.goto("about:blank")
    page.goto(link)
    settle(page, 1)
    assert (drawing(page) - image).abs().max() < 0.02
    check_against_torch(page)
