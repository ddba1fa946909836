"""The feature map explorer in a page without a kernel: every number that it writes out is torch's."""

import json

import pytest
import torch
from driving import FOUR, SEVEN, click_on, darken, draw_by_mouse, drawing, part
from feature_map_page import (  # noqa: F401
    TAPS,
    by_torch,
    choose_unit,
    explorer,
    layers_of,
    model,
    number,
    sheet,
    shown_maps,
    unit_point,
    view,
)

from largemodels.data import digits
from largemodels.interpret import Watched
from largemodels.live import FeatureMapExplorer, live
from largemodels.models import ConvNet, receptive_field

STAGES = ("stages.0.conv", "stages.0.relu", "stages.1.conv", "stages.1.relu")


def outlined(page):
    """The rows and columns of the drawing that are outlined as what a unit sees."""
    style = page.locator(".dr-field").evaluate("f => [f.style.top, f.style.height, f.style.left, f.style.width]")
    top, height, left, width = (round(float(text.removesuffix("%")) * 28 / 100) for text in style)
    return set(range(top, top + height)), set(range(left, left + width))


def check_working(page, layer, before, channel, row, column):
    """Compare the squares of numbers in the inspector with the window and the kernel that they stand for."""
    grids = [[number(cell) for cell in grid.locator("td").all()] for grid in page.locator(".fx-grid").all()]
    top, left, side = row * layer["stride"], column * layer["stride"], layer["kernel"]
    window = before[:, top : top + side, left : left + side].flatten(1)
    if layer["kind"] == "max":
        assert grids == [pytest.approx(window[channel].tolist(), abs=1e-5)]
        winners = page.locator(".fx-winner")
        assert winners.count() == 1
        assert number(winners) == max(grids[0])
        return
    kernels = layer["weight"][channel].flatten(1)
    shares = (window * kernels).sum(1)
    part = shares.abs().argmax().item()  # the strongest is shown first
    patch, kernel, products = grids
    assert patch == pytest.approx(window[part].tolist(), abs=1e-5)
    assert kernel == pytest.approx(kernels[part].tolist(), abs=1e-7)
    assert products == pytest.approx((window[part] * kernels[part]).tolist(), abs=1e-5)
    if len(shares) > 1:
        sign = "+" if shares[part] >= 0 else "−"
        assert page.locator(".fx-share").text_content() == f"map {part + 1} adds {sign}{abs(shares[part].item()):.4f}"


def test_every_kind_of_number_is_written_out_and_adds_up(explorer):
    page = explorer(height=1200)
    draw_by_mouse(page, *FOUR)
    layers = layers_of(page)
    values = by_torch(layers, drawing(page))
    for layer in layers[:-1]:
        count, height, width = layer["shape"]
        for channel, row, column in [(0, 0, 0), (count - 1, height - 1, width - 1), (17, 3, 2), (5, 2, 4)]:
            choose_unit(page, layer, channel, row, column)
            value = values[layer["tap"]][0, channel, row, column].item()
            assert number(page.locator(".fx-value")) == pytest.approx(value, abs=1e-5)
            assert number(page.locator(".fx-total")) == pytest.approx(value, abs=1e-5)
            check_working(page, layer, values[layer["of"]][0], channel, row, column)
    for channel in (0, 4, 9):
        page.locator(".dr-class").nth(channel).click()
        value = values["output"].flatten()[channel].item()
        assert number(page.locator(".fx-value")) == pytest.approx(value, abs=1e-5)
        assert number(page.locator(".fx-total")) == pytest.approx(value, abs=2e-5)
        check_working(page, layers[-1], values[layers[-1]["of"]][0], channel, 0, 0)


