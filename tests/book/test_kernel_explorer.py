"""The kernel explorer in a page without a kernel: what the reader sees is what torch computes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from driving import darken, drawn, settle
from skimage import data

from largemodels.live import Convolve, KernelExplorer, live, thumbnail

SOBEL = [[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]
LAPLACE = [[0.0, 1, 0], [1, -4, 1], [0, 1, 0]]


def photograph(name):
    pixels = np.atleast_3d(getattr(data, name)())
    return torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255


@pytest.fixture(scope="module")
def photos():
    return {name: thumbnail(photograph(name)) for name in ("chelsea", "camera")}


@pytest.fixture(scope="module")
def explorer(photos):
    example = {"image": photos["chelsea"], "kernel": torch.tensor([[SOBEL]]), "bias": torch.zeros(1)}
    return live(KernelExplorer(photos), Convolve(), example)


def expected(image, kernel, bias=0.0):
    return F.conv2d(image, torch.as_tensor(kernel).reshape(1, 1, 3, 3), torch.tensor([bias]))[0, 0]


def place(page, surface="Window on the photograph"):
    """Return the cursor's (row, column), as a screen reader hears it."""
    words = page.get_by_role("slider", name=surface).first.get_attribute("aria-valuetext")
    row, column = words.removeprefix("row ").partition(":")[0].split(", column ")
    return int(row) - 1, int(column) - 1


def shown(page):
    return float(page.locator(".ke-sum").first.get_attribute("data-value"))


def choose(page, name):
    before = drawn(page)
    page.get_by_text(name, exact=True).first.click()
    settle(page, before)


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_every_preset_gives_the_number_that_torch_gives(widget_page, explorer, photos, scheme):
    page = widget_page(explorer, scheme=scheme)
    assert shown(page) == pytest.approx(expected(photos["chelsea"], SOBEL)[place(page)].item(), abs=1e-5)
    page.get_by_role("slider", name="Window on the photograph").focus()
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    for name in ("Horizontal edges", "All edges", "Blur", "Sharpen", "Emboss", "Identity", "Vertical edges"):
        choose(page, name)
        kernel = [float(field.input_value()) for field in page.get_by_label("Weight in row").all()]
        if name == "Blur":
            assert kernel == [0.111] * 9  # the field shows three decimals of the weight
            kernel = [1 / 9] * 9
        want = expected(photos["chelsea"], kernel)[place(page)].item()
        assert shown(page) == pytest.approx(want, abs=1e-5), name


def test_the_runtime_is_fetched_only_when_the_reader_changes_something(widget_page, explorer):
    page = widget_page(explorer, fresh=True)
    page.get_by_role("slider", name="Window on the photograph").focus()
    page.keyboard.press("ArrowDown")
    assert not any("onnxruntime" in url for url in page.asked)
    choose(page, "Blur")
    asked = [url.rpartition("/")[2] for url in page.asked if "onnxruntime" in url]
    assert asked == ["onnxruntime.js", "onnxruntime-wasm.bin"]


def test_the_window_follows_the_mouse_and_the_keyboard(widget_page, explorer, photos):
    page = widget_page(explorer)
    surface = page.get_by_role("slider", name="Window on the photograph")
    box = surface.bounding_box()
    page.mouse.move(box["x"] + 10.5 / 96 * box["width"], box["y"] + 20.5 / 72 * box["height"])
    page.mouse.down()
    assert place(page) == (19, 9)  # the middle of the window is under the mouse
    page.mouse.move(box["x"] + 50.5 / 96 * box["width"], box["y"] + 30.5 / 72 * box["height"], steps=5)
    page.mouse.up()
    assert place(page) == place(page, "Place on the feature map") == (29, 49)
    for key, there in {"ArrowLeft": (29, 48), "Shift+ArrowUp": (19, 48), "End": (19, 93), "Home": (19, 0)}.items():
        page.keyboard.press(key)
        assert place(page) == there, key
    page.keyboard.press("ArrowLeft")
    assert place(page) == (19, 0)  # the edge holds
    assert shown(page) == pytest.approx(expected(photos["chelsea"], SOBEL)[19, 0].item(), abs=1e-5)


def test_the_window_follows_a_finger(widget_page, explorer):
    page = widget_page(explorer, width=390, height=844, touch=True)
    surface = page.get_by_role("slider", name="Place on the feature map")
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    page.touchscreen.tap(box["x"] + 30.5 / 94 * box["width"], box["y"] + 40.5 / 70 * box["height"])
    assert place(page) == place(page, "Place on the feature map") == (40, 30)


