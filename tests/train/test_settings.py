"""A file of one model's state is not taken for another's, however alike the two are."""

import json
from dataclasses import fields, replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from small import small_batches, small_model
from torch import nn

from largemodels.models import GPT, GPTConfig, TransformerEncoder, TransformerEncoderConfig
from largemodels.models.transformer import EncoderLayer
from largemodels.train import Checkpoint, fit, load_weights, save_weights
from largemodels.train.registry import MODELS
from largemodels.train.settings import describe_model, model_differences

TOKENS = torch.arange(35).view(5, 7) % 11
NEXT = (TOKENS + 1) % 11
SMALL_GPT = GPTConfig(vocabulary=11, context=7, layers=1, heads=2, width=8)
SMALL_ENCODER = TransformerEncoderConfig(vocabulary=11, steps=7, width=8, heads=2, layers=1, classes=11)
TEXTS = ("none", "learned", "sinusoidal", "rotary", "flatten", "mean", "LSTM", "GRU", "RNN")


def others(value):
    """Return values of the same kind."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, tuple):
        return [value[::-1], (*value, value[-1]), value[:-1]]
    return [text for text in TEXTS if text != value] if isinstance(value, str) else [value * 2, value // 2, value + 1]


def changed(config, name):
    """Return the configuration with another valid value of a field."""
    for value in others(getattr(config, name)):
        try:
            return replace(config, **{name: value})
        except ValueError:
            continue
    raise AssertionError(f"no other value of {name} is valid")


@pytest.mark.parametrize(
    ("model", "name"), [(model, field.name) for model, entry in MODELS.items() for field in fields(entry.config)]
)
def test_every_setting_of_every_model_is_noticed_and_named(model, name):
    entry = MODELS[model]
    config = entry.config
    with torch.device("meta"):
        here, other = (describe_model(entry.model(c)) for c in (config, changed(config, name)))
    there = json.loads(json.dumps(other))  # as a file keeps it
    assert model_differences(here, here) == model_differences(there, there) == []
    assert any(said.startswith(f"{name} is ") for said in model_differences(there, here))


def two_steps(model, path, targets=NEXT):
    return list(fit(model, [(TOKENS, targets)] * 2, checkpoint=Checkpoint(path, every=1), progress=False))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heads": 4}, "heads is 2 there and 4 here"),
        ({"norm_queries": False}, "norm_queries is True there and False here"),
        ({"context": 14}, "context is 7 there and 14 here"),
        ({"positions": "learned"}, "positions is 'rotary' there and 'learned' here"),
        ({"quiet_start": False}, "quiet_start is True there and False here"),
    ],
)
def test_a_gpt_of_other_settings_does_not_go_on_from_a_checkpoint(tmp_path, change, message):
    two_steps(GPT(SMALL_GPT), tmp_path / "run")
    model = GPT(replace(SMALL_GPT, **change))
    before = {name: x.clone() for name, x in model.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        two_steps(model, tmp_path / "run")
    assert all(torch.equal(before[name], x) for name, x in model.state_dict().items())


@pytest.mark.parametrize("there", ["none", "learned", "sinusoidal"])
@pytest.mark.parametrize("here", ["none", "learned", "sinusoidal"])
def test_an_encoder_of_other_positions_does_not_go_on_from_a_checkpoint(tmp_path, there, here):
    two_steps(TransformerEncoder(replace(SMALL_ENCODER, positions=there)), tmp_path / "run", NEXT[:, 0])
    model = TransformerEncoder(replace(SMALL_ENCODER, positions=here))
    if there == here:
        assert two_steps(model, tmp_path / "run", NEXT[:, 0]) == []
        return
    with pytest.raises(ValueError, match=f"positions is '{there}' there and '{here}' here"):
        two_steps(model, tmp_path / "run", NEXT[:, 0])


@pytest.mark.parametrize(("name", "there", "here"), [("residual", True, False), ("heads", 2, 4), ("steps", 7, 14)])
def test_an_encoder_of_other_settings_does_not_go_on_from_a_checkpoint(tmp_path, name, there, here):
    two_steps(TransformerEncoder(replace(SMALL_ENCODER, **{name: there})), tmp_path / "run", NEXT[:, 0])
    with pytest.raises(ValueError, match=f"{name} is {there} there and {here} here"):
        two_steps(TransformerEncoder(replace(SMALL_ENCODER, **{name: here})), tmp_path / "run", NEXT[:, 0])


def around(part):
    return nn.Sequential(nn.Embedding(11, 8), part, nn.Linear(8, 11))


def torchs_layer(**settings):
    return nn.TransformerEncoderLayer(8, 2, 5, batch_first=True, **settings)


def with_frozen_weights():
    model = small_model()
    model[6].requires_grad_(False)
    return model


@pytest.mark.parametrize(
    ("there", "here", "message"),
    [
        (around(EncoderLayer(8, 2, 5, norm_first=False)), around(EncoderLayer(8, 2, 5)), "1.norm_first is False there"),
        (around(EncoderLayer(8, 2, 5, residual=False)), around(EncoderLayer(8, 2, 5)), "1.residual is False there"),
        (around(torchs_layer(norm_first=True)), around(torchs_layer()), "1.norm_first is True there and False here"),
        (around(torchs_layer(activation="gelu")), around(torchs_layer()), "1.activation is gelu there and relu here"),
        (around(nn.GELU("tanh")), around(nn.GELU()), "the model is another: (1): GELU(approximate='tanh') there and"),
        (small_model().double(), small_model(), "0.weight is (11, 3, 3, 3) float64 there and (11, 3, 3, 3) float32"),
        (with_frozen_weights(), small_model(), "6.weight is (13, 6) float32 frozen there and (13, 6) float32 here"),
        (GPT(SMALL_GPT), small_model(), "the model is a GPT there and a Sequential here"),
    ],
)
def test_models_of_the_readers_own_are_told_apart_by_what_their_parts_are_set_to(there, here, message):
    assert model_differences(describe_model(there), describe_model(here))[0].startswith(message)


def test_a_checkpoint_that_does_not_tell_the_settings_is_refused(tmp_path):
    path = tmp_path / "run"
    list(fit(small_model(), small_batches(), checkpoint=Checkpoint(path), progress=False))
    with safe_open(path, framework="pt") as file:
        run = json.loads(file.metadata()["run"])
    save_file(load_file(path), path, {"run": json.dumps({**run, "model": str(small_model())})})
    with pytest.raises(ValueError, match="was written by an older version, which did not note all settings"):
        next(fit(small_model(), small_batches(), checkpoint=Checkpoint(path), progress=False))


def test_weights_are_refused_by_a_model_that_would_answer_otherwise(tmp_path):
    save_weights(tmp_path / "w", GPT(SMALL_GPT))
    load_weights(tmp_path / "w", GPT(SMALL_GPT))
    with pytest.raises(ValueError, match="another model: heads is 2 in the file and 4 in the model"):
        load_weights(tmp_path / "w", GPT(replace(SMALL_GPT, heads=4)))
    with pytest.raises(ValueError, match="width is 8 in the file and 16 in the model"):
        load_weights(tmp_path / "w", GPT(replace(SMALL_GPT, width=16)))
    save_file(load_file(tmp_path / "w"), tmp_path / "plain")  # what others wrote tells no settings
    load_weights(tmp_path / "plain", GPT(replace(SMALL_GPT, heads=4)))


class PerSample(nn.Module):
    """Hold a model as wrappers for per-sample gradients do."""

    def __init__(self, model):
        super().__init__()
        self._module = model


@pytest.mark.parametrize(
    ("wrap", "prefix", "origin"),
    [
        (torch.compile, "_orig_mod.", "torch.compile"),
        (nn.DataParallel, "module.", "DataParallel"),
        (PerSample, "_module.", "per-sample gradients"),
    ],
)
def test_weights_under_a_wrappers_names_are_refused_with_the_prefix(tmp_path, wrap, prefix, origin):
    save_weights(tmp_path / "plain", small_model())
    save_weights(tmp_path / "wrapped", wrap(small_model()))
    with pytest.raises(ValueError, match=rf"in the file they have the prefix '{prefix}' of .*{origin}"):
        load_weights(tmp_path / "wrapped", small_model())
    with pytest.raises(ValueError, match=rf"in the model they have the prefix '{prefix}' of .*{origin}"):
        load_weights(tmp_path / "plain", wrap(small_model()))
    load_weights(tmp_path / "wrapped", wrap(small_model()))


def test_wrappers_inside_wrappers_and_around_parts_are_named_as_well(tmp_path):
    save_weights(tmp_path / "w", nn.DataParallel(torch.compile(small_model())))
    with pytest.raises(
        ValueError, match=r"prefix 'module\.' of .* and in the file .* prefix '_orig_mod\.' of torch.compile"
    ):
        load_weights(tmp_path / "w", small_model())
    part = small_model()
    part[6] = torch.compile(part[6])
    save_weights(tmp_path / "w", part)
    with pytest.raises(ValueError, match=r"in the file they have the prefix '_orig_mod\.'"):
        load_weights(tmp_path / "w", small_model())
    with pytest.raises(ValueError, match="another model: 2 tensors differ"):
        load_weights(tmp_path / "w", small_model()[:-1])
