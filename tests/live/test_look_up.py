"""The soft look-up is torch's attention without its scale, and says what it cannot take."""

import onnxruntime
import pytest
import torch
import torch.nn.functional as F

from largemodels.live import LookUpExplorer, SoftLookUp, live


def example(n=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = {"query": (2,), "keys": (n, 2), "values": (n,)}
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def test_the_answer_is_that_of_torchs_attention():
    given = example()
    query, keys, values = given.values()
    torchs = F.scaled_dot_product_attention(query[None], keys, values[:, None], scale=1.0)[0]
    answer = SoftLookUp()(**given)
    torch.testing.assert_close(answer["answer"], torchs)
    torch.testing.assert_close(answer["parts"].sum(), torchs[0])
    torch.testing.assert_close(answer["scores"].softmax(0), answer["weights"])


def test_the_page_computes_what_torch_does():
    given = example(3)
    session = onnxruntime.InferenceSession(live(LookUpExplorer("xyz"), SoftLookUp(), given).onnx)
    for seed in (1, 2):
        given = example(3, seed)
        out = session.run(None, {name: tensor.numpy() for name, tensor in given.items()})
        for name, found in zip([each.name for each in session.get_outputs()], out, strict=True):
            torch.testing.assert_close(torch.from_numpy(found), SoftLookUp()(**given)[name])


@pytest.mark.parametrize(
    "wrong",
    [
        {"query": torch.ones(3)},
        {"keys": torch.ones(5, 3)},
        {"keys": torch.ones(5)},
        {"values": torch.ones(4)},
        {"keys": torch.ones(0, 2), "values": torch.ones(0)},
    ],
)
def test_shapes_that_do_not_fit_are_named(wrong):
    with pytest.raises(ValueError, match="a look-up takes a query"):
        SoftLookUp()(**{**example(), **wrong})


def test_names_and_inputs_must_be_those_of_a_look_up():
    with pytest.raises(ValueError, match="5 keys need a name each"):
        live(LookUpExplorer("xyz"), SoftLookUp(), example())
    with pytest.raises(ValueError, match="takes query, keys, values"):
        live(LookUpExplorer("xyz"), SoftLookUp(), {"x": torch.ones(2)})
