"""A view writes the model that is bound into a file that a page can show."""

import json

import onnx
import pytest
import torch

from largemodels.data import digits
from largemodels.data.source_code import CODE_CHARACTERS
from largemodels.interpret import Watched
from largemodels.live import FeatureMapExplorer, LookUpExplorer, NextCharacter, SoftLookUp, live
from largemodels.models import GPT, ConvNet, GPTConfig


def entries(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    props = {entry.key.removeprefix("largemodels."): entry.value for entry in model.metadata_props}
    return {name: json.loads(value) if name != "kind" else value for name, value in props.items()}


def test_the_file_says_for_which_view_it_is_and_what_goes_in_and_comes_out(tmp_path):
    model = GPT(GPTConfig(len(CODE_CHARACTERS), 64, 1, 2, 16)).eval()
    view = live(NextCharacter(CODE_CHARACTERS, window=32), model, {"ids": CODE_CHARACTERS.encode("print(")[None]})
    found = entries(view.save_for_page(tmp_path / "mine.onnx"))
    assert (found["kind"], found["version"]) == ("NextCharacter", 1)
    assert found["settings"] == {"symbols": list(CODE_CHARACTERS.symbols), "window": 32}
    assert found["inputs"]["text"]["shape"] == found["shapes"]["text"] == [1, 32]
    assert found["shapes"]["chances"] == [1, len(CODE_CHARACTERS)]


def test_what_a_view_draws_of_a_model_comes_along_with_its_weights(tmp_path):
    images = digits().test.images[:2]
    view = live(
        FeatureMapExplorer(images, digits().names),
        Watched(ConvNet(), "stages.*.conv", "stages.*.relu"),
        {"image": images[:1]},
    )
    found = entries(view.save_for_page(tmp_path / "mine.onnx"))
    assert set(found["settings"]) == {"names", "layers"}
    assert all(set(layer["weight"]["data"]) == {"bytes"} for layer in found["settings"]["layers"] if "weight" in layer)
    assert "examples" not in found["settings"]  # those of the page stay


def test_what_cannot_be_written_is_said(tmp_path):
    start = {"query": torch.tensor([0.0, 0.7]), "keys": torch.eye(2), "values": torch.tensor([3.0, 5.0])}
    with pytest.raises(ValueError, match="a page can show no model but the book's in a LookUpExplorer"):
        live(LookUpExplorer("xy"), SoftLookUp(), start).save_for_page(tmp_path / "mine.onnx")
    with pytest.raises(ValueError, match="bind a function first"):
        NextCharacter(CODE_CHARACTERS).save_for_page(tmp_path / "mine.onnx")
