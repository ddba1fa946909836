"""Linear layers of few bits compute what their unpacked weights do; gradients pass through them."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

from largemodels.files import pack, unpack
from largemodels.layers import QuantisedLinear, quantise
from largemodels.layers.quantised import KINDS, EightBitLinear, FourBitLinear, eight_bits, four_bits
from largemodels.models import Llama, LlamaConfig
from largemodels.models.llama_step import LlamaStep

each_kind = pytest.mark.parametrize("kind", [EightBitLinear, FourBitLinear])
OUT, IN = 80, 96


def weights(out=OUT):
    torch.manual_seed(0)
    return torch.randn(out, IN) * torch.rand(out, 1)


def plain(kind, weight):
    """Return the weights that are meant, by the formulas in the docstrings, in float64."""
    if kind is EightBitLinear:
        numbers, scale = eight_bits(weight)
        return scale.double()[:, None] * numbers
    numbers, scale, middle = four_bits(weight)
    groups = numbers.unflatten(1, (-1, 32)) - 8
    return (scale.double()[..., None] * groups + middle.double()[..., None]).flatten(1)


@each_kind
@pytest.mark.parametrize("out", [16, 48, 80, 192])
@pytest.mark.parametrize("shape", [(1,), (7,), (2, 3, 5)])
def test_the_kernel_computes_the_formula(kind, out, shape):
    w = weights(out)
    x = torch.randn(*shape, IN)
    found = kind(w)(x)
    assert found.shape == (*shape, out)
    assert found.dtype == x.dtype
    expected = F.linear(x.bfloat16().double(), plain(kind, w))
    assert_close(found.double(), expected, atol=2e-5, rtol=2**-8)  # the product is rounded to bfloat16


@each_kind
def test_unpacked_weights_are_those_of_the_formula(kind):
    assert_close(kind(weights()).unpack().double(), plain(kind, weights()), atol=1e-6, rtol=1e-6)


@each_kind
def test_gradients_pass_through_as_through_the_unpacked_weights(kind):
    x = torch.randn(3, 5, IN, requires_grad=True)
    layer = kind(weights())
    y = layer(x)
    upstream = torch.randn_like(y)
    expected = torch.autograd.grad(F.linear(x, layer.unpack()), x, upstream)[0]
    assert_close(torch.autograd.grad(y, x, upstream)[0], expected)
    with torch.no_grad():
        assert (layer(x) - y).abs().max() < 0.02 * y.abs().max()


@each_kind
def test_a_bias_is_added(kind):
    x, bias = torch.randn(3, IN), nn.Parameter(torch.randn(OUT))
    assert_close(kind(weights(), bias)(x), kind(weights())(x) + bias)


def test_weights_of_four_bits_are_as_good_as_ggufs():
    w = weights()
    ours = (FourBitLinear(w).unpack() - w).square().mean()
    ggufs = (unpack(pack(w, "Q4_1"), "Q4_1") - w).square().mean()
    assert ours < 1.01 * ggufs


def test_weights_that_were_packed_by_gguf_lose_next_to_nothing():
    w = unpack(pack(weights(), "Q4_1"), "Q4_1")
    step = (w.view(OUT, -1, 32).amax(2) - w.view(OUT, -1, 32).amin(2)) / 15
    error = (FourBitLinear(w).unpack() - w).view(OUT, -1, 32).abs().amax(2)
    assert (error < 0.05 * step).all()


def test_rows_and_groups_that_are_constant_or_zero_stay_so():
    w = torch.zeros(32, 64)
    w[1], w[2, :32] = 3.0, -5.0
    assert_close(EightBitLinear(w).unpack(), w, atol=0, rtol=2**-8)
    assert_close(FourBitLinear(w).unpack(), w, atol=0, rtol=2**-8)


@each_kind
def test_bits_are_as_few_as_said(kind):
    layer = kind(weights())
    size = sum(buffer.nbytes for buffer in layer.buffers())
    assert size == (OUT * IN + 2 * OUT if kind is EightBitLinear else OUT * IN / 2 + 4 * OUT * IN / 32)
    assert not list(layer.parameters())


@each_kind
def test_a_state_goes_into_another_layer(kind):
    one, other = kind(weights()), kind(torch.zeros(OUT, IN))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.unpack(), other.unpack())


class Tied(nn.Module):
    def __init__(self, tied):
        super().__init__()
        self.embedding = nn.Embedding(48, 32)
        self.inner = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32, bias=False), nn.LayerNorm(32))
        self.head = nn.Linear(32, 48, bias=False)
        if tied:
            self.head.weight = self.embedding.weight

    def forward(self, tokens):
        return self.head(self.inner(self.embedding(tokens)))


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(("kind", "most"), [("int8", 0.03), ("int4", 0.2)])
def test_a_model_is_packed_in_place_and_computes_nearly_the_same(kind, most, tied):
    torch.manual_seed(0)
    model, tokens = Tied(tied), torch.arange(15).view(3, 5)
    expected = model(tokens)
    assert quantise(model, kind) is model
    assert isinstance(model.inner[0], QuantisedLinear)
    assert (model.head is model.embedding.table) == tied
    error = (model(tokens) - expected).square().mean().sqrt() / expected.std()
    assert 0 < error < most


@each_kind
def test_any_number_of_vectors_in_any_layout_can_be_multiplied(kind):
    layer, x = kind(weights()), torch.randn(IN, 5)
    expected = torch.stack([layer(row[None])[0] for row in x.T])
    assert torch.equal(layer(x.T), expected)
    assert torch.equal(layer(x[:, 0]), expected[0])
    for shape in ((0,), (3, 0), (0, 3)):
        assert layer(torch.ones(*shape, IN)).shape == (*shape, OUT)


@pytest.mark.parametrize("kind", [*KINDS])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_a_packed_model_computes_in_the_precision_that_it_is_brought_to(kind, dtype):
    torch.manual_seed(0)
    model = quantise(Llama(LlamaConfig(48, 29, 2, 4, 2, 32, 64, 8)).eval(), kind)
    x = torch.tensor([[5, 2, 3, 47]])
    with torch.no_grad():
        expected, numbers = model(x), model.head.unpack()
        found = model.to(dtype)(x)
        assert found.dtype == dtype
        assert_close(found.float(), expected, atol=0.01, rtol=0)
        assert torch.equal(model.head.unpack(), numbers)
        cache, step = model.start(1, 7), model.quickest(7)
        assert isinstance(step, LlamaStep)
        with warnings.catch_warnings(action="error"):
            assert_close(torch.cat([step(token, cache) for token in x.split(1, 1)], 1), found, atol=0.01, rtol=0)


def test_parts_can_be_packed_alone():
    model = Tied(tied=False)
    quantise(model, "int4", "inner.0")
    assert isinstance(model.inner[0], FourBitLinear)
    assert type(model.inner[2]) is nn.Linear
    assert type(model.embedding) is nn.Embedding


def test_what_cannot_be_packed_is_named():
    with pytest.raises(ValueError, match="packed as int8 or int4; got 'int3'"):
        quantise(Tied(tied=True), "int3")
    for shape in ((17, 32), (16, 33), (0, 32), (16,)):
        with pytest.raises(ValueError, match=r"in multiples of \(16, 32\); got"):
            EightBitLinear(torch.zeros(shape))
    with pytest.raises(ValueError, match="not finite"):
        FourBitLinear(torch.full((16, 32), torch.nan))