def test_the_products_written_out_make_up_the_number(widget_page, explorer, photos):
    page = widget_page(explorer)
    row, column = place(page)

    def numbers(grid):
        return [float(text.replace("−", "-")) for text in page.locator(f".ke-{grid} > span").all_text_contents()]

    patch = photos["chelsea"][0, 0, row : row + 3, column : column + 3].flatten().tolist()
    assert numbers("patch") == pytest.approx(patch, abs=1e-6)  # hundredths are shown exactly
    weights = [w for row in SOBEL for w in row]
    assert numbers("products") == pytest.approx([p * w for p, w in zip(patch, weights, strict=True)], abs=1e-6)
    assert sum(numbers("products")) == pytest.approx(shown(page), abs=1e-5)


def test_a_weight_typed_or_stepped_changes_the_map(widget_page, explorer, photos):
    page = widget_page(explorer)
    before = drawn(page)
    field = page.get_by_label("Weight in row 2, column 2")
    field.fill("-1.25")
    settle(page, before)
    kernel = torch.tensor(SOBEL)
    kernel[1, 1] = -1.25
    assert shown(page) == pytest.approx(expected(photos["chelsea"], kernel)[place(page)].item(), abs=1e-5)
    before = drawn(page)
    page.get_by_label("Bias").focus()
    page.keyboard.press("ArrowUp")
    settle(page, before)
    assert shown(page) == pytest.approx(expected(photos["chelsea"], kernel, 0.1)[place(page)].item(), abs=1e-5)


def test_a_number_too_large_is_held_at_the_end_of_its_range(widget_page, explorer, photos):
    page = widget_page(explorer)
    before = drawn(page)
    field = page.get_by_label("Weight in row 2, column 2")
    field.fill("1e99")  # no float32
    settle(page, before)
    kernel = torch.tensor(SOBEL)
    kernel[1, 1] = 99
    assert shown(page) == pytest.approx(expected(photos["chelsea"], kernel)[place(page)].item(), rel=1e-6)
    field.blur()
    assert field.input_value() == "99"


def test_what_is_no_number_changes_nothing_and_is_put_back(widget_page, explorer):
    page = widget_page(explorer)
    before, value = drawn(page), shown(page)
    field = page.get_by_label("Weight in row 1, column 1")
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("e-")
    page.keyboard.press("Tab")
    assert field.input_value() == "-1"
    assert (drawn(page), shown(page)) == (before, value)


def test_a_kernel_divided_by_its_sum_keeps_the_brightness(widget_page, explorer, photos):
    page = widget_page(explorer)
    button = page.get_by_role("button", name="divide by sum")
    assert button.is_disabled()  # the weights of an edge detector sum to 0
    choose(page, "Identity")
    before = drawn(page)
    page.get_by_label("Weight in row 1, column 1").fill("3")
    settle(page, before)
    before = drawn(page)
    button.click()
    settle(page, before)
    want = expected(photos["chelsea"], [0.75, 0, 0, 0, 0.25, 0, 0, 0, 0])[place(page)].item()
    assert shown(page) == pytest.approx(want, abs=1e-5)


def test_another_photograph_is_another_map(widget_page, explorer, photos):
    page = widget_page(explorer)
    before = drawn(page)
    page.get_by_role("radio", name="camera").check(force=True)
    settle(page, before)
    assert shown(page) == pytest.approx(expected(photos["camera"], SOBEL)[place(page)].item(), abs=1e-5)


def pixels(page, number):
    """Return the colours of the photograph (0) or the feature map (1), (rows, columns, 3)."""
    width, height, *values = page.evaluate(
        "i => { const c = document.querySelectorAll('.lm-surface canvas')[i];"
        " return [c.width, c.height, ...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]; }",
        number,
    )
    return np.array(values).reshape(height, width, 4)[..., :3]


def test_the_colours_of_the_map_are_those_of_its_numbers(widget_page, explorer, photos):
    rgb = pixels(widget_page(explorer), 1)
    assert rgb.shape == (70, 94, 3)
    values = expected(photos["chelsea"], SOBEL).numpy()
    strong = 0.25 * abs(values).max()
    assert (rgb[values > strong][:, 0] > rgb[values > strong][:, 2]).all()  # positive: orange
    assert (rgb[values < -strong][:, 2] > rgb[values < -strong][:, 0]).all()  # negative: blue


def test_the_identity_gives_the_photograph_back(widget_page, explorer, photos):
    page = widget_page(explorer)
    choose(page, "Identity")
    assert (pixels(page, 1) == pixels(page, 0)[1:-1, 1:-1]).all()
    assert (pixels(page, 0)[..., 0] == (photos["chelsea"][0, 0] * 255).round().int().numpy()).all()


def test_the_window_and_the_numbers_fit_a_phone(widget_page, explorer):
    page = widget_page(explorer, width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.get_by_label("Weight in row 3, column 3").bounding_box()["width"] >= 36


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_bars_a_reader(widget_page, explorer, axe, dark):
    page = widget_page(explorer, dark=dark)
    if dark:
        darken(page)
    assert axe(page) == []
