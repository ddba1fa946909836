"""Weights are stored whole or not at all, and only a model that they fit takes them."""

import errno
import os

import pytest
import torch
from small import small_model
from torch import nn

from largemodels.train import load_weights, save_weights
from largemodels.train.files import write_whole


def test_weights_come_back_as_they_were(tmp_path):
    model = small_model().to(memory_format=torch.channels_last)
    save_weights(tmp_path / "new" / "weights.safetensors", model)
    other = small_model(seed=1).to(memory_format=torch.channels_last)
    load_weights(tmp_path / "new" / "weights.safetensors", other)
    for name, x in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], x)
        assert other.state_dict()[name].stride() == x.stride()


def test_weights_that_two_layers_share_are_stored(tmp_path):
    model = nn.ModuleDict({"embedding": nn.Embedding(7, 5), "head": nn.Linear(5, 7, bias=False)})
    model["head"].weight = model["embedding"].weight
    save_weights(tmp_path / "w", model)
    with torch.no_grad():
        kept = model["head"].weight.clone()
        model["head"].weight.zero_()
    load_weights(tmp_path / "w", model)
    assert torch.equal(model["embedding"].weight, kept)


def test_another_models_weights_are_refused(tmp_path):
    save_weights(tmp_path / "w", small_model())
    with pytest.raises(ValueError, match=r"1 tensors differ, .* 6.bias, \(13,\) in the file and absent"):
        load_weights(tmp_path / "w", nn.Sequential(*list(small_model())[:-1], nn.Linear(6, 13, bias=False)))
    other = nn.Linear(3, 5)
    before = other.weight.clone()
    with pytest.raises(ValueError, match="holds the weights of another model"):
        load_weights(tmp_path / "w", other)  # other names and other shapes
    assert torch.equal(other.weight, before)


def test_a_missing_and_a_damaged_file_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*absent"):
        load_weights(tmp_path / "absent", small_model())
    (tmp_path / "broken").write_bytes(b"not weights")
    with pytest.raises(ValueError, match="broken is damaged or no safetensors file"):
        load_weights(tmp_path / "broken", small_model())


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fills_up_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, call):
    path = tmp_path / "file"
    write_whole(path, b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match=r"cannot write .*file \(3 bytes\): No space left on device; the file of before"):
        write_whole(path, b"new")
    assert os.listdir(tmp_path) == ["file"]
    assert path.read_bytes() == b"old"


def test_ctrl_c_while_writing_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    write_whole(tmp_path / "file", b"old")
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "file", b"new")
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_folder_that_cannot_be_made_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(OSError, match=r"cannot write .*weights.*; nothing was written"):
        save_weights(tmp_path / "file" / "weights.safetensors", small_model())
