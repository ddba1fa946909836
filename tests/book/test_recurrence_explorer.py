"""The recurrence explorer in a page without a kernel: what the reader sees is what torch computes."""

import pytest
import torch
from driving import click_on, darken, drawn, part, settle
from recurrence_page import PRESETS, STEPS, TIME, check_against_torch, choose, explorer, given, step, values  # noqa: F401

from largemodels.live import Recur, RecurrenceExplorer, live


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(widget_page, explorer):
    page = widget_page(explorer, fresh=True)
    check_against_torch(page)
    page.get_by_role("button", name="Forward").click()
    check_against_torch(page)
    assert not any("onnxruntime" in url for url in page.asked)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_every_preset_is_computed_as_torch_does_and_is_what_it_says(widget_page, explorer, scheme):
    page = widget_page(explorer, scheme=scheme)
    for name in PRESETS:
        choose(page, name)
        want = check_against_torch(page)
        first, states = want["norms"][0], want["states"]
        assert {
            "forgets": first < 1e-2 and states[-1].abs().max() < 0.05,
            "remembers": first > 0.5 and states[-1].abs().max() > 0.1,
            "latches": first < 1e-2 and states[-1].abs().min() > 0.9,
            "oscillates": 0.3 < first < 3 and states[4, 0] < -0.3 and states[8, 0] > 0.3,
            "explodes": first > 20 and states[-1].abs().max() > 0.5,
        }[name], name
        assert page.locator(".rx-note").text_content()
        assert page.get_by_role("radio", name=name).is_checked()


def test_time_is_stepped_through_by_buttons_keys_slider_and_mouse(widget_page, explorer):
    page = widget_page(explorer)
    assert step(page) == 3
    page.get_by_role("button", name="Back").click()
    assert step(page) == 2
    page.get_by_role("button", name="Back").click()
    assert page.get_by_role("button", name="Back").is_disabled()
    surface = page.get_by_role("slider", name=TIME)
    surface.focus()
    for key, there in {"ArrowRight": 2, "End": 12, "ArrowLeft": 11, "Home": 1}.items():
        page.keyboard.press(key)
        assert step(page) == there, key
    page.keyboard.press("ArrowLeft")
    assert step(page) == 1  # the edge holds
    page.get_by_label("Step", exact=True).fill("8")
    assert step(page) == 8
    check_against_torch(page)
    click_on(surface, lambda: part(surface, 5.5 / STEPS, 0.9))
    assert step(page) == 6
    words = surface.get_attribute("aria-valuetext")
    assert words.startswith("step 6, input 0.0, states ")
    check_against_torch(page)


def test_time_runs_by_itself_until_the_end_or_a_touch(widget_page, explorer):
    page = widget_page(explorer, fresh=True, alone=True)
    page.clock.install(time=0)
    page.clock.pause_at(1_000)  # from now on the page's clock goes on only when it is told to
    page.get_by_label("Step", exact=True).fill("11")
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.clock.run_for(1_000)
    assert step(page) == 12
    page.clock.run_for(1_000)
    page.get_by_role("button", name="Play").click()
    assert step(page) == 1
    page.clock.run_for(1_000)
    assert step(page) == 2
    page.get_by_role("button", name="Forward").click()
    assert step(page) == 3
    page.clock.run_for(60_000)
    assert step(page) == 3


def test_the_input_is_drawn_by_mouse_and_changed_by_keys(widget_page, explorer):
    page = widget_page(explorer)
    surface = page.get_by_role("slider", name=TIME)
    box, zone = surface.bounding_box(), page.locator(".rx-step .rx-input").first.bounding_box()

    def place(t, value):
        return box["x"] + (t - 0.5) / STEPS * box["width"], zone["y"] + (1 - value) / 2 * zone["height"]

    before = drawn(page)
    page.mouse.move(*place(4, 0.5))
    page.mouse.down()
    page.mouse.move(*place(8, -0.5), steps=4)
    page.mouse.up()
    settle(page, before)
    x = given(page)[0].flatten()
    assert x[3].item() == pytest.approx(0.5)
    assert x[7].item() == pytest.approx(-0.5)
    assert (x[3:8].diff() < 0).all()
    assert x[8:].tolist() == [0] * 4
    assert step(page) == 8
    check_against_torch(page)
    before = drawn(page)
    page.keyboard.press("ArrowUp")
    settle(page, before)
    assert given(page)[0][7].item() == pytest.approx(-0.4)
    check_against_torch(page)


def test_the_input_is_drawn_by_finger_and_the_page_stays(widget_page, explorer):
    page = widget_page(explorer, width=390, height=844, touch=True)
    zone = page.locator(".rx-step .rx-input").nth(9)
    zone.scroll_into_view_if_needed()
    box, scrolled, before = zone.bounding_box(), page.evaluate("scrollY"), drawn(page)
    finger = page.context.new_cdp_session(page)
    x, top, bottom = box["x"] + box["width"] / 2, box["y"] + 0.2 * box["height"], box["y"] + 0.75 * box["height"]
    for kind, points in (
        ("touchStart", [{"x": x, "y": top}]),
        ("touchMove", [{"x": x, "y": (top + bottom) / 2}]),
        ("touchMove", [{"x": x, "y": bottom}]),
        ("touchEnd", []),
    ):
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    settle(page, before)
    assert given(page)[0][9].item() == pytest.approx(-0.5)
    assert page.evaluate("scrollY") == scrolled
    check_against_torch(page)


