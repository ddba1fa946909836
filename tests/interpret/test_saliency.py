"""Attributions: what they must add up to, where they lie, and what they agree on."""

import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients, LayerGradCam, Occlusion, Saliency
from scipy.stats import spearmanr
from torch import nn

from largemodels import interpret
from largemodels.models import ConvNet, ConvNetConfig, Llama, LlamaConfig, ResNet, ResNetConfig

SIDE = 11
LLAMA = LlamaConfig(
    vocabulary=23, context=13, layers=2, heads=2, kv_heads=1, width=8, hidden=12, head_width=4, tied=False
)


def small(seed: int = 0) -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    model = ConvNet(ConvNetConfig(size=SIDE, widths=(3, 5), kernel=2, classes=7)).eval()
    images = torch.rand(2, 1, SIDE, SIDE)
    return model, images, model(images).argmax(1)


def test_integrated_gradients_add_up_to_the_logit_less_that_of_a_blank_image():
    model, images, classes = small()
    maps = interpret.integrated_gradients(model, images, classes, steps=2000)
    with torch.no_grad():
        gained = (model(images) - model(torch.zeros_like(images))).gather(1, classes[:, None])[:, 0]
    torch.testing.assert_close(maps.sum((1, 2, 3)), gained, atol=2e-4, rtol=0)


@pytest.mark.parametrize("seed", range(3))
def test_gradient_times_input_and_integrated_gradients_are_captums(seed):
    model, images, classes = small(seed)
    model, images = model.double(), images.double().requires_grad_()
    slopes = Saliency(model).attribute(images, target=classes, abs=False)
    plain = InputXGradient(model).attribute(images, target=classes).detach()
    theirs = IntegratedGradients(model).attribute(images, target=classes, n_steps=32, method="riemann_middle").detach()
    close = {"atol": 1e-9 * plain.abs().max().item(), "rtol": 1e-6}
    images = images.detach()
    torch.testing.assert_close(interpret.gradient_times_input(model, images, classes), plain, **close)
    torch.testing.assert_close(slopes * images, plain, **close)
    torch.testing.assert_close(interpret.integrated_gradients(model, images, classes), theirs, **close)
    assert (theirs - plain).norm() > 0.1 * plain.norm()  # so that one cannot pass for the other


@pytest.mark.parametrize("network", ["ConvNet", "ResNet"])
def test_plain_gradients_and_the_magnitude_are_captums(network):
    torch.manual_seed(2)
    model, images, classes = small(2)
    if network == "ResNet":
        model = ResNet(ResNetConfig(size=SIDE, widths=(3, 5), blocks=1, classes=7)).eval()
    ours, tracked = interpret.gradient(model, images, classes), images.clone().requires_grad_()
    for part, signed in ((ours, False), (ours.abs(), True)):
        theirs = Saliency(model).attribute(tracked, target=classes, abs=signed)
        torch.testing.assert_close(part, theirs, atol=1e-5, rtol=1e-5)
    assert not ours.requires_grad


def test_occlusion_by_squares_edge_to_edge_is_captums():
    torch.manual_seed(1)
    model = ConvNet(ConvNetConfig(size=12, widths=(3,), kernel=2, classes=7)).eval()
    images, classes = torch.rand(2, 1, 12, 12), torch.tensor([1, 6])
    theirs = Occlusion(model).attribute(images, (1, 4, 4), (1, 4, 4), target=classes)
    ours = interpret.occlusion(model, images, classes, side=4, stride=4)
    torch.testing.assert_close(ours, theirs.float(), atol=1e-5, rtol=1e-5)


def test_occlusion_of_single_pixels_is_captums():
    model, images, classes = small()
    model, images = model.double(), images.double()
    theirs = Occlusion(model).attribute(images, (1, 1, 1), target=classes)
    ours = interpret.occlusion(model, images, classes, side=1, stride=1)
    torch.testing.assert_close(ours.float(), theirs)  # which captum gives in float32 whatever it is given


def test_the_cells_of_grad_cam_are_captums():
    torch.manual_seed(0)
    model = ResNet(ResNetConfig(size=28, widths=(3, 5, 7), blocks=1)).double().eval()
    images, classes = torch.rand(2, 1, 28, 28).double(), torch.tensor([4, 6])
    cells = LayerGradCam(model, model.blocks[2]).attribute(images, target=classes)
    cam = interpret.grad_cam(model, "blocks.2", images, classes)
    torch.testing.assert_close(cam[..., ::4, ::4], cells.detach())


def test_on_a_linear_network_all_maps_are_the_weights_times_the_image():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 7))
    images, classes = torch.rand(3, 1, SIDE, SIDE), torch.tensor([0, 4, 6])
    wanted = model[1].weight[classes].view_as(images).detach() * images
    for method in (interpret.gradient_times_input, interpret.integrated_gradients):
        torch.testing.assert_close(method(model, images, classes), wanted)
    by_pixel = interpret.occlusion(model, images, classes, side=1, stride=1)
    torch.testing.assert_close(by_pixel, wanted, atol=1e-5, rtol=1e-4)


