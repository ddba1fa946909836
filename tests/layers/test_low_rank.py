"""Low-rank adaptation is peft's, forward and backward, and merging it changes no answer."""

from copy import deepcopy
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import LoraConfig, inject_adapter_in_model
from tests.models.small_llama import small, tokens
from torch import nn
from torch.testing import assert_close

from largemodels.data import smollm2
from largemodels.layers import LowRankLinear, adapt, adapters, merge, unadapted
from largemodels.models import Llama
from largemodels.train import load_weights, save_weights

PARTS = ("to_q", "to_v", "gate", "contract")


def stirred(model, seed=3):
    """Let ``B`` be something, so that the update does something."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in adapters(model).values():
            parameter.add_(torch.randn(parameter.shape, generator=generator).to(parameter) * 0.1)
    return model


def as_peft(model, **config):
    """Return a copy of an adapted model whose updates are peft's."""
    plain, updates = deepcopy(model), dict(adapters(model))
    for name, part in list(plain.named_modules()):
        if isinstance(part, LowRankLinear):
            plain.set_submodule(name, part.linear)
    theirs = inject_adapter_in_model(LoraConfig(**config), plain)
    pairs = {}
    for name, parameter in theirs.named_parameters():
        if ".lora_" in name:
            path, _, rest = name.partition(".lora_")
            pairs[f"{path.replace('.', '/')}/{rest[0].lower()}"] = parameter
    assert pairs.keys() == updates.keys()
    with torch.no_grad():
        for path, parameter in pairs.items():
            parameter.copy_(updates[path])
    return theirs, pairs


def compared(ours, theirs, pairs, x, atol):
    """Hold outputs and gradients of both to each other; return how many gradients were compared."""
    upstream = torch.randn(ours(x).shape, generator=torch.Generator().manual_seed(1)).to(next(ours.parameters()).dtype)
    for model in (ours, theirs):
        (model(x) * upstream).mean().backward()
    assert_close(ours(x), theirs(x), atol=atol, rtol=atol)
    for path, parameter in adapters(ours).items():
        assert parameter.grad.abs().max() > 0
        assert_close(parameter.grad, pairs[path].grad, atol=atol * parameter.grad.abs().max().item(), rtol=atol)
    return len(pairs)


def test_outputs_and_gradients_are_pefts_on_a_small_llama_in_float64():
    ours = small().double()
    adapt(ours, *(f"blocks.*.{part}" for part in PARTS), rank=5, alpha=7)
    theirs, pairs = as_peft(stirred(ours), r=5, lora_alpha=7, target_modules=list(PARTS))
    assert compared(ours, theirs, pairs, tokens(2, 11), 1e-10) == 2 * 3 * len(PARTS)


@pytest.mark.xdist_group("smollm2")
def test_outputs_and_gradients_are_pefts_on_the_real_weights():
    ours = Llama.from_gguf(smollm2())
    adapt(ours, "blocks.2?.*", rank=4, alpha=8)
    layers = list(range(20, 30))
    linears = ["to_q", "to_k", "to_v", "out", "gate", "expand", "contract"]
    config = {"target_modules": linears, "layers_to_transform": layers, "layers_pattern": "blocks"}
    theirs, pairs = as_peft(stirred(ours), r=4, lora_alpha=8, **config)
    assert compared(ours, theirs, pairs, torch.tensor([[1, 504, 3575, 282, 4649, 314]]), 1e-4) == 2 * 7 * 10


@given(st.integers(1, 5), st.floats(0.1, 9), st.booleans())
def test_the_update_is_the_formula(rank, alpha, bias):
    torch.manual_seed(0)
    linear = nn.Linear(7, 5, bias, dtype=torch.float64)
    layer = LowRankLinear(linear, rank, alpha)
    x = torch.randn(2, 3, 7, dtype=torch.float64)
    assert_close(layer(x), linear(x), atol=0, rtol=0)  # B is zero: nothing has changed yet
    with torch.no_grad():
        layer.b.normal_()
    expected = linear(x) + alpha / rank * x @ layer.a.mT @ layer.b.mT
    assert_close(layer(x), expected)
    assert_close(layer.merged()(x), expected)
    layer.on = False
    assert_close(layer(x), linear(x), atol=0, rtol=0)


def test_gradients_pass_gradcheck():
    torch.manual_seed(0)
    layer = LowRankLinear(nn.Linear(7, 5, dtype=torch.float64), 3, 2.0)

    def call(x, a, b):
        return torch.func.functional_call(layer, {"a": a, "b": b}, (x,))

    parts = [torch.randn(s, dtype=torch.float64, requires_grad=True) for s in ((2, 7), (3, 7), (5, 3))]
    assert torch.autograd.gradcheck(call, parts)


def test_only_the_updates_learn_and_a_step_leaves_all_else_as_it_was():
    model = stirred(adapt(small(), "blocks.1.*", rank=2))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    learned = [p for p in model.parameters() if p.requires_grad]
    assert {id(p) for p in learned} == {id(p) for p in adapters(model).values()}
    assert len(learned) == 14
    model(tokens(2, 5)).square().mean().backward()
    torch.optim.SGD(model.parameters(), 0.1).step()
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name]) == (not parameter.requires_grad), name


def test_a_merged_model_answers_as_the_adapted_one_and_has_ordinary_layers():
    model = stirred(adapt(small().double(), "blocks.*", rank=3, alpha=5))
    x = tokens(2, 7)
    expected = model(x)
    assert merge(model) is model
    assert not len(adapters(model))
    assert not any(isinstance(part, LowRankLinear) for part in model.modules())
    assert_close(model(x), expected, atol=1e-10, rtol=1e-10)
    with torch.inference_mode():
        assert_close(model.quickest(9)(x[:, :1], model.start(2, 9)), model(x[:, :1]), atol=1e-6, rtol=1e-6)