def test_the_shares_of_all_maps_can_be_walked_through_from_largest_to_smallest(widget_page, view, model):
    page = widget_page(view, height=1200)
    layers = layers_of(page)
    conv = layers[2]
    choose_unit(page, conv, 9, 4, 6)
    window = by_torch(layers, drawing(page))["stages.0.relu"][0, :, 4:7, 6:9]
    shares = (window * model.stages[1].conv.weight[9]).sum((1, 2)).tolist()
    steps = page.get_by_role("slider", name="Maps by what they add")
    steps.focus()
    page.keyboard.press("Home")
    seen = [steps.get_attribute("aria-valuetext")]
    for _ in range(31):
        page.keyboard.press("ArrowRight")
        seen.append(steps.get_attribute("aria-valuetext"))
    spoken = [float(text.split(" adds ")[1].replace("−", "-")) for text in seen]
    assert spoken == pytest.approx(sorted(shares, reverse=True), abs=1e-4)
    named = [int(text.split()[1]) - 1 for text in seen]
    assert sorted(named) == list(range(32))
    total = sum(shares) + model.stages[1].conv.bias[9].item()
    assert number(page.locator(".fx-value")) == pytest.approx(total, abs=1e-5)
    products = [number(cell) for cell in page.locator(".fx-grid").nth(2).locator("td").all()]
    assert sum(products) == pytest.approx(min(shares), abs=1e-5)
    click_on(steps, lambda: part(steps, 4.5 / 32, 0.5))
    assert steps.get_attribute("aria-valuetext") == seen[4]
    assert page.locator(".fx-inspector code").text_content() == "stages.1.conv[0, 9, 4, 6]"


@pytest.mark.parametrize("tap", STAGES)
def test_a_unit_under_the_mouse_outlines_exactly_the_pixels_that_it_depends_on(widget_page, view, model, tap):
    page = widget_page(view, height=1200)
    layer = next(layer for layer in layers_of(page) if layer["tap"] == tap)
    field = receptive_field(model, tap)
    for channel, row, column in [(3, 0, 0), (11, 4, 2), (30, layer["shape"][1] - 1, 1)]:
        sheet(page, tap).hover(position=unit_point(page, layer, channel, row, column))
        page.wait_for_function(
            "code => document.querySelector('.fx-inspector code').textContent === code",
            arg=f"{tap}[0, {channel}, {row}, {column}]",
        )
        assert outlined(page) == (set(field.window(row)), set(field.window(column)))
    page.locator(".dr-class").nth(3).hover()
    page.wait_for_function("document.querySelector('.fx-inspector code').textContent === 'output[0, 3]'")
    assert outlined(page) == (set(range(26)), set(range(26)))  # 11 maps do not halve: the last two rows are unread


def test_the_mouse_shows_a_unit_and_a_click_keeps_it(widget_page, view):
    page = widget_page(view, height=1200)
    code = page.locator(".fx-inspector code")
    conv = layers_of(page)[0]
    choose_unit(page, conv, 8, 20, 7)
    sheet(page, "stages.0.relu").hover(position={"x": 30, "y": 8})
    page.wait_for_function("document.querySelector('.fx-inspector code').textContent.startsWith('stages.0.relu')")
    page.mouse.move(2, 2)
    page.wait_for_function("document.querySelector('.fx-inspector code').textContent === 'stages.0.conv[0, 8, 20, 7]'")
    draw_by_mouse(page, SEVEN)
    assert code.text_content() == "stages.0.conv[0, 8, 20, 7]"
    value = shown_maps(page)[conv["tap"]].view(conv["shape"])[8, 20, 7].item()
    assert number(page.locator(".fx-total")) == pytest.approx(value, abs=1e-5)