def test_a_square_that_hides_what_counts_is_noted_at_its_pixels_and_nowhere_else():
    class Middle(nn.Module):
        def forward(self, x):
            return x[:, :, 5, 5].repeat(1, 2)

    images = torch.ones(1, 1, SIDE, SIDE)
    fall = interpret.occlusion(Middle(), images, torch.tensor([1]), side=3, stride=3)
    wanted = torch.zeros(SIDE, SIDE)
    wanted[3:6, 3:6] = 1
    assert torch.equal(fall[0, 0], wanted)


def test_cells_of_grad_cam_lie_in_the_middle_of_what_they_see():
    model = ResNet(ResNetConfig(size=28, widths=(3, 5, 7), blocks=1)).eval()
    images = torch.rand(1, 1, 28, 28)
    with interpret.capture(model, "blocks.2") as seen:
        logits = model(images)
    maps = seen["blocks.2"]
    (slopes,) = torch.autograd.grad(logits[0, 4], maps)
    cells = (slopes.mean((2, 3), keepdim=True) * maps).sum(1)[0]  # (7, 7), four pixels apart from 0
    cam = interpret.grad_cam(model, "blocks.2", images, torch.tensor([4]))
    assert cam.shape == images.shape
    torch.testing.assert_close(cam[0, 0, ::4, ::4], cells.detach())
    torch.testing.assert_close(cam[0, 0, 2, 4], (cells[0, 1] + cells[1, 1]).detach() / 2)


def test_leaving_a_token_out_is_reading_the_text_without_it():
    torch.manual_seed(0)
    model, tokens, towards = Llama(LLAMA).eval(), torch.randint(23, (2, 5)), torch.tensor([3, 17])
    falls = interpret.without_each(model, tokens, towards)
    with torch.no_grad():
        whole = model(tokens)[1, -1].log_softmax(-1)[17]
        less = model(tokens[1:, [0, 1, 3, 4]])[0, -1].log_softmax(-1)[17]
    torch.testing.assert_close(falls[1, 2], whole - less)
    assert falls.shape == tokens.shape


def test_the_slope_at_an_embedding_is_what_a_small_change_of_it_does():
    torch.manual_seed(0)
    model, tokens, towards = Llama(LLAMA).double().eval(), torch.randint(23, (1, 5)), torch.tensor([3])
    with torch.no_grad():
        for weights in model.parameters():
            weights.mul_(10 if weights.ndim > 1 else 1)  # as large as trained ones
    found = interpret.gradient_times_embedding(model, tokens, towards)[0, 2]

    def chance(share):
        x = model.embedding(tokens).detach().clone()
        x[0, 2] *= share
        return interpret.read_on(model, x, 0)[0, -1].log_softmax(-1)[3].item()

    assert found.item() == pytest.approx((chance(1 + 1e-5) - chance(1 - 1e-5)) / 2e-5, rel=1e-5)


def test_looks_add_up_to_one_and_see_nothing_after_the_last():
    torch.manual_seed(0)
    looks = interpret.looked_at(Llama(LLAMA).eval(), torch.randint(23, (2, 5)))
    torch.testing.assert_close(looks.sum(1), torch.ones(2))


def test_rank_correlation_is_scipys_also_with_ties_and_where_some_places_count():
    torch.manual_seed(0)
    one, other, where = torch.randint(4, (3, 5, 7)).float(), torch.randn(3, 5, 7), torch.rand(3, 5, 7) > 0.3
    for places in (None, where):
        found = interpret.rank_correlation(one, other, places)
        for i in range(3):
            chosen = torch.ones(5, 7, dtype=torch.bool) if places is None else places[i]
            assert found[i].item() == pytest.approx(spearmanr(one[i][chosen], other[i][chosen]).statistic)


def test_impossible_input_is_refused_with_what_is_allowed():
    model, images, classes = small()
    with pytest.raises(ValueError, match="at least one step; got 0"):
        interpret.integrated_gradients(model, images, classes, steps=0)
    with pytest.raises(ValueError, match="squares of 1 to 11 pixels"):
        interpret.occlusion(model, images, classes, side=12)
    with pytest.raises(ValueError, match="two or more; got 1"):
        interpret.without_each(Llama(LLAMA), torch.zeros(1, 1, dtype=torch.long), torch.tensor([0]))
    with pytest.raises(ValueError, match="of one shape"):
        interpret.rank_correlation(torch.zeros(2, 3), torch.zeros(2, 4))


def test_nothing_and_no_numbers_have_no_rank():
    ramp = torch.arange(4.0)[None]
    holed = torch.where(ramp == 2, torch.nan, ramp)
    with pytest.raises(ValueError, match="NaN has no rank"):
        interpret.rank_correlation(holed, ramp)
    assert interpret.rank_correlation(holed, ramp, ramp != 2).item() == pytest.approx(1)
    with pytest.raises(ValueError, match="two maps, and places in them"):
        interpret.rank_correlation(torch.rand(0, 3), torch.rand(0, 3))
