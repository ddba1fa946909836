"""The backward pass written out: autograd's maps, captum's maps, and the same after export."""

import onnxruntime
import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients, LayerGradCam, Occlusion, Saliency
from torch import nn

from largemodels import interpret
from largemodels.export import to_onnx
from largemodels.interpret import AttributionMaps
from largemodels.models import ConvNet, ConvNetConfig, receptive_field

SIDE, STEPS, SQUARE = 21, 5, 7


def small(seed: int = 0) -> tuple[AttributionMaps, torch.Tensor]:
    torch.manual_seed(seed)
    model = ConvNet(ConvNetConfig(size=SIDE, widths=(3, 5), classes=7)).eval()
    image = torch.rand(1, 1, SIDE, SIDE)
    image[..., :9] = 0  # blank paper, where all that is pooled is equal
    return AttributionMaps(model, STEPS, SQUARE), image


def explained(maps: AttributionMaps, image: torch.Tensor, towards: float) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        return maps(image, torch.tensor([float(towards)]))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("towards", [0, 4, 6])
def test_every_map_is_what_autograd_gives(seed, towards):
    maps, image = small(seed)
    model, classes, found = maps.model, torch.tensor([towards]), explained(maps, image, towards)
    wanted = {
        "gradient": interpret.gradient(model, image, classes),
        "gradient × input": interpret.gradient_times_input(model, image, classes),
        "integrated gradients": interpret.integrated_gradients(model, image, classes, STEPS),
        "occlusion": interpret.occlusion(model, image, classes, SQUARE, SQUARE),
        "Grad-CAM": interpret.grad_cam(model, "stages.1.relu", image, classes),
    }
    assert tuple(wanted) == maps.names
    for name, each in wanted.items():
        assert each.abs().max() > 1e-3
        torch.testing.assert_close(found[name], each[0, 0].detach(), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found["output"], model(image).detach())


def test_every_map_is_captums():
    maps, image = small()
    model, found = maps.model, explained(maps, image, 3)
    tracked = image.clone().requires_grad_()
    blank = (1, SQUARE, SQUARE)
    wanted = {
        "gradient": Saliency(model).attribute(tracked, target=3, abs=False),
        "gradient × input": InputXGradient(model).attribute(tracked, target=3),
        "integrated gradients": IntegratedGradients(model).attribute(
            image, target=3, n_steps=STEPS, method="riemann_middle"
        ),
        "occlusion": Occlusion(model).attribute(image, blank, blank, target=3),
    }
    for name, each in wanted.items():
        torch.testing.assert_close(found[name], each[0, 0].detach().float(), atol=1e-5, rtol=1e-5)
    cells = LayerGradCam(model, model.stages[1].relu).attribute(image, target=3)[0, 0].detach()
    field = receptive_field(model, "stages.1.relu")  # ten pixels wide: the middle of a cell lies between two
    below = field.offset + field.size // 2 - 1 + field.stride * torch.arange(len(cells))
    around = [found["Grad-CAM"][below + down][:, below + right] for down in (0, 1) for right in (0, 1)]
    inner = (slice(1, -1), slice(1, -1))
    assert (field.size, field.stride, len(cells)) == (10, 4, 3)
    torch.testing.assert_close(sum(around)[inner] / 4, mixed(cells)[inner], atol=1e-5, rtol=1e-5)


def mixed(cells: torch.Tensor) -> torch.Tensor:
    """Return the mean of four places, an eighth of a cell to each side of the middle of three cells."""
    weights = torch.eye(3) * 0.875
    weights[1] += torch.tensor([0.0625, 0, 0.0625])
    return weights @ cells @ weights.T


def test_minus_one_asks_for_the_likeliest_class():
    maps, image = small()
    answer = maps.model(image).argmax(1)
    own, asked = explained(maps, image, -1), explained(maps, image, answer.item())
    assert own["of"].item() == answer.item()
    for name in maps.names:
        assert torch.equal(own[name], asked[name])


def test_the_exported_maps_are_the_same():
    maps, image = small()
    session = onnxruntime.InferenceSession(to_onnx(maps, {"image": image, "towards": torch.tensor([2.0])}, {}))
    feeds = {"image": image.numpy(), "towards": torch.tensor([5.0]).numpy()}
    names = [output.name for output in session.get_outputs()]
    found = dict(zip(names, session.run(None, feeds), strict=True))
    for name, each in explained(maps, image, 5).items():
        torch.testing.assert_close(torch.from_numpy(found[name]), each, atol=1e-5, rtol=1e-5)


def test_another_network_is_refused_with_what_is_allowed():
    with pytest.raises(ValueError, match="a ConvNet that pools by 2"):
        AttributionMaps(nn.Linear(2, 3))
    with pytest.raises(ValueError, match="a ConvNet that pools by 2"):
        AttributionMaps(ConvNet(ConvNetConfig(pool=3)))
    with pytest.raises(ValueError, match="squares of 5 do not tile"):
        AttributionMaps(ConvNet(), side=5)
