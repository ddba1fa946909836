"""What the tests of the feature map explorer share: its page, and what torch makes of the drawing on it."""

import base64
import functools
import json

import pytest
import torch
import torch.nn.functional as F
from driving import click_on, drawing, drawn, settle

from largemodels.data import Batches, digits
from largemodels.interpret import Watched
from largemodels.live import FeatureMapExplorer, live
from largemodels.models import ConvNet

STATE = 'script[type="application/vnd.jupyter.widget-state+json"]'
VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]'
TAPS = ("stages.*.conv", "stages.*.relu")


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
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


@pytest.fixture(scope="session")
@functools.cache  # for all files that ask for it
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

    def start(fresh=False, **options):
        page = open_page(f"{serve(book)}/chapters/cnn/feature_maps.html", fresh=fresh, **options)
        page.locator(".fx").wait_for()
        return page

    return start


def layers_of(page):
    """Read the network that the page explains: its layers in order, weights as tensors."""
    if not hasattr(page, "layers"):  # a page is written once
        page.layers = _layers(page)
    return page.layers


def _layers(page):
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
    click_on(sheet(page, layer["tap"]), lambda: unit_point(page, layer, channel, row, column))
    code = f"{layer['tap']}[0, {channel}, {row}, {column}]"
    shown = page.locator(".fx-inspector code").first.text_content()
    assert shown == code, f"{shown} is explained instead of {code}"
