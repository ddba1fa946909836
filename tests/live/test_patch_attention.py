"""What the patch attention explorer tells the browser, and what it refuses."""

import pytest
import torch
from torch import nn

from largemodels.interpret import Watched
from largemodels.live import PatchAttentionExplorer, live
from largemodels.live.binding import pack
from largemodels.models import ConvNet, ViT, ViTConfig

TAPS = "layers.*.self_attn.weights"


@pytest.fixture(scope="module")
def images():
    torch.manual_seed(0)
    return torch.rand(7, 1, 28, 28)


@pytest.fixture(scope="module")
def names():
    return [f"class {i}" for i in range(10)]


def vit(**config):
    torch.manual_seed(1)
    return ViT(ViTConfig(**config))


def tensor(wire):
    return torch.frombuffer(bytearray(wire["data"]), dtype=torch.float32).view(wire["shape"])


@pytest.mark.parametrize("config", [{}, {"patch": 7, "width": 15, "heads": 5, "layers": 2}])
def test_the_browser_gets_every_weight_and_how_the_image_is_cut(config, images, names):
    model = vit(**config)
    view = live(PatchAttentionExplorer(images, names), Watched(model, TAPS), {"image": images[:1]})
    layers, side = model.config.layers, model.config.side
    assert view.settings["taps"] == [f"layers.{i}.self_attn.weights" for i in range(layers)]
    assert (view.settings["heads"], view.settings["side"]) == (model.config.heads, side)
    for tap in view.settings["taps"]:
        weights = tensor(view.outputs[tap])
        assert weights.shape == (1, model.config.heads, 1 + side**2, 1 + side**2)
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
    logits = model.eval()(images[:1])
    torch.testing.assert_close(tensor(view.outputs["output"]), logits, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(tensor(view.outputs["probabilities"]), logits.softmax(1), atol=1e-5, rtol=1e-5)
    assert torch.equal(tensor(view.outputs["seen"]), images[:1])
    assert view.settings["answers"] == model(images).argmax(1).tolist()
    assert view.onnx


@pytest.mark.usefixtures("kernel")
def test_a_drawing_is_answered_by_the_kernel(images, names):
    model = vit()
    view = live(PatchAttentionExplorer(images, names), Watched(model, TAPS), {"image": images[:1]})
    view.inputs = {"image": pack("image", images[3:4])}
    torch.testing.assert_close(tensor(view.outputs["output"]), model(images[3:4]), atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("kernel")
def test_a_readers_own_model_takes_the_place_of_the_books(images, names):
    view = live(PatchAttentionExplorer(images, names), Watched(vit(), TAPS), {"image": images[:1]})
    assert (view.settings["side"], len(view.settings["taps"])) == (7, 3)
    own = vit(patch=14, layers=1, heads=2)
    assert view.bind(Watched(own, TAPS), {"image": images[1:2]}) is view
    assert (view.settings["side"], view.settings["heads"], len(view.settings["taps"])) == (2, 2, 1)
    assert set(view.outputs) == {"output", "layers.0.self_attn.weights", "probabilities", "seen"}


def test_a_model_in_training_is_left_in_training(images, names):
    model = vit().train()
    live(PatchAttentionExplorer(images, names), Watched(model, TAPS), {"image": images[:1]})
    assert model.training


class Cut(nn.Module):
    """Three patches in a row, of an image that they do not tile."""

    def __init__(self):
        super().__init__()
        self.weights, self.classifier = nn.Identity(), nn.Linear(784, 10)

    def forward(self, x):
        return (
            self.classifier(x.flatten(1))
            + 0 * self.weights(x.new_full((len(x), 2, 10, 10), 0.1)).sum((1, 2, 3))[:, None]
        )


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (vit(), "bind a Watched model, whose weights can be seen; got ViT"),
        (Watched(vit(), "patches"), r"weights are \(1, h, n, n\).*got \(1, 48, 7, 7\) from patches"),
        (Watched(ConvNet(), "stages.1.relu"), "must add up to 1; those of stages.1.relu do not"),
        (Watched(vit(), "layers.0"), r"weights are \(1, h, n, n\).*got \(1, 50, 48\) from layers.0"),
        (Watched(vit(), TAPS, "norm"), r"weights of one shape; got \(1, 4, 50, 50\) and \(1, 50, 48\)"),
        (Watched(Cut(), "weights"), "3 patches in a row do not tile an image of 28 pixels"),
        (Watched(vit(classes=7), TAPS), r"10 names need as many logits; the model returns \(1, 7\)"),
    ],
)
def test_a_model_that_shows_no_weights_of_patches_is_refused(function, message, images, names):
    with pytest.raises(ValueError, match=message):
        live(PatchAttentionExplorer(images, names), function, {"image": images[:1]})


@pytest.mark.parametrize(
    ("examples", "labels", "message"),
    [
        (torch.rand(3, 3, 28, 28), None, r"\(n, 1, size, size\)"),
        (torch.rand(3, 1, 28, 28) - 0.5, None, r"in \[0, 1\]"),
        (torch.rand(3, 1, 28, 28), torch.zeros(4), "as many labels"),
    ],
)
def test_examples_that_do_not_fit_are_refused(examples, labels, message, names):
    with pytest.raises(ValueError, match=message):
        PatchAttentionExplorer(examples, names, labels)


@pytest.mark.usefixtures("kernel")
def test_its_name_in_a_notebook_is_the_same_every_time(images, names):
    view = live(PatchAttentionExplorer(images, names), Watched(vit(), TAPS), {"image": images[:1]})
    assert repr(view) == "PatchAttentionExplorer(image)"
