"""Watching a model changes nothing about it."""

import pytest
import torch

from largemodels.capture import Watched, capture
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
