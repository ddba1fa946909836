import pytest
import torch
import torch.nn.functional as F
from torch import nn

from largemodels.data import digits
from largemodels.interpret import Watched
from largemodels.live import FeatureMapExplorer, live
from largemodels.live.binding import pack
from largemodels.live.drawing import pen_radius
from largemodels.live.feature_map_explorer import explain
from largemodels.models import ConvNet, ConvNetConfig, ResNet

TAPS = ("stages.*.conv", "stages.*.relu")


@pytest.fixture(scope="module")
def images():
    torch.manual_seed(0)
    return torch.rand(7, 1, 28, 28)


@pytest.fixture(scope="module")
def names():
    return [f"class {i}" for i in range(10)]


def tensor(wire):
    return torch.frombuffer(bytearray(wire["data"]), dtype=torch.float32).view(wire["shape"])


def from_settings(layers, image):
    """Compute every layer from what the browser is told of it."""
    values = {"image": image}
    for layer in layers:
        x = values[layer["of"]]
        if layer["kind"] == "sum":
            weight, bias = tensor(layer["weight"]), tensor(layer["bias"])
            x = F.conv2d(x, weight, bias, layer["stride"], layer["padding"])
        else:
            x = F.max_pool2d(x, layer["kernel"], layer["stride"])
            x = x.relu() if layer["rectify"] else x
        assert list(x.shape[1:]) == layer["shape"]
        values[layer["tap"]] = x
    return values