def test_merging_a_head_that_is_tied_to_the_embedding_leaves_the_embedding_alone(tmp_path):
    model = small()
    embedding, x = model.embedding.weight.detach().clone(), tokens(2, 7)
    stirred(adapt(model, "head", rank=2))
    expected = model(x)
    assert model.head.linear.weight is model.embedding.weight  # still one tensor while it learns
    merge(model)
    assert torch.equal(model.embedding.weight, embedding)
    assert not torch.equal(model.head.weight, embedding)
    assert_close(model(x), expected)
    assert not model.config.tied
    save_weights(tmp_path / "merged.safetensors", model)
    again = Llama(model.config)
    load_weights(tmp_path / "merged.safetensors", again)
    assert_close(again.eval()(x), expected)


def test_a_model_that_stays_tied_says_so():
    assert merge(stirred(adapt(small(), "blocks.*", rank=2))).config.tied


def test_within_unadapted_the_model_answers_as_before_whatever_happens():
    model = small()
    x = tokens(1, 7)
    before = model(x)
    stirred(adapt(model, "blocks.*", rank=2))
    after = model(x)
    with unadapted(model) as same:
        assert same is model
        assert torch.equal(model(x), before)
    with pytest.raises(ValueError, match="takes tokens"), unadapted(model):
        model(x[0])
    assert torch.equal(model(x), after)
    assert not torch.allclose(after, before)


def test_updates_can_be_kept_without_the_model_and_put_back(tmp_path):
    model, x = stirred(adapt(small(), "blocks.*", rank=2)), tokens(1, 7)
    save_weights(tmp_path / "a.safetensors", adapters(model))
    other = adapt(small(), "blocks.*", rank=2)
    assert not torch.allclose(other(x), model(x))
    load_weights(tmp_path / "a.safetensors", adapters(other))
    assert torch.equal(other(x), model(x))
    with pytest.raises(ValueError, match="another model"):
        load_weights(tmp_path / "a.safetensors", adapters(adapt(small(), "blocks.*", rank=3)))


def test_adapting_again_keeps_what_is_learned_and_adds_to_it():
    model = stirred(adapt(small(), "blocks.0.*", rank=2))
    first = model(tokens(1, 5))
    adapt(model, "*", rank=3)
    assert torch.equal(model(tokens(1, 5)), first)
    parts = [part for part in model.modules() if isinstance(part, LowRankLinear)]
    assert sorted(part.rank for part in parts) == [2] * 7 + [3] * 15  # seven in each of the other layers, and the head
    assert all(p.requires_grad for p in adapters(model).values())
    adapt(model, "blocks.*.to_q", rank=1)  # all of them are adapted already
    assert torch.equal(model(tokens(1, 5)), first)
    assert [part for part in model.modules() if isinstance(part, LowRankLinear)] == parts


def test_an_adapted_layer_has_the_weights_of_the_layer_that_does_the_same():
    layer = stirred(LowRankLinear(nn.Linear(5, 7), 2, 3.0))
    x = torch.randn(3, 5)
    assert_close(x @ layer.weight.T + layer.linear.bias, layer(x))
    layer.on = False
    assert layer.weight is layer.linear.weight


def test_a_layer_in_two_places_gets_one_update():
    shared = nn.Linear(5, 5)
    model = adapt(nn.Sequential(shared, nn.ReLU(), shared), "*", rank=2)
    assert model[0] is model[2]
    assert len(adapters(model)) == 2
    x, expected = torch.randn(3, 5), stirred(model)(torch.ones(3, 5))
    assert model(x).shape == (3, 5)
    merge(model)
    assert model[0] is model[2]
    assert type(model[0]) is nn.Linear
    assert_close(model(torch.ones(3, 5)), expected)


def test_bfloat16_weights_get_updates_in_float32_and_answers_stay_in_bfloat16():
    layer = LowRankLinear(nn.Linear(32, 16, dtype=torch.bfloat16), 2)
    assert layer.a.dtype == layer.b.dtype == torch.float32
    assert layer(torch.ones(3, 32, dtype=torch.bfloat16)).dtype == torch.bfloat16
    assert layer.merged().weight.dtype == torch.bfloat16


@dataclass(frozen=True)
class Config:
    width: int = 5


def test_a_config_without_ties_is_left_alone():
    model = nn.Sequential(nn.Linear(5, 5))
    model.config = Config()
    assert merge(adapt(model, "0", rank=1)).config == Config()


@pytest.mark.parametrize("rank", [0, -1, 6])
def test_a_rank_that_does_not_fit_is_refused_and_nothing_is_changed(rank):
    model = nn.Sequential(nn.Linear(7, 5))
    with pytest.raises(ValueError, match=rf"from 1 to 5; got {rank}"):
        adapt(model, "0", rank=rank)
    assert type(model[0]) is nn.Linear
    assert all(p.requires_grad for p in model.parameters())


def test_names_that_are_no_linear_layers_are_refused():
    model = small()
    with pytest.raises(LookupError, match=r"no linear layer is named blocks\.0\.norm1; the model has blocks\.0"):
        adapt(model, "blocks.0.norm1", rank=2)
    with pytest.raises(ValueError, match="at least one linear layer"):
        adapt(model, rank=2)
    with pytest.raises(LookupError, match="the model has none"):  # its projection is read, never called
        adapt(nn.MultiheadAttention(6, 2), "*", rank=2)
