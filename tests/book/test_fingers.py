"""Whatever is dragged follows the first finger until it is lifted, whatever other fingers do."""

import pytest
import torch
from driving import Fingers, drawn, settle
from every_view import EVERY_VIEW

SLIDERS = {  # everything that is dragged and has a place
    "kernel": (".ke-photo .lm-surface", ".ke-map .lm-surface"),
    "digit_reader": (),
    "feature_maps": (".fx-glass .lm-surface", ".fx-waterfall"),
    "attributions": (),
    "patch_attention": (".px-map",),
    "learning_to_see": (),
    "look_up": (),  # the browser's own sliders alone
    "recurrence": (".rx-time",),
    "hidden_states": (".lm-line", ".hx-map"),
    "attention": (".lm-line", ".ax-map", ".ax-row", ".ax-products", ".ax-answer"),
    "next_character": (),
    "tokens": (),
    "token_attention": (".lm-line", ".at-cells", ".ax-map", ".ax-row", ".ax-products", ".ax-answer"),
    "sampling": (),
    "systems": (".sy-surface",),
    "scaling": (".sx-surface",),
    "chooser": (),
    "file_type": (".lm-line",),
    "calculator": (),
    "remember": (),
    "attend": (".la-map",),
}
BOARDS = ("digit_reader", "feature_maps", "attributions", "patch_attention", "learning_to_see")  # and what is drawn on
CASES = [(view, surface) for view, surfaces in SLIDERS.items() for surface in surfaces]
HEIGHTS = {".lm-line": 0.25, ".rx-time": 0.9}  # at which a finger goes along: of the first line, below the inputs
BESIDE = 0.4  # of the width, from the first finger to the second


@pytest.fixture
def phone(widget_page, views):
    """Open a widget on a screen that is touched, and large enough for all of it."""
    return lambda view: widget_page(views[view], width=500, height=1600, touch=True)


def watch(page):
    """From now on ``visited`` in the page collects every place that a slider of the widget takes."""
    page.evaluate(
        """() => {
          window.visited = [];
          const note = (changes) => changes.forEach(({ target, oldValue }) =>
            oldValue !== target.ariaValueNow && visited.push([target.className, target.ariaValueNow]));
          new MutationObserver(note).observe(document.querySelector("[data-drawn]"),
            { subtree: true, attributes: true, attributeFilter: ["aria-valuenow"], attributeOldValue: true });
        }"""
    )


def visited(page):
    """Where the sliders have been since the last call."""
    return page.evaluate("() => new Promise(next => requestAnimationFrame(() => next(visited.splice(0))))")


def places(page):
    """Where all sliders are."""
    return page.evaluate("[...document.querySelectorAll('[aria-valuenow]')].map(slider => slider.ariaValueNow)")


def pixels(page):
    return torch.tensor(page.evaluate("[...document.querySelector('.dr-board').values]")).view(28, 28)


@pytest.mark.parametrize(("view", "surface"), CASES)
def test_a_second_finger_moves_nothing(phone, view, surface):
    y = HEIGHTS.get(surface, 0.4)
    seen = []
    for fingers in (1, 2):
        page = phone(view)
        hand = Fingers(page, surface)
        watch(page)
        steps = []
        for i, x in enumerate((0.1, 0.1, 0.17, 0.24, 0.31)):
            hand.touch((x, y), *([(x + BESIDE, y)] if fingers == 2 and i else []))
            steps.append(visited(page))
        hand.lift("touchCancel" if fingers == 2 else "touchEnd")
        before = places(page)
        hand.touch((0.9, y))  # the next finger counts again
        assert places(page) != before
        hand.lift()
        seen.append(steps)
    assert sum(map(len, seen[0])) > 2
    assert seen[1] == seen[0]


@pytest.mark.parametrize(("view", "surface"), CASES)
def test_when_the_first_finger_is_lost_the_second_does_not_take_its_place(phone, view, surface):
    y = HEIGHTS.get(surface, 0.4)
    page = phone(view)
    hand = Fingers(page, surface)
    page.evaluate(
        """name => {
          const surface = document.querySelector(name);
          surface.addEventListener("pointerdown", (event) => (window.first ??= event.pointerId));
          window.lose = () => surface.releasePointerCapture(first);
        }""",
        surface,
    )
    hand.touch((0.1, y))
    hand.touch((0.1, y), (0.5, y))
    hand.touch((0.15, y), (0.55, y))
    page.evaluate("lose()")
    before = places(page)
    hand.touch((0.25, y), (0.65, y))
    hand.touch((0.35, y), (0.75, y))
    assert places(page) == before
    hand.lift()
    hand.touch((0.9, y))
    assert places(page) != before


@pytest.mark.parametrize("view", BOARDS)
@pytest.mark.parametrize("end", ["touchEnd", "touchCancel"])
def test_between_two_fingers_nothing_is_drawn(phone, view, end):
    page = phone(view)
    hand = Fingers(page, ".dr-board")
    before = drawn(page)
    hand.touch((0.2, 0.2))
    for i in range(2, 9):
        hand.touch((0.2, i / 10), (0.8, 1 - i / 10))
    settle(page, before)
    image = pixels(page)
    assert image[7:21, 4:7].amax(1).min() > 0.9  # the first finger's line is whole
    assert image[:, 9:].sum() == 0
    hand.lift(end)
    before = drawn(page)
    hand.touch((0.8, 0.5))  # and the next finger begins a line of its own
    hand.touch((0.8, 0.7))
    settle(page, before)
    after = pixels(page)
    assert torch.equal(after[:, :9], image[:, :9])
    assert after[:, 9:19].sum() == 0
    assert after[15:19, 21:24].amax(1).min() > 0.9


@pytest.mark.parametrize("view", BOARDS)
def test_a_pen_that_is_lost_with_the_board_draws_no_more_and_the_next_stroke_does(phone, view):
    page = phone(view)
    page.locator(".dr-board").scroll_into_view_if_needed()

    def move(x, y):
        box = page.locator(".dr-board").bounding_box()
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])

    before = drawn(page)
    move(0.2, 0.2)
    page.mouse.down()
    move(0.2, 0.5)
    settle(page, before)
    image = pixels(page)
    page.evaluate(
        """() => { // as a notebook does with a cell that is scrolled out of sight
          const el = document.querySelector("[data-drawn]");
          const mark = document.createComment("");
          el.replaceWith(mark);
          mark.replaceWith(el);
        }"""
    )
    move(0.5, 0.5)
    move(0.5, 0.8)
    page.mouse.up()
    assert torch.equal(pixels(page), image)
    before = drawn(page)
    move(0.8, 0.2)
    page.mouse.down()
    move(0.8, 0.5)
    page.mouse.up()
    settle(page, before)
    assert pixels(page)[6:13, 21:24].amax(1).min() > 0.9
    assert pixels(page)[:, 9:19].sum() == 0


@pytest.mark.parametrize("view", EVERY_VIEW)
def test_every_surface_that_is_dragged_is_tried_here(phone, view):
    page = phone(view)
    named = ", ".join([*SLIDERS[view], *([".dr-board"] if view in BOARDS else [])])
    held = "[...document.querySelectorAll('[style*=touch-action]')]"
    unnamed = f"named => {held}.filter(e => !e.matches(named)).map(e => e.className)"
    assert page.evaluate(unnamed, named) == []