def readers_own():
    """Another order, other strides, a hidden linear layer, dropout."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, 5, 5, stride=2, padding=1, bias=False),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
        nn.Dropout(0.5),
        nn.Conv2d(5, 7, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(7 * 4 * 4, 11),
        nn.ReLU(),
        nn.Linear(11, 10),
    )


@pytest.mark.parametrize(
    ("model", "taps", "titles"),
    [
        (
            ConvNet(),
            TAPS,
            ["Convolution 1", "Pooling and ReLU 1", "Convolution 2", "Pooling and ReLU 2", "Logit"],
        ),
        (
            ConvNet(),
            ("stages.*.conv", "stages.*.pool", "stages.*.relu"),
            ["Convolution 1", "Pooling 1", "ReLU 1", "Convolution 2", "Pooling 2", "ReLU 2", "Logit"],
        ),
        (
            readers_own(),
            ("0", "2", "4", "5", "7", "8"),
            ["Convolution 1", "Pooling and ReLU", "Convolution 2", "ReLU 1", "Linear layer", "ReLU 2", "Logit"],
        ),
    ],
)
def test_every_map_follows_from_the_one_before_by_the_numbers_that_the_browser_gets(model, taps, titles, images, names):
    view = live(FeatureMapExplorer(images, names), Watched(model, *taps), {"image": images[:1]})
    layers = view.settings["layers"]
    assert [layer["title"] for layer in layers] == titles
    values = from_settings(layers, images[:1])
    for layer in layers:
        shown = tensor(view.outputs[layer["tap"]])
        torch.testing.assert_close(values[layer["tap"]].view_as(shown), shown, atol=1e-5, rtol=1e-5)
    logits = model.eval()(images[:1])
    torch.testing.assert_close(tensor(view.outputs["probabilities"]), logits.softmax(1))
    assert torch.equal(tensor(view.outputs["seen"]), images[:1])
    assert view.onnx


@pytest.mark.usefixtures("kernel")
def test_a_drawing_is_answered_by_the_kernel(images, names):
    model = ConvNet()
    view = live(FeatureMapExplorer(images, names), Watched(model, *TAPS), {"image": images[:1]})
    view.inputs = {"image": pack("image", images[3:4])}
    torch.testing.assert_close(tensor(view.outputs["output"]), model(images[3:4]))


@pytest.mark.usefixtures("kernel")
def test_a_readers_own_model_takes_the_place_of_the_books(images, names):
    view = live(FeatureMapExplorer(images, names), Watched(ConvNet(), *TAPS), {"image": images[:1]})
    own = ConvNet(ConvNetConfig(widths=(3, 5), kernel=5))
    assert view.bind(Watched(own, *TAPS), {"image": images[1:2]}) is view
    assert [layer["shape"] for layer in view.settings["layers"]] == [
        [3, 24, 24],
        [3, 12, 12],
        [5, 8, 8],
        [5, 4, 4],
        [10, 1, 1],
    ]
    assert view.settings["answers"] == own(images).argmax(1).tolist()
    torch.testing.assert_close(tensor(view.outputs["output"]), own(images[1:2]))


def test_a_model_in_training_is_shown_as_it_answers_and_left_in_training(images, names):
    model = readers_own().train()
    view = live(FeatureMapExplorer(images, names), Watched(model, "0", "2", "4", "5", "7", "8"), {"image": images[:1]})
    assert model.training
    torch.testing.assert_close(tensor(view.outputs["output"]), model.eval()(images[:1]))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (ConvNet(), "bind a Watched model"),
        (Watched(ConvNet(), "stages.*.relu"), "Conv2d, MaxPool2d, ReLU: watch every convolution"),
        (Watched(ConvNet(), "stages.*.conv"), "MaxPool2d, ReLU, Conv2d: watch"),
        (Watched(ResNet(), "stem"), "run in a row"),
        (Watched(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()), "0"), "through BatchNorm2d, ReLU"),
        (Watched(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True)), "0"), "inplace=False"),
        (Watched(nn.Sequential(nn.Conv2d(1, 2, (3, 5)), nn.Flatten(), nn.Linear(1248, 10)), "0"), "both directions"),
        (Watched(nn.Sequential(nn.Conv2d(1, 2, 3, dilation=2), nn.Flatten(), nn.Linear(1152, 10)), "0"), "whole"),
        (Watched(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(1352, 7)), "0"), "10 names"),
    ],
)
def test_a_model_whose_sums_cannot_be_written_out_is_refused(function, message, images, names):
    with pytest.raises(ValueError, match=message):
        live(FeatureMapExplorer(images, names), function, {"image": images[:1]})


def test_a_model_whose_answer_is_no_layers_output_is_refused(images):
    class Doubled(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.flatten, self.linear = nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(1352, 10)

        def forward(self, x):
            return 2 * self.linear(self.flatten(self.conv(x)))

    with pytest.raises(ValueError, match="must be the model's output"):
        explain(Watched(Doubled(), "conv"), images[:1])


@pytest.mark.parametrize(
    ("examples", "labels", "message"),
    [
        (torch.rand(3, 3, 28, 28), None, r"\(n, 1, size, size\)"),
        (torch.rand(3, 1, 28, 29), None, r"\(n, 1, size, size\)"),
        (torch.rand(0, 1, 28, 28), None, r"\(n, 1, size, size\)"),
        (torch.rand(3, 1, 28, 28) - 0.5, None, r"in \[0, 1\]"),
        (torch.full((3, 1, 28, 28), torch.nan), None, r"in \[0, 1\]"),
        (torch.rand(3, 1, 28, 28), torch.zeros(4), "as many labels"),
    ],
)
def test_examples_that_do_not_fit_are_refused(examples, labels, message, names):
    with pytest.raises(ValueError, match=message):
        FeatureMapExplorer(examples, names, labels)


@pytest.mark.parametrize("example", [{}, {"image": torch.rand(2, 1, 28, 28)}, {"image": torch.rand(1, 1, 8, 8)}])
def test_a_drawing_of_another_shape_is_refused(example, images, names):
    with pytest.raises(ValueError, match="drawing"):
        live(FeatureMapExplorer(images, names), Watched(ConvNet(), *TAPS), example)


def test_the_pen_is_as_thick_as_the_strokes_of_the_examples():
    bars = torch.zeros(2, 1, 41, 41)
    bars[:, :, 5:37, 18:22] = 1
    assert pen_radius(bars) == pytest.approx(2, abs=0.25)
    assert pen_radius(torch.zeros(1, 1, 5, 5)) == pen_radius(digits().train.images) == 2.2


@pytest.mark.usefixtures("kernel")
def test_its_name_in_a_notebook_is_the_same_every_time(images, names):
    view = live(FeatureMapExplorer(images, names), Watched(ConvNet(), *TAPS), {"image": images[:1]})
    assert repr(view) == "FeatureMapExplorer(image)"
