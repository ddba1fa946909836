"""The patch attention explorer in a page without a kernel: what it draws and says is what torch computes."""

import pytest
import torch
from driving import SEVEN, board_point, click_on, darken, draw_by_mouse, drawing, drawn, settle
from patch_attention_page import (  # noqa: F401
    HEADS,
    LAYERS,
    PATCH,
    PLACES,
    SIDE,
    TAPS,
    asks,
    by_torch,
    check_against_torch,
    chosen,
    explorer,
    model,
    patch_point,
    pixels,
    place_of,
    view,
)

from largemodels.data import digits
from largemodels.interpret import Watched
from largemodels.live import PatchAttentionExplorer, live
from largemodels.models import ViT, ViTConfig


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(explorer, model):
    page = explorer(fresh=True)
    check_against_torch(page, model)
    assert asks(page) == 0  # the class token, where the answer is read
    assert not any("onnxruntime" in url for url in page.asked)
    assert page.locator(".dr-answer").text_content() == page.locator(".dr-first .dr-name").text_content()


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_digit_drawn_by_mouse_is_answered_as_torch_answers(explorer, model, scheme):
    page = explorer(scheme=scheme)
    draw_by_mouse(page, SEVEN)
    assert 0.05 < drawing(page).mean() < 0.5
    click_on(page.locator(".px-map"), lambda: patch_point(page, 2, 4))
    assert asks(page) == place_of(2, 4)
    check_against_torch(page, model)
    page.get_by_role("button", name="Clear").click()
    page.wait_for_function("document.querySelector('.dr-board').values.every(v => v === 0)")
    check_against_torch(page, model)
    assert page.locator(".dr-answer").text_content() == "?"


def test_the_mouse_over_a_patch_asks_from_there_and_leaves_no_trace(explorer, model):
    page = explorer()
    surface = page.locator(".px-map")
    click_on(surface, lambda: patch_point(page, 5, 1))
    surface.hover(position=patch_point(page, 0, 6))
    assert asks(page) == place_of(0, 6)
    check_against_torch(page, model)
    surface.hover(position=patch_point(page, -1, 3))  # anywhere in the class token's row
    assert asks(page) == 0
    check_against_torch(page, model)
    page.locator(".dr-verdict").hover()
    assert asks(page) == place_of(5, 1)
    check_against_torch(page, model)


def test_a_patch_is_chosen_by_finger_and_the_page_fits_a_phone(explorer, model):
    page = explorer(width=390, height=844, touch=True)
    page.locator(".px-map").scroll_into_view_if_needed()
    page.locator(".px-map").tap(position=patch_point(page, 3, 2))
    assert asks(page) == place_of(3, 2)
    page.locator(".px-sheet label").nth(6).tap()
    assert chosen(page) == (1, 2)
    check_against_torch(page, model)
    widest = page.locator(".lm").first.evaluate("el => el.scrollWidth - el.clientWidth")
    assert widest <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_patches_and_heads_are_reached_by_keyboard_and_spoken(explorer, model):
    page = explorer()
    surface = page.get_by_role("slider", name="The patch that looks")
    surface.focus()
    for keys, place in {
        ("ArrowDown",): place_of(0, 0),
        ("ArrowDown", "ArrowRight", "ArrowRight"): place_of(1, 2),
        ("End",): place_of(1, 6),
        ("Home", "ArrowUp", "ArrowUp"): 0,
        ("ArrowUp",): 0,  # there is nothing above the class token
    }.items():
        for key in keys:
            page.keyboard.press(key)
        assert asks(page) == place, keys
    assert surface.get_attribute("aria-valuetext").startswith("the class token: looks most at ")
    page.keyboard.press("ArrowDown")
    weights = check_against_torch(page, model)
    best = weights[(*chosen(page), 1)].argmax().item()
    name = f"row {(best - 1) // SIDE + 1}, column {(best - 1) % SIDE + 1}" if best else "the class token"
    spoken = surface.get_attribute("aria-valuetext")
    assert spoken.startswith(f"row 1, column 1: looks most at {name}, ")
    page.wait_for_function(
        "text => [...document.querySelectorAll('.lm-hidden')].some(p => p.textContent === text)", arg=spoken
    )

    page.locator(".px-sheet input:checked").focus()
    before = chosen(page)
    page.keyboard.press("ArrowRight")
    assert chosen(page) != before
    layer, head = chosen(page)
    assert page.locator(".px-sheet input:checked").get_attribute("aria-label") == f"Layer {layer + 1}, head {head + 1}"
    check_against_torch(page, model)


def test_a_digit_drawn_by_keyboard_is_answered_as_torch_answers(explorer, model):
    page = explorer()
    page.locator(".dr-board").focus()
    before = drawn(page)
    for key in ("Space", *["ArrowUp"] * 6, "Space", *["ArrowLeft"] * 5):
        page.keyboard.press(key)
    settle(page, before)
    assert drawing(page)[0, 0, 8:14, 14].min() == 1
    check_against_torch(page, model)


