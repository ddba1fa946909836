"""With a kernel, a view answers in PyTorch; without one it carries all that a page needs."""

import warnings

import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from largemodels.live import Convolve, KernelExplorer, View, live
from largemodels.live.binding import pack, pack_steps


class Scale(nn.Module):
    """Takes whole numbers and a factor; ``dropped`` tells whether the module was in evaluation mode."""

    def __init__(self):
        super().__init__()
        self.dropout = nn.Dropout(0.5)

    def forward(self, count, factor):
        assert count.dtype == torch.int64
        return {"product": count * factor, "dropped": self.dropout(torch.ones(31))}


def unpack(wire) -> torch.Tensor:
    return torch.frombuffer(bytearray(wire["data"]), dtype=torch.float32).reshape(wire["shape"])


@pytest.fixture(scope="module")
def scale():
    return live(View, Scale(), {"count": torch.tensor([2, 3, 5]), "factor": torch.tensor([0.5])})


def test_a_view_is_never_blank(scale):
    assert unpack(scale.outputs["product"]).tolist() == [1.0, 1.5, 2.5]
    assert scale.error == ""


@pytest.mark.usefixtures("kernel")
def test_changed_inputs_are_answered_in_pytorch():
    image, kernel = torch.rand(1, 1, 7, 11), torch.rand(1, 1, 3, 3)
    view = live(KernelExplorer(), Convolve(), {"image": image, "kernel": kernel})
    for _ in range(3):
        kernel = torch.randn(1, 1, 3, 3)
        view.inputs = {**view.inputs, "kernel": pack("kernel", kernel)}
        torch.testing.assert_close(unpack(view.outputs["map"]), F.conv2d(image, kernel), atol=1e-5, rtol=0)


def test_bytes_as_the_browser_sends_them_are_understood(scale):
    wire = pack("factor", torch.tensor([-3.0]))
    scale.set_state({"inputs": {**scale.inputs, "factor": {**wire, "data": memoryview(wire["data"])}}})
    assert unpack(scale.outputs["product"]).tolist() == [-6.0, -9.0, -15.0]


def test_the_function_is_evaluated_and_left_as_it_was():
    function = Scale().train()
    view = live(View(), function, {"count": torch.tensor([2]), "factor": torch.ones(1)})
    assert unpack(view.outputs["dropped"]).tolist() == [1.0] * 31
    assert function.training
    assert function.dropout.training


def test_the_page_gets_the_same_answers_as_the_kernel(scale):
    session = onnxruntime.InferenceSession(scale.onnx, providers=["CPUExecutionProvider"])
    feeds = {"count": torch.tensor([7.0, 11.0, 13.0]), "factor": torch.tensor([0.25])}  # float32, as from a browser
    product, dropped = session.run(["product", "dropped"], {name: x.numpy() for name, x in feeds.items()})
    assert product.tolist() == [1.75, 2.75, 3.25]
    assert dropped.tolist() == [1.0] * 31


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"factor": pack("factor", torch.ones(1, 2))}, "factor has shape (1, 2)"),
        ({"factor": {"shape": [1], "data": b"123"}}, "3 bytes"),
        (
            {"factor": {"shape": [1], "data": torch.tensor([torch.nan]).numpy().tobytes()}},
            "factor holds NaN or infinity",
        ),
        (
            {"factor": {"shape": [1], "data": torch.tensor([torch.inf]).numpy().tobytes()}},
            "factor holds NaN or infinity",
        ),
        ({"factor": {}}, "factor is not a tensor"),
        ({"colour": pack("colour", torch.ones(1))}, "the function takes count, factor; got count, factor, colour"),
    ],
    ids=["shape", "length", "NaN", "infinity", "no data", "unknown name"],
)
def test_a_mistake_is_said_and_the_view_lives_on(scale, change, words):
    good, answer = scale.inputs, scale.outputs
    scale.inputs = {**good, **change}
    assert words in scale.error
    assert scale.outputs == answer
    scale.inputs = {**good, "factor": pack("factor", torch.tensor([4.0]))}
    assert scale.error == ""
    assert unpack(scale.outputs["product"]).tolist() == [8.0, 12.0, 20.0]


