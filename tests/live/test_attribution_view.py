"""What the attribution explorer tells the browser, and what it refuses."""

import pytest
import torch

from largemodels import interpret
from largemodels.interpret import AttributionMaps
from largemodels.live import AttributionExplorer, live
from largemodels.live.binding import pack
from largemodels.models import ConvNet, ConvNetConfig

NAMES = tuple("0123456")
CONFIG = ConvNetConfig(size=20, widths=(3, 5), classes=7)


@pytest.fixture
def images():
    return torch.rand(5, 1, 20, 20, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def model():
    torch.manual_seed(1)
    return ConvNet(CONFIG).eval()


def start(images, towards=-1.0):
    return {"image": images[:1], "towards": torch.tensor([towards])}


def tensor(wire):
    return torch.frombuffer(bytearray(wire["data"]), dtype=torch.float32).view(wire["shape"])


def test_the_browser_gets_every_map_for_the_answer_and_its_words(images, model):
    view = live(AttributionExplorer(images, NAMES), AttributionMaps(model), start(images))
    answer = model(images[:1]).argmax(1)
    assert tensor(view.outputs["of"]).item() == answer.item()
    wanted = interpret.integrated_gradients(model, images[:1], answer, 16)[0, 0]
    torch.testing.assert_close(tensor(view.outputs["integrated gradients"]), wanted.detach(), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(tensor(view.outputs["probabilities"]), model(images[:1]).softmax(1).detach())
    assert [name for name, _, _ in view.settings["maps"]] == list(AttributionMaps.names)
    assert view.settings["answers"] == model(images).argmax(1).tolist()
    assert view.onnx


@pytest.mark.usefixtures("kernel")
def test_another_class_is_explained_by_the_kernel(images, model):
    view = live(AttributionExplorer(images, NAMES), AttributionMaps(model), start(images))
    view.inputs = {**view.inputs, "towards": pack("towards", torch.tensor([4.0]))}
    wanted = interpret.gradient(model, images[:1], torch.tensor([4]))[0, 0]
    torch.testing.assert_close(tensor(view.outputs["gradient"]), wanted, atol=1e-5, rtol=1e-5)
    assert view.error == ""


def test_what_does_not_fit_is_refused_with_what_is_allowed(images, model):
    with pytest.raises(ValueError, match="bind AttributionMaps of a ConvNet; got ConvNet"):
        live(AttributionExplorer(images, NAMES), model, start(images))
    with pytest.raises(ValueError, match="takes one drawing and towards; got image"):
        live(AttributionExplorer(images, NAMES), AttributionMaps(model), {"image": images[:1]})
    with pytest.raises(ValueError, match="names need as many logits"):
        live(AttributionExplorer(images, NAMES[:3]), AttributionMaps(model), start(images))
    with pytest.raises(ValueError, match="one image of the examples' shape"):
        live(AttributionExplorer(images, NAMES), AttributionMaps(model), {**start(images), "image": images[:2]})