@pytest.mark.parametrize(
    ("field", "value"),
    [("W, unit 2", -1.5), ("U, row 1, column 2", 0.75), ("b, unit 1", -0.3), ("Input of step 3", 2.5)],
)
def test_a_number_typed_moves_every_state(widget_page, explorer, field, value):
    page = widget_page(explorer)
    before, states = drawn(page), values(page, ".rx-step .rx-cell")
    page.get_by_label(field, exact=True).fill(str(value))
    settle(page, before)
    check_against_torch(page)
    assert (values(page, ".rx-step .rx-cell") != states).any()


def test_a_number_too_large_is_held_at_the_end_of_its_range(widget_page, explorer):
    page = widget_page(explorer)
    before = drawn(page)
    page.get_by_label("U, row 1, column 1", exact=True).fill("1e30")
    settle(page, before)
    assert page.get_by_label("U, row 1, column 1", exact=True).input_value() == "9"
    check_against_torch(page)
    before = drawn(page)
    page.get_by_label("U, row 1, column 1", exact=True).fill("0")
    settle(page, before)
    check_against_torch(page)


def test_the_strength_of_u_is_its_largest_singular_value(widget_page, explorer):
    page = widget_page(explorer)
    shape = given(page)[2]
    for strength in ("0.5", "0", "1.5"):  # from zero on it finds its way back
        before = drawn(page)
        page.get_by_label("Strength of U").fill(strength)
        settle(page, before)
        assert values(page, ".rx-measures output")[0].item() == pytest.approx(float(strength), abs=1e-5)
    U = given(page)[2]  # fields show three decimals
    torch.testing.assert_close(U / U[0, 0], shape / shape[0, 0], atol=2e-3, rtol=0)


def test_the_labels_of_the_gradient_never_cover_each_other(widget_page, explorer):
    page = widget_page(explorer)
    choose(page, "always on")
    for unit in (1, 2):  # driven so hard that no change comes through
        before = drawn(page)
        page.get_by_label(f"W, unit {unit}", exact=True).fill("9")
        settle(page, before)
    labels = page.locator("span.rx-norm > span").filter(has_text="1")
    assert labels.all_text_contents() == ["1", "10⁻¹⁶"]
    upper, lower = (label.bounding_box() for label in labels.all())
    assert upper["y"] + upper["height"] <= lower["y"]


def test_a_matrix_stronger_than_the_slider_reaches_is_shown_as_strong_as_it_is(widget_page, explorer):
    page = widget_page(explorer)
    before = drawn(page)
    page.get_by_label("U, row 1, column 1", exact=True).fill("6")
    settle(page, before)
    strength, (singular, _) = page.get_by_label("Strength of U"), values(page, ".rx-measures output")
    assert singular > 6
    assert float(strength.input_value()) == pytest.approx(singular.item(), abs=0.006)
    choose(page, "forgets")
    assert float(strength.get_attribute("max")) == 2


def test_a_gradient_that_vanishes_or_explodes_is_named(widget_page, explorer):
    page = widget_page(explorer)
    for name, words in {"forgets": "its gradient vanishes", "explodes": "its gradient explodes"}.items():
        choose(page, name)
        assert words in page.locator(".rx-verdict").text_content()
    page.get_by_label("Step", exact=True).fill("12")
    assert "is the last state" in page.locator(".rx-verdict").text_content()


def test_two_on_a_page_do_not_disturb_each_other(widget_page, explorer):
    other = live(
        RecurrenceExplorer(),
        Recur(),
        {"x": torch.zeros(5, 1), "W": torch.ones(2, 1), "U": torch.eye(2), "b": torch.zeros(2)},
    )
    page = widget_page(other, explorer)
    page.get_by_text("forgets", exact=True).nth(1).click()
    page.wait_for_function(
        "[...document.querySelectorAll('[data-drawn]')].map(el => el.dataset.drawn).join() === '1,2'"
    )
    assert page.locator(".rx").nth(0).locator(".rx-step").count() == 5
    assert page.locator(".rx").nth(0).locator(".rx-sum td[data-value]").first.get_attribute("data-value") == "0"


@pytest.mark.parametrize("width", [390, 1200])
def test_all_fits_the_screen(widget_page, explorer, width):
    page = widget_page(explorer, width=width, height=844)
    choose(page, "explodes")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    inside = "cell => cell.scrollWidth <= cell.clientWidth + 1"
    assert all(cell.evaluate(inside) for cell in page.locator(".rx-step .rx-cell, .rx-state").all())


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_bars_a_reader(widget_page, explorer, axe, dark):
    page = widget_page(explorer, dark=dark)
    if dark:
        darken(page)
    for name in ("oscillates", "explodes"):
        choose(page, name)
        assert axe(page) == []