def test_what_the_readers_own_function_raises_is_said():
    class Fussy(nn.Module):
        def forward(self, x):
            if (x < 0).any():
                raise RuntimeError("only from zero up")
            return x.log1p()

    with pytest.warns(UserWarning, match="a page without a kernel cannot run it"):
        view = live(View(), Fussy(), {"x": torch.ones(2)})
    assert view.onnx == b""
    view.inputs = {"x": pack("x", torch.tensor([1.0, -1.0]))}
    assert view.error == "only from zero up"
    view.inputs = {"x": pack("x", torch.zeros(2))}
    assert unpack(view.outputs["output"]).tolist() == [0.0, 0.0]


def test_a_dynamic_axis_takes_other_lengths_and_only_that_axis():
    view = live(View(), nn.Softmax(-1), {"x": torch.zeros(1, 3)}, {"x": {1: "t"}})
    view.inputs = {"x": pack("x", torch.zeros(1, 5))}
    assert unpack(view.outputs["output"]).flatten().tolist() == pytest.approx([0.2] * 5)
    view.inputs = {"x": pack("x", torch.zeros(2, 5))}
    assert "x has shape (2, 5)" in view.error


def test_readers_can_put_in_their_own_model(scale):
    view = live(View(), nn.ReLU(), {"x": torch.tensor([-1.0])})
    assert view.bind(nn.Identity(), {"x": torch.tensor([-2.0])}) is view
    assert unpack(view.outputs["output"]).tolist() == [-2.0]
    view.inputs = {"x": pack("x", torch.tensor([-3.0]))}
    assert unpack(view.outputs["output"]).tolist() == [-3.0]


@pytest.mark.parametrize(
    ("function", "example", "words"),
    [
        (nn.ReLU(), {}, "the example is empty"),
        (nn.ReLU(), {"x": torch.rand(0)}, "x is an empty tensor"),
        (nn.ReLU(), {"x": torch.tensor([torch.nan])}, "x holds NaN or infinity"),
        (nn.ReLU(), {"x": [1.0]}, "x is not a tensor"),
        (nn.LogSoftmax(0), {"x": torch.tensor([0.0, 1e30]).mul(1e9)}, "x holds NaN or infinity"),
    ],
    ids=["nothing", "empty", "NaN", "list", "infinity"],
)
def test_an_example_that_cannot_be_is_an_error_at_once(function, example, words):
    with pytest.raises(ValueError, match=words):
        live(View(), function, example)


def test_steps_are_a_quarter_of_the_size_and_exact():
    tensor = torch.tensor([0.0, 0.07, 2.55])
    wire = pack_steps(tensor, 0.01)
    assert (len(wire["data"]), list(wire["data"])) == (3, [0, 7, 255])
    with pytest.raises(ValueError, match=r"reach from 0 to 2\.55"):
        pack_steps(torch.tensor([2.56]), 0.01)


def test_views_are_told_apart_by_what_they_show_and_by_no_address(scale):
    assert repr(scale) == "View(count, factor)"
    assert repr(KernelExplorer()) == "KernelExplorer()"


def test_the_same_binding_has_the_same_state_every_time():
    def state():
        view = live(KernelExplorer({"grey": torch.full((1, 1, 5, 7), 0.5)}), Convolve(), example)
        return {name: value for name, value in view.get_state().items() if name != "layout"}

    example = {"image": torch.rand(1, 1, 5, 7), "kernel": torch.rand(1, 1, 3, 3)}
    assert state() == state()


def test_a_function_beside_the_page_is_named_and_not_kept_in_it():
    view = live(View(beside="large"), nn.ReLU(), {"x": torch.tensor([-1.0])})
    assert (view.onnx, view.beside) == (b"", "large")
    assert unpack(view.outputs["output"]).tolist() == [0.0]
    view.bind(nn.Identity(), {"x": torch.tensor([-2.0])})  # a reader's own is not what lies there
    assert (view.onnx[:1], view.beside) == (b"\x08", "")


@pytest.mark.parametrize("name", ["../large", "large.onnx", "<b>", "a b"])
def test_what_lies_beside_the_page_has_a_plain_name(name):
    with pytest.raises(ValueError, match="beside is a name of letters"):
        View(beside=name)


def test_nothing_is_warned_of_when_all_is_well():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        live(View(), nn.ReLU(), {"x": torch.ones(1)})