def test_examples_are_picked_and_wrong_answers_are_marked(explorer, view, model):
    page = explorer()
    before = drawn(page)
    page.locator(".dr-gallery label").nth(7).click()
    settle(page, before)
    test = digits().test
    seven = test.images[(test.labels == 7).nonzero()[0].item()]
    assert (drawing(page)[0] - seven).abs().max() < 1 / 255
    check_against_torch(page, model)
    for i in (10, 11):
        answer, label = view.settings["answers"][i], view.settings["labels"][i]
        assert answer != label
        name = f"a {label}, which the network takes for {answer}"
        assert page.locator(".dr-gallery input").nth(i).get_attribute("aria-label") == name


@pytest.mark.parametrize("dark", [False, True])
def test_a_patch_is_the_stronger_in_colour_the_larger_its_weight_and_the_ink_can_be_seen_on_it(explorer, model, dark):
    page = explorer(dark=dark)
    click_on(page.locator(".px-map"), lambda: patch_point(page, 3, 3))
    image, cell = drawing(page)[0, 0], 2 * PATCH + 2
    corners = image[::PATCH, ::PATCH].flatten()
    blank = (corners == 0).nonzero().flatten() + 1  # patches whose first pixel is paper
    weights = by_torch(model, drawing(page))[0][:, :, asks(page)]
    number = weights[..., blank].std(-1).argmax().item()  # the head that tells most between them
    page.locator(".px-sheet label").nth(number).click()
    row, seen = weights.flatten(0, 1)[number], pixels(page).float()
    assert torch.equal(seen, pixels(page, number).float())  # large and small are one picture
    assert (seen[:: 2 * PATCH + 2, :, 3] == 0).all()  # a gap between patches

    def corner(place):
        top, left = divmod(place - 1, SIDE)
        return seen[(top + 1) * cell + 1, left * cell + 1, :3]

    low, high = (corner(blank[pick(row[blank])].item()) for pick in (torch.argmin, torch.argmax))
    assert (high - low).abs().max() > 20
    assert high[0] > high[2] + 30  # orange
    ink = (image > 0.95).nonzero()
    for y, x in ink[:: len(ink) // 10].tolist():
        there = seen[(y // PATCH + 1) * cell + 1 + 2 * (y % PATCH), x // PATCH * cell + 1 + 2 * (x % PATCH), :3]
        assert (there.mean() > 180) if dark else (there.mean() < 75)


def test_two_on_a_page_do_not_disturb_each_other(widget_page, view, model):
    torch.manual_seed(3)
    other = PatchAttentionExplorer(digits().test.images[:3], ["<b>zero</b>", *map(str, range(1, 10))])
    other.beside = "never-asked"  # so its model is not exported
    live(other, Watched(ViT(ViTConfig(patch=7, width=16)), TAPS), {"image": digits().test.images[5:6]})
    page = widget_page(view, other)
    values = "[...document.querySelectorAll('.px')[1].querySelectorAll('.px-sheet canvas')].flatMap(c => [...c.values])"
    before = page.evaluate(values)
    assert len(before) == 12 * 17
    draw_by_mouse(page, SEVEN)
    click_on(page.locator(".px-map").first, lambda: patch_point(page, 2, 2))
    assert page.evaluate(values) == before
    assert page.locator("[data-drawn]").nth(1).get_attribute("data-drawn") == "1"
    assert page.locator(".px").nth(1).locator(".dr-name").first.text_content() == "<b>zero</b>"  # text, never markup
    assert page.locator(".px b").count() == 0
    page.locator(".px-map").nth(1).click(position={"x": 5, "y": 5})
    assert asks(page, 1) == 0
    assert asks(page) == place_of(2, 2)


def test_every_move_of_the_pen_is_drawn(explorer, model):
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
    check_against_torch(page, model)


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"width": 390, "height": 844}], ids=["light", "dark", "phone"])
def test_nothing_stands_in_the_way_of_assistive_technology(explorer, axe, options):
    page = explorer(**options)
    if options.get("dark"):
        darken(page)
    assert axe(page) == []
    click_on(page.locator(".px-map"), lambda: patch_point(page, 4, 4))
    assert axe(page) == []


def test_the_books_own_answers_a_drawing(book, serve, open_page):
    page = open_page(f"{serve(book)}/chapters/transformer/beyond.html")
    page.locator(".px").wait_for()
    shown = "document.querySelector('.px-map canvas').values"
    before = page.evaluate(f"[...{shown}]")
    draw_by_mouse(page, SEVEN)
    assert page.locator(".dr-answer").text_content() == "7"
    after = page.evaluate(f"[...{shown}]")
    assert len(after) == PLACES
    assert sum(after) == pytest.approx(1, abs=1e-4)
    assert after != before
