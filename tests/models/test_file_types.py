"""The network of file types is the one in Magika's package: tap by tap, forward and backward."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch.testing import assert_close

from largemodels.data import file_types, magika_folder, package_files
from largemodels.export import read_onnx_weights, to_onnx
from largemodels.interpret import capture
from largemodels.models import FileTypeConfig, FileTypeNet, file_type_net
from largemodels.models.file_types import ENDINGS

PREFIX = "jax2tf_get_logits_/pjit_get_logits_/MagikaV2/"
TAPS = {  # tap → the value of the package's graph that it is, and how its axes are turned
    "norm": (f"{PREFIX}LayerNorm_0/AddV2_1:0", (0, 2, 1)),
    "conv": (f"{PREFIX}Conv_0/AddV2:0", (0, 1, 2)),
    "pooled_norm": (f"{PREFIX}LayerNorm_1/AddV2_1:0", (0, 1)),
    "head": (f"{PREFIX}Dense_1/AddV2:0", (0, 1)),
}


@pytest.fixture(scope="module")
def arrays():
    return read_onnx_weights(magika_folder() / "model.onnx")


@pytest.fixture(scope="module")
def model(arrays):
    return file_type_net(arrays)


@pytest.fixture(scope="module")
def tokens():
    files = package_files(["numpy", "matplotlib", "scikit-learn"], most=2)
    return file_types().batch([file.read() for file in files][:20])


def in_double(graph):
    """Let a graph compute in double precision."""
    for each in graph.graph.initializer:
        if each.data_type == onnx.TensorProto.FLOAT:
            each.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(each).astype(np.float64), each.name))
    for node in graph.graph.node:
        if node.op_type == "GlobalMaxPool":  # the evaluator of onnx 1.23 takes it over the channels, too
            node.op_type = "ReduceMax"
            node.attribute.append(helper.make_attribute("axes", [2]))
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.i == onnx.TensorProto.FLOAT:
                attribute.i = onnx.TensorProto.DOUBLE
    return graph


def test_every_tap_is_the_value_of_the_packages_graph(arrays, tokens):
    graph = in_double(onnx.load(magika_folder() / "model.onnx"))
    wanted = [name for name, _ in TAPS.values()]
    graph.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.DOUBLE, None) for name in wanted)
    tokens = tokens[[0, -1]]
    theirs = ReferenceEvaluator(graph).run(["target_label", *wanted], {"bytes": tokens.int().numpy()})
    model = file_type_net(arrays).double()
    with torch.no_grad(), capture(model, *TAPS) as seen:
        chances = model(tokens).softmax(1)
    assert_close(chances, torch.from_numpy(theirs[0]), atol=1e-6, rtol=0)
    for (tap, (_, axes)), value in zip(TAPS.items(), theirs[1:], strict=True):
        assert_close(seen[tap], torch.from_numpy(value).permute(axes), atol=1e-5, rtol=1e-5)


def test_it_is_nearer_to_the_exact_value_than_the_original_is(model, arrays, tokens):
    short = file_types().batch([b"torch\nnumpy\n", b"#include <stdio.h>", b"name: book\nversion: 3"])  # mostly padding
    tokens = torch.cat([tokens, short])
    session = onnxruntime.InferenceSession(magika_folder() / "model.onnx", providers=["CPUExecutionProvider"])
    theirs = torch.from_numpy(session.run(None, {"bytes": tokens.int().numpy()})[0])
    with torch.no_grad():
        ours, exact = model(tokens).softmax(1), file_type_net(arrays).double()(tokens).softmax(1)
    assert (ours - exact).abs().max() < 1e-5
    distance = (theirs - exact).abs().amax(1)  # they take a variance as a difference of two means, which cancels
    assert distance.median() < 1e-5
    assert distance.max() < 5e-3


def test_it_has_the_packages_parameters_and_no_other(model, arrays):
    assert sum(p.numel() for p in model.parameters()) == 784_214
    assert sum(array.size for array in arrays.values() if array.size > 1) == 784_214
    assert model.config == FileTypeConfig()


def small():
    return FileTypeNet(FileTypeConfig(length=28, features=3, group=4, filters=5, kernel=2, types=7)).eval()


def test_gradients_are_right_in_double_precision():
    torch.manual_seed(0)
    model = small().double()
    vectors = torch.randn(2, 28, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(model.after, (vectors,))


def test_as_onnx_it_gives_what_torch_gives():
    torch.manual_seed(0)
    model, tokens = small(), torch.randint(257, (1, 28))
    session = onnxruntime.InferenceSession(to_onnx(model, {"tokens": tokens}), providers=["CPUExecutionProvider"])
    (got,) = session.run(None, {"tokens": tokens.numpy()})
    assert_close(torch.from_numpy(got), model(tokens).detach(), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("sizes", [{"length": 30}, {"length": 16, "kernel": 5}, {"types": 0}, {"features": -1}])
def test_sizes_that_do_not_fit_are_refused(sizes):
    with pytest.raises(ValueError, match="must be whole groups of"):
        FileTypeConfig(**sizes)


def test_arrays_of_another_network_are_refused(arrays):
    lacking = {name: array for name, array in arrays.items() if not name.endswith(ENDINGS["head.bias"])}
    with pytest.raises(ValueError, match=r"the network's head\.bias is the one array .* found \[\]"):
        file_type_net(lacking)
    name = next(name for name in arrays if name.endswith(ENDINGS["conv.bias"]))
    with pytest.raises(ValueError, match=r"conv\.bias has"):
        file_type_net({**arrays, name: np.zeros(7, np.float32)})
