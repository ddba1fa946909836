"""An exported module answers as the module does, by name, and its file tells nothing but the model."""

import logging
import sys
import warnings

import onnx
import onnxruntime
import pytest
import torch
from torch import nn
from torch._higher_order_ops.scan import scan
from torch.onnx._internal.exporter._registration import ONNXRegistry

from largemodels.export import onnx_export, to_onnx
from largemodels.interpret import Watched
from largemodels.models import ConvNet, ConvNetConfig, ResNet, ResNetConfig


class Attention(nn.Module):
    """Attention among tokens, the form of the Transformer chapter: any number of them."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(53, 17)

    def forward(self, tokens):
        x = self.embed(tokens.long())
        weights = (x @ x.mT / 17**0.5).softmax(-1)
        return {"weights": weights, "mixed": weights @ x}


class Rename(nn.Module):
    def forward(self, relu, other):
        return {"sum": relu.relu() + other, "same": relu, "twice": relu}


def run(model: bytes, feeds: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    answers = session.run(None, {name: tensor.numpy() for name, tensor in feeds.items()})
    return {out.name: torch.from_numpy(answer) for out, answer in zip(session.get_outputs(), answers, strict=True)}


def assert_same(got: dict, want: dict):
    assert list(got) == list(want)
    for name in want:
        torch.testing.assert_close(got[name], want[name], atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("model", "taps"),
    [
        (
            ConvNet(ConvNetConfig(size=23, widths=(5, 7))),
            ["stages.*.conv", "stages.*.pool", "stages.*.relu", "classifier"],
        ),
        (ResNet(ResNetConfig(size=23, widths=(5, 7))), ["stem", "blocks.*.correction", "blocks.*.relu", "pool"]),
    ],
    ids=["ConvNet", "ResNet"],
)
def test_every_tap_of_the_chapters_models_survives_export(model, taps):
    torch.manual_seed(0)
    watched = Watched(model.eval(), *taps)
    image = torch.rand(1, 1, 23, 23)
    with torch.no_grad():
        want = watched(image)
    assert len(want) > len(taps)
    assert_same(run(to_onnx(watched, {"image": torch.rand(1, 1, 23, 23)}), {"image": image}), want)


def test_an_axis_named_dynamic_takes_any_length():
    module = Attention()
    model = to_onnx(module, {"tokens": torch.arange(11.0)[None]}, {"tokens": {1: "t"}})
    tokens = torch.arange(29.0)[None]
    with torch.no_grad():
        assert_same(run(model, {"tokens": tokens}), module(tokens))
    names = [axis.dim_param for axis in onnx.load_from_string(model).graph.input[0].type.tensor_type.shape.dim]
    assert names == ["", "t"]


def test_names_do_not_clash_with_the_graphs_own_nor_with_each_other():
    feeds = {"relu": torch.tensor([-1.0, 2.0]), "other": torch.tensor([3.0, 5.0])}
    assert_same(run(to_onnx(Rename(), feeds), feeds), Rename()(*feeds.values()))


def test_one_tensor_may_stand_for_two_inputs():
    class Difference(nn.Module):
        def forward(self, a, b):
            return 2 * a - b

    x = torch.ones(3)
    for dynamic in (None, {"a": {0: "n"}, "b": {0: "n"}}):
        got = run(to_onnx(Difference(), {"a": x, "b": x}, dynamic), {"a": x, "b": 5 * x})
        assert_same(got, {"output": -3 * x})


def test_a_single_tensor_is_called_output():
    assert list(run(to_onnx(nn.ReLU(), {"x": torch.rand(3)}), {"x": torch.rand(3)})) == ["output"]


def test_the_same_module_gives_the_same_bytes():
    module = ConvNet(ConvNetConfig(size=13, widths=(3,))).eval()
    example = {"image": torch.rand(1, 1, 13, 13)}
    assert to_onnx(module, example) == to_onnx(module, example)


def test_the_file_holds_the_weights_and_nothing_of_the_machine():
    module = ConvNet().eval()
    model = to_onnx(module, {"image": torch.rand(1, 1, 28, 28)})
    weights = 4 * sum(p.numel() for p in module.parameters())
    assert weights < len(model) < weights + 3000
    for word in (b"File ", b"largemodels", b".py", torch.__version__.encode()):
        assert word not in model, word


class Loop(nn.Module):
    """A sum of products, step by step in a loop of the graph: it takes weights from outside its body."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(17, 17)

    def forward(self, x):
        def step(state, now):
            state = self.linear(state) + now
            return state, state.clone()

        return scan(step, x.new_zeros(17), x)[1] if torch.compiler.is_exporting() else self.unrolled(x)

    def unrolled(self, x):
        states = [x.new_zeros(17)]
        for now in x:
            states.append(self.linear(states[-1]) + now)
        return torch.stack(states[1:])


