"""Watching a model changes nothing about it."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from largemodels.export import to_onnx
from largemodels.interpret import Watched, capture
from largemodels.models import ConvNet


def hooks(model):
    return sum(len(module._forward_hooks) for module in model.modules())


def test_capture_yields_what_the_taps_produced():
    torch.manual_seed(0)
    model, x = ConvNet(), torch.rand(2, 1, 28, 28)
    with capture(model, "stages.0.conv", "classifier") as seen:
        logits = model(x)
    assert list(seen) == ["stages.0.conv", "classifier"]
    assert torch.equal(seen["stages.0.conv"], model.stages[0].conv(x))
    assert torch.equal(seen["classifier"], logits)


def test_a_star_names_the_same_tap_of_every_stage_in_the_order_in_which_they_ran():
    model = ConvNet()
    with capture(model, "stages.*.relu", "stages.*.conv") as seen:
        model(torch.rand(2, 1, 28, 28))
    assert list(seen) == ["stages.0.conv", "stages.0.relu", "stages.1.conv", "stages.1.relu"]


def test_a_second_pass_replaces_the_first():
    model, first, second = ConvNet(), torch.zeros(1, 1, 28, 28), torch.ones(3, 1, 28, 28)
    with capture(model, "stages.0.conv") as seen:
        model(first)
        model(second)
    assert len(seen["stages.0.conv"]) == 3


def test_gradients_flow_through_what_was_captured():
    model = ConvNet()
    with capture(model, "stages.1.relu") as seen:
        model(torch.rand(2, 1, 28, 28)).sum().backward()
    assert seen["stages.1.relu"].requires_grad


def test_hooks_are_gone_afterwards_whatever_happened():
    model = ConvNet()
    with capture(model, "stages.*.conv"):
        assert hooks(model) == 2
        model(torch.rand(1, 1, 28, 28))
    assert hooks(model) == 0
    with pytest.raises(RuntimeError, match="mine"), capture(model, "stages.*.conv"):
        raise RuntimeError("mine")
    assert hooks(model) == 0


@pytest.mark.parametrize("pattern", ["stages.7.conv", "stages.*.attention", ""])
def test_an_unknown_tap_is_named_beside_those_there_are(pattern):
    with pytest.raises(LookupError, match=r"no tap named .*; this model has: stages, stages\.0"):  # noqa: SIM117
        with capture(ConvNet(), "classifier", pattern):
            pass


def test_a_part_that_stands_in_two_places_has_both_names_and_a_pattern_finds_it_once():
    shared = nn.Linear(3, 3)
    model, x = nn.Sequential(shared, nn.Tanh(), shared), torch.randn(2, 3)
    for patterns, names in ((["2"], ["2"]), (["*"], ["1", "0"]), (["2", "0"], ["2", "0"])):
        with capture(model, *patterns) as seen:
            y = model(x)
        assert [*seen] == names
        assert torch.equal(seen[names[-1]], y)


def test_no_pattern_is_refused():
    with pytest.raises(LookupError, match="no tap named"), capture(ConvNet()):
        pass


def test_a_silent_tap_is_an_error():
    with pytest.raises(LookupError, match="tap classifier stayed silent"), capture(ConvNet(), "classifier"):
        pass


def test_watched_returns_output_and_taps():
    torch.manual_seed(0)
    model, x = ConvNet(), torch.rand(2, 1, 28, 28)
    seen = Watched(model, "stages.*.relu")(x)
    assert list(seen) == ["output", "stages.0.relu", "stages.1.relu"]
    assert torch.equal(seen["output"], model(x))
    assert hooks(model) == 0


class Written(nn.Module):
    """A convolution whose answer is written over by ``change``."""

    def __init__(self, change):
        super().__init__()
        self.conv, self.change = nn.Conv2d(1, 3, 5), change

    def forward(self, x):
        return self.change(self.conv(x))


WRITERS = {"ReLU": nn.ReLU(inplace=True), "dropout": nn.Dropout(0.5, inplace=True), "ELU": nn.ELU(inplace=True)}


@pytest.mark.parametrize("change", WRITERS.values(), ids=WRITERS)
def test_what_a_tap_gave_is_seen_though_the_next_layer_writes_over_it(change):
    torch.manual_seed(0)
    model, x = Written(change), torch.randn(2, 1, 11, 13)
    with capture(model, "*") as seen:
        output = model(x)
    assert torch.equal(seen["conv"], model.conv(x))
    assert seen["conv"].min() < 0
    assert torch.equal(seen["change"], output)
    seen["conv"].retain_grad()
    output.sum().backward()
    assert seen["conv"].grad.any(), "what was seen lies on the way to the output"


def test_onnx_holds_what_a_tap_gave_though_the_next_layer_writes_over_it():
    torch.manual_seed(0)
    watched, x = Watched(Written(nn.ReLU(inplace=True)).eval(), "conv"), torch.randn(2, 1, 11, 13)
    output, conv = onnxruntime.InferenceSession(to_onnx(watched, {"x": x})).run(None, {"x": x.numpy()})
    np.testing.assert_allclose(conv, watched.model.conv(x).detach(), atol=1e-6)
    assert conv.min() < 0 <= output.min()


@pytest.mark.parametrize("write", [torch.relu_, lambda x: x.mul_(2.0)])
def test_what_the_models_own_code_writes_over_is_not_passed_off_as_what_the_tap_gave(write):
    model = Written(write)
    with pytest.raises(RuntimeError, match="what tap conv gave is lost: the model wrote over it"):  # noqa: SIM117
        with capture(model, "conv"):
            model(torch.randn(2, 1, 11, 13))


def test_several_tensors_of_one_tap_are_kept_as_they_were():
    layer = nn.Sequential(nn.LSTM(3, 5, batch_first=True), nn.ReLU(inplace=True))
    with capture(layer, "0") as seen:
        output, (h, _) = layer[0](torch.randn(2, 7, 3))
        layer[1](output)
    assert seen["0"][0].min() < 0
    assert torch.equal(seen["0"][0][:, -1], h[0])


def test_a_compiled_model_that_skips_its_hooks_is_named():
    model, x = ConvNet().eval(), torch.rand(1, 1, 28, 28)
    compiled = torch.compile(model, backend="eager")
    compiled(x)
    with pytest.raises(LookupError, match=r"stages.0.conv stayed silent: .*torch\.compile"):  # noqa: SIM117
        with capture(model, "stages.0.conv"):
            compiled(x)
    with pytest.raises(LookupError, match=r"wrapped by torch\.compile: watch the model inside, \._orig_mod"):  # noqa: SIM117
        with capture(compiled, "stages.0.conv"):
            compiled(x)
    torch.compiler.reset()
