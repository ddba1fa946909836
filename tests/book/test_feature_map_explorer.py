"""The feature map explorer in a page without a kernel: what it draws and writes out is what torch computes."""

import base64
import json

import pytest
import torch
import torch.nn.functional as F
from driving import darken, drawn, idle, settle

from largemodels.data import Batches, digits
from largemodels.interpret import Watched
from largemodels.live import FeatureMapExplorer, live
from largemodels.models import ConvNet, receptive_field

STATE = 'script[type="application/vnd.jupyter.widget-state+json"]'
VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]'
TAPS = ("stages.*.conv", "stages.*.relu")
STAGES = ("stages.0.conv", "stages.0.relu", "stages.1.conv", "stages.1.relu")


# ---- a page with a model trained for a moment, and the same page of the book --------------------


@pytest.fixture(scope="module")
def model():
    """A ConvNet after two epochs of real digits: good enough for its maps to mean something."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # beside a browser and other tests, one thread is fastest
    torch.manual_seed(0)
    model = ConvNet()
    optimiser = torch.optim.Adam(model.parameters(), 2e-3)
    train = digits().train
    for x, y in Batches(train.images, train.labels, size=48, epochs=2):
        optimiser.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimiser.step()
    torch.set_num_threads(threads)
    return model.eval()


@pytest.fixture(scope="module")
def view(model):
    """An explorer with one example of each class, and two that the model gets wrong."""
    test = digits().test
    with torch.no_grad():
        wrong = (model(test.images).argmax(1) != test.labels).nonzero().flatten().tolist()
    picks = [(test.labels == label).nonzero()[0].item() for label in range(10)] + wrong[:2]
    explorer = FeatureMapExplorer(test.images[picks], digits().names, test.labels[picks])
    return live(explorer, Watched(model, *TAPS), {"image": test.images[3:4]})


@pytest.fixture(params=["alone", "in the book"])
def explorer(request):
    """Open the explorer on a page of its own, and as the book's page has it: ``explorer(**of open_page)``."""
    if request.param == "alone":
        page, view = request.getfixturevalue("widget_page"), request.getfixturevalue("view")
        return lambda **options: page(view, **options)
    book, serve = request.getfixturevalue("book"), request.getfixturevalue("serve")
    open_page = request.getfixturevalue("open_page")

    def start(**options):
        page = open_page(f"{serve(book)}/chapters/cnn/feature_maps.html", **options)
        page.locator(".fx").wait_for()
        return page

    return start


# ---- what the page holds, and what torch makes of it --------------------------------------------


def layers_of(page):
    """Read the network that the page explains: its layers in order, weights as tensors."""
    widgets = json.loads(page.locator(STATE).first.text_content())["state"]
    views = [json.loads(text)["model_id"] for text in page.locator(VIEW).all_text_contents()]
    widget = next(widgets[i] for i in views if "layers" in widgets[i]["state"].get("settings", {}))
    for buffer in widget["buffers"]:
        *path, last = buffer["path"]
        holder = widget["state"]
        for key in path:
            holder = holder[key]
        holder[last] = bytearray(base64.b64decode(buffer["data"]))
    layers = widget["state"]["settings"]["layers"]
    for layer in layers:
        for name in {"weight", "bias"} & set(layer):
            layer[name] = torch.frombuffer(layer[name]["data"], dtype=torch.float32).view(layer[name]["shape"])
    return layers


def by_torch(layers, image):
    """Compute every layer of the page's network for one image."""
    values = {"image": image}
    for layer in layers:
        x = values[layer["of"]]
        if layer["kind"] == "sum":
            x = F.conv2d(x, layer["weight"], layer["bias"], layer["stride"], layer["padding"])
        else:
            x = F.max_pool2d(x, layer["kernel"], layer["stride"])
            x = x.relu() if layer["rectify"] else x
        values[layer["tap"]] = x
    return values


def drawing(page):
    """The image that the network saw last."""
    values = page.evaluate("Array.from(document.querySelector('.dr-board').values)")
    return torch.tensor(values, dtype=torch.float32).view(1, 1, 28, 28)


def shown_maps(page):
    """Every map on the page, by tap."""
    sheets = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('.fx-sheet')]"
        ".map(s => [s.dataset.tap, Array.from(s.querySelector('.fx-maps').values)]))"
    )
    return {tap: torch.tensor(values, dtype=torch.float32) for tap, values in sheets.items()}


def shown_probabilities(page):
    return torch.tensor([float(row.get_attribute("data-value")) for row in page.locator(".dr-class").all()])


