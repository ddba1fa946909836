"""What the digit reader tells the browser, and what it refuses."""

import pytest
import torch
from torch import nn

from largemodels.interpret import Watched
from largemodels.live import DigitReader, live
from largemodels.live.binding import pack
from largemodels.models import ConvNet, ConvNetConfig

NAMES = tuple("0123456")
CONFIG = ConvNetConfig(size=13, widths=(3, 5), classes=7)


@pytest.fixture
def images():
    return torch.rand(11, 1, 13, 13, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def model():
    torch.manual_seed(1)
    return ConvNet(CONFIG).eval()


def tensor(wire):
    return torch.frombuffer(bytearray(wire["data"]), dtype=torch.float32).view(wire["shape"])


def test_the_browser_gets_the_probability_of_every_class_and_what_was_drawn(images, model):
    labels = torch.arange(11) % 7
    view = live(DigitReader(images, NAMES, labels), model, {"image": images[:1]})
    logits = model(images[:1])
    torch.testing.assert_close(tensor(view.outputs["output"]), logits, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(tensor(view.outputs["probabilities"]), logits.softmax(1), atol=1e-6, rtol=1e-5)
    assert torch.equal(tensor(view.outputs["seen"]), images[:1])
    assert set(view.outputs) == {"output", "probabilities", "seen"}
    assert view.settings["answers"] == model(images).argmax(1).tolist()
    assert view.settings["labels"] == labels.tolist()
    assert view.onnx


@pytest.mark.usefixtures("kernel")
def test_a_drawing_is_answered_by_the_kernel(images, model):
    view = live(DigitReader(images, NAMES), model, {"image": images[:1]})
    view.inputs = {"image": pack("image", images[3:4])}
    torch.testing.assert_close(tensor(view.outputs["output"]), model(images[3:4]), atol=1e-6, rtol=1e-5)
    assert view.error == ""


@pytest.mark.usefixtures("kernel")
def test_of_a_watched_model_only_the_answer_goes_to_the_browser(images, model):
    view = live(DigitReader(images, NAMES), Watched(model, "stages.*.conv"), {"image": images[:1]})
    assert set(view.outputs) == {"output", "probabilities", "seen"}
    torch.testing.assert_close(tensor(view.outputs["output"]), model(images[:1]), atol=1e-6, rtol=1e-5)


@pytest.mark.usefixtures("kernel")
def test_a_readers_own_model_takes_the_place_of_the_books(images, model):
    view = live(DigitReader(images, NAMES), model, {"image": images[:1]})
    own = nn.Sequential(nn.Flatten(), nn.Linear(169, 7))
    assert view.bind(own, {"image": images[2:3]}) is view
    torch.testing.assert_close(tensor(view.outputs["output"]), own(images[2:3]), atol=1e-6, rtol=1e-5)
    assert view.settings["answers"] == own(images).argmax(1).tolist()


def test_a_model_in_training_is_left_in_training(images, model):
    live(DigitReader(images, NAMES), model.train(), {"image": images[:1]})
    assert model.training


class Pair(nn.Module):
    def forward(self, x):
        return x, x


class Named(nn.Module):
    def forward(self, x):
        return {"logits": x.flatten(1)}


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (ConvNet(ConvNetConfig(size=13, widths=(3,), classes=5)), r"7 names need as many logits; .* \(1, 5\)"),
        (nn.Conv2d(1, 7, 3), r"7 names need as many logits; the model returns \(1, 7, 11, 11\)"),
        (Pair(), r"must return logits \(b, classes\), one tensor; got tuple"),
        (Named(), r"must return logits \(b, classes\), one tensor; got dict"),
    ],
)
def test_what_does_not_classify_images_is_refused(function, message, images):
    with pytest.raises(ValueError, match=message):
        live(DigitReader(images, NAMES), function, {"image": images[:1]})


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ({"image": torch.zeros(1, 1, 28, 28)}, r"examples' shape \(1, 13, 13\); got \(1, 1, 28, 28\)"),
        ({"one": torch.zeros(1, 1, 13, 13), "two": torch.zeros(1)}, "one drawing; got one, two"),
    ],
)
def test_a_drawing_of_another_kind_than_the_examples_is_refused(example, message, images, model):
    with pytest.raises(ValueError, match=message):
        live(DigitReader(images, NAMES), model, example)


@pytest.mark.usefixtures("kernel")
def test_its_name_in_a_notebook_is_the_same_every_time(images, model):
    assert repr(live(DigitReader(images, NAMES), model, {"image": images[:1]})) == "DigitReader(image)"