def test_a_loop_of_any_length_finds_the_weights_outside_it():
    module = Loop()
    model = to_onnx(module, {"x": torch.randn(5, 17)}, {"x": {0: "t"}})
    assert "Scan" in {node.op_type for node in onnx.load_from_string(model).graph.node}
    for length in (1, 7, 23):
        x = torch.randn(length, 17)
        torch.testing.assert_close(run(model, {"x": x})["output"], module(x), atol=1e-5, rtol=0)


def test_weights_that_half_precision_holds_take_half_the_bytes_and_answer_the_same():
    torch.manual_seed(0)
    module, x = nn.Linear(53, 61).half().float(), torch.randn(3, 53)
    model = to_onnx(module, {"x": x})
    assert len(model) < 2.5 * 53 * 61
    torch.testing.assert_close(run(model, {"x": x})["output"], module(x), atol=1e-6, rtol=0)
    module.weight.data[0, 0] = 70_000.5  # beyond half precision
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(to_onnx(module, {"x": x})) > 4 * 53 * 61


@pytest.mark.parametrize(("largest", "small"), [(32_767, True), (32_768, False)])
def test_numbers_of_places_take_a_quarter_of_the_bytes_where_they_can(largest, small):
    class Pick(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("places", torch.arange(largest - 999, largest + 1).flip(0))

        def forward(self, x):
            return x[self.places]

    x = torch.randn(largest + 1)
    model = to_onnx(Pick(), {"x": x})
    assert (len(model) < 3_000) == small
    assert torch.equal(run(model, {"x": x})["output"], Pick()(x))


def test_export_says_nothing_and_leaves_the_log_as_it_was(capfd):
    before = logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        to_onnx(nn.ReLU(), {"x": torch.rand(3)})
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == before


@pytest.mark.parametrize(
    ("module", "dynamic", "words"),
    [
        (nn.ReLU(), {"y": {0: "n"}}, "no input is named y; there are x"),
        (nn.Module(), None, None),
        (type("Pair", (nn.Module,), {"forward": lambda self, x: {"x": x}})(), None, "x names an input and an output"),
        (
            type("Word", (nn.Module,), {"forward": lambda self, x: {"word": "x"}})(),
            None,
            "must be a tensor; these are not: word",
        ),
    ],
    ids=["dynamic", "no forward", "shared name", "no tensor"],
)
def test_what_cannot_be_exported_is_a_clear_error(module, dynamic, words):
    with pytest.raises(ValueError if words else NotImplementedError, match=words):
        to_onnx(module, {"x": torch.rand(3)}, dynamic)


def test_a_torch_that_keeps_its_operators_elsewhere_exports_as_well(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.onnx._internal.exporter._registration", None)
    with onnx_export._operators_read_once():
        pass
    monkeypatch.undo()
    with onnx_export._operators_read_once():  # here it is where we look for it
        assert ONNXRegistry.from_torchlib() is ONNXRegistry.from_torchlib()
    assert ONNXRegistry.from_torchlib() is not ONNXRegistry.from_torchlib()