def test_maps_and_units_are_reached_by_keyboard_and_spoken(explorer):
    page = explorer(height=1200)
    code = page.locator(".fx-inspector code").first
    layers = layers_of(page)
    last = layers[0]["shape"][0] - 1
    surface = sheet(page, layers[0]["tap"])
    surface.focus()
    page.keyboard.press("Home")
    place = json.loads(code.text_content().removeprefix(layers[0]["tap"]))
    assert place[1] == 0
    for keys, change in {
        ("ArrowRight", "ArrowRight", "ArrowDown"): (10, 0, 0),
        ("Shift+ArrowUp", "Shift+ArrowLeft", "Shift+ArrowLeft"): (10, -1, -2),
        ("ArrowLeft", "End"): (last, -1, -2),
        ("ArrowRight",): (last, -1, -2),  # there is no map beyond the last
    }.items():
        for key in keys:
            page.keyboard.press(key)
        expected = [0, change[0], place[2] + change[1], place[3] + change[2]]
        assert json.loads(code.text_content().removeprefix(layers[0]["tap"])) == expected, keys
    value = shown_maps(page)[layers[0]["tap"]].view(layers[0]["shape"])[tuple(expected[1:])].item()
    row, column = expected[2] + 1, expected[3] + 1
    spoken = surface.get_attribute("aria-valuetext").replace("−", "-")
    assert spoken == f"map {last + 1}, row {row}, column {column}: {value:.4f}"
    page.wait_for_function(
        "text => [...document.querySelectorAll('.lm-hidden')].some(p => p.textContent.includes(text))",
        arg=f"map {last + 1}, row {row}, column {column}",
    )
    assert number(page.locator(".fx-total")) == pytest.approx(value, abs=1e-5)

    page.keyboard.press("Enter")  # under the glass, arrow keys move between units
    page.keyboard.press("ArrowRight")
    assert json.loads(code.text_content().removeprefix(layers[0]["tap"])) == [0, last, expected[2], expected[3] + 1]
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    assert json.loads(code.text_content().removeprefix(layers[0]["tap"])) == [0, 0, expected[2], expected[3] + 1]

    page.locator(".dr-class").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert code.text_content() == "output[0, 1]"
    assert page.locator(".dr-class").nth(1).get_attribute("aria-pressed") == "true"


def test_on_a_phone_a_tap_chooses_a_unit_and_the_page_does_not_overflow(explorer):
    page = explorer(width=390, height=844, touch=True)
    layers = layers_of(page)
    assert page.locator(".fx-sheet:visible").count() == 1
    for i, layer in enumerate(layers[:-1]):
        page.locator(".fx-tabs label").nth(i).tap()
        assert page.locator(".fx-sheet:visible").get_attribute("data-tap") == layer["tap"]
        surface = sheet(page, layer["tap"])
        surface.scroll_into_view_if_needed()
        surface.tap(position=unit_point(page, layer, 12, 3, 2))
        assert page.locator(".fx-inspector code").text_content() == f"{layer['tap']}[0, 12, 3, 2]"
    page.locator(".dr-class").nth(2).tap()
    assert page.locator(".fx-inspector code").text_content() == "output[0, 2]"
    widest = page.locator(".lm").first.evaluate("el => el.scrollWidth - el.clientWidth")
    assert widest <= 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_two_on_a_page_do_not_disturb_each_other(widget_page, view, model):
    other = FeatureMapExplorer(digits().test.images[:3], ["<b>zero</b>", *map(str, range(1, 10))])
    other.beside = "never-asked"  # so its model is not exported
    torch.manual_seed(3)
    live(other, Watched(ConvNet(), *TAPS), {"image": digits().test.images[5:6]})
    page = widget_page(view, other)
    maps = "i => Array.from(document.querySelectorAll('.fx')[i].querySelector('.fx-maps').values)"
    before = page.evaluate(maps, 1)
    draw_by_mouse(page, SEVEN)
    assert page.evaluate(maps, 1) == before
    assert page.locator("[data-drawn]").nth(1).get_attribute("data-drawn") == "1"
    assert page.locator(".fx").nth(1).locator(".dr-name").first.text_content() == "<b>zero</b>"  # text, never markup
    assert page.locator(".fx b").count() == 0


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"width": 390, "height": 844}], ids=["light", "dark", "phone"])
def test_nothing_stands_in_the_way_of_assistive_technology(widget_page, view, axe, options):
    page = widget_page(view, **options)
    if options.get("dark"):
        darken(page)
    assert axe(page) == []
    page.locator(".dr-class").nth(3).click()
    assert axe(page) == []