def check_against_torch(page):
    """Compare all maps and probabilities on the page with torch, for the drawing that is on it."""
    values = by_torch(layers_of(page), drawing(page))
    maps = shown_maps(page)
    assert set(maps) == set(values) - {"image", "output"}
    for tap, numbers in maps.items():
        torch.testing.assert_close(numbers, values[tap].flatten(), atol=1e-5, rtol=1e-5, msg=f"{tap} differs")
    torch.testing.assert_close(shown_probabilities(page), values["output"].flatten().softmax(0), atol=1e-5, rtol=0)
    return values


def number(locator):
    return float(locator.get_attribute("data-value"))


# ---- driving it ---------------------------------------------------------------------------------


def board_point(page, x, y):
    """The place on the screen of pixel (x, y) of the drawing."""
    box = page.locator(".dr-board").first.bounding_box()
    return box["x"] + x / 28 * box["width"], box["y"] + y / 28 * box["height"]


def draw_by_mouse(page, *strokes):
    page.locator(".dr-board").first.scroll_into_view_if_needed()
    before = drawn(page)
    for start, *rest in strokes:
        page.mouse.move(*board_point(page, *start))
        page.mouse.down()
        for point in rest:
            page.mouse.move(*board_point(page, *point), steps=4)
        page.mouse.up()
    settle(page, before)


SEVEN = [(7, 5), (20, 5), (13, 23)]
FOUR = ([(16, 4), (8, 17), (21, 17)], [(17, 11), (17, 24)])


def press(page, *keys):
    before = drawn(page)
    for key in keys:
        page.keyboard.press(key)
    settle(page, before)


def sheet(page, tap):
    return page.locator(f'.fx-sheet[data-tap="{tap}"] .fx-maps')


def unit_point(page, layer, channel, row, column):
    """Where a unit stands on its sheet, from the sheet's top left corner."""
    surface = sheet(page, layer["tap"])
    count, height, width = layer["shape"]
    across = page.evaluate("s => (s.querySelector('canvas').width + 1)", surface.element_handle()) // (width + 1)
    box = surface.bounding_box()
    down = -(-count // across)
    x = (channel % across * (width + 1) + column + 0.5) / (across * (width + 1) - 1) * box["width"]
    y = (channel // across * (height + 1) + row + 0.5) / (down * (height + 1) - 1) * box["height"]
    return {"x": x + 0.4, "y": y + 0.4}  # a click is reported at the whole pixel before it, and a unit has but two


def choose_unit(page, layer, channel, row, column):
    sheet(page, layer["tap"]).click(position=unit_point(page, layer, channel, row, column))
    code = f"{layer['tap']}[0, {channel}, {row}, {column}]"
    assert page.locator(".fx-inspector code").first.text_content() == code


def outlined(page):
    """The rows and columns of the drawing that are outlined as what a unit sees."""
    style = page.locator(".dr-field").evaluate("f => [f.style.top, f.style.height, f.style.left, f.style.width]")
    top, height, left, width = (round(float(text.removesuffix("%")) * 28 / 100) for text in style)
    return set(range(top, top + height)), set(range(left, left + width))


# ---- the claims ---------------------------------------------------------------------------------


def test_at_rest_the_page_shows_the_notebooks_numbers_and_fetches_nothing(explorer):
    page = explorer()
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
    box = steps.bounding_box()
    page.mouse.click(box["x"] + 4.5 / 32 * box["width"], box["y"] + box["height"] / 2)
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


def test_the_runtime_is_fetched_with_the_first_stroke(explorer):
    page = explorer()
    assert not any("onnxruntime" in url for url in page.asked)
    draw_by_mouse(page, SEVEN)
    assert sum("onnxruntime" in url for url in page.asked) == 1


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
    draw_by_mouse(page, [(x, y) for y in range(1, 28, 2) for x in ((1, 27) if y % 4 == 1 else (27, 1))])
    assert drawing(page).mean() > 0.97
    check_against_torch(page)
    assert "NaN" not in page.locator(".fx").inner_text()


def test_two_on_a_page_do_not_disturb_each_other(widget_page, view, model):
    other = FeatureMapExplorer(digits().test.images[:3], ["<b>zero</b>", *map(str, range(1, 10))])
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


def test_a_drawing_travels_in_a_link(widget_page, view):
    page = widget_page(view)
    draw_by_mouse(page, *FOUR)
    image = drawing(page)
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("location.hash.startsWith('#drawing=')")
    link = page.url
    assert len(link) < 900
    page.goto("about:blank")
    page.goto(link)
    settle(page, 1)
    assert (drawing(page) - image).abs().max() < 0.02
    check_against_torch(page)


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"width": 390, "height": 844}], ids=["light", "dark", "phone"])
def test_nothing_stands_in_the_way_of_assistive_technology(widget_page, view, axe, options):
    page = widget_page(view, **options)
    if options.get("dark"):
        darken(page)
    assert axe(page) == []
    page.locator(".dr-class").nth(3).click()
    assert axe(page) == []
