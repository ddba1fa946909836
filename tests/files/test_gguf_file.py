"""GGUF files are read as the gguf package wrote them, and damaged ones are named."""

import struct

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter, quantize

from largemodels.files import GGUF


@pytest.fixture
def matrix():
    return np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)


@pytest.fixture
def path(tmp_path, matrix):
    path = tmp_path / "small.gguf"
    writer = GGUFWriter(path, "llama")
    writer.add_name("Ünïcode")
    writer.add_block_count(7)
    writer.add_layer_norm_rms_eps(0.25)
    writer.add_token_list(["a", "é", "漢"])
    writer.add_token_types([1, 3, 6])
    writer.add_tensor("plain", matrix)
    writer.add_tensor("half", matrix.astype(np.float16))
    for kind in ("Q8_0", "Q4_1", "Q5_1"):
        kind = GGMLQuantizationType[kind]
        writer.add_tensor(kind.name, quantize(matrix, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_what_a_file_says_is_read(path):
    file = GGUF(path)
    assert file.architecture == "llama"
    assert file["general.name"] == "Ünïcode"
    assert file["llama.block_count"] == 7
    assert file["llama.attention.layer_norm_rms_epsilon"] == 0.25
    assert file["tokenizer.ggml.tokens"] == ["a", "é", "漢"]
    assert file["tokenizer.ggml.token_type"] == [1, 3, 6]
    assert "general.name" in file
    assert "general.licence" not in file
    assert file.get("general.licence", "none") == "none"
    with pytest.raises(KeyError, match=r"small\.gguf does not say 'general\.licence'"):
        file["general.licence"]


def test_tensors_have_torchs_shape_and_are_unpacked(path, matrix):
    tensors = GGUF(path).tensors
    assert {name: tensor.kind for name, tensor in tensors.items()} == {
        "plain": "F32",
        "half": "F16",
        "Q8_0": "Q8_0",
        "Q4_1": "Q4_1",
        "Q5_1": "Q5_1",
    }
    for tensor in tensors.values():
        assert tensor.shape == (3, 64)
        assert tensor.unpack().dtype == torch.float32
        assert tensor.unpack(torch.bfloat16).equal(tensor.unpack().bfloat16())
    assert tensors["plain"].unpack().equal(torch.from_numpy(matrix))
    errors = {name: (tensor.unpack() - torch.from_numpy(matrix)).abs().mean() for name, tensor in tensors.items()}
    assert errors["plain"] < errors["half"] < errors["Q8_0"] < errors["Q5_1"] < errors["Q4_1"] < 0.1


def test_what_is_read_is_what_the_gguf_package_reads(path):
    ours, theirs = GGUF(path), GGUFReader(path)
    named = {name: field.contents() for name, field in theirs.fields.items() if not name.startswith("GGUF.")}
    assert {name: ours[name] for name in named} == named
    assert len(ours.tensors) == len(theirs.tensors)
    for tensor in theirs.tensors:
        assert ours.tensors[tensor.name].packed.flatten().tolist() == tensor.data.view(np.uint8).flatten().tolist()


def test_what_is_unpacked_can_be_written_on_and_leaves_the_file_as_it_is(path):
    before = path.read_bytes()
    for tensor in GGUF(path).tensors.values():
        tensor.unpack().zero_()
    assert path.read_bytes() == before


def test_a_file_that_is_missing_or_no_gguf_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no model file .*nowhere\.gguf"):
        GGUF(tmp_path / "nowhere.gguf")
    with pytest.raises(FileNotFoundError, match="there is no model file"):
        GGUF(tmp_path)
    for text in (b"", b"GG", b"<!DOCTYPE html>"):
        (tmp_path / "page.gguf").write_bytes(text)
        with pytest.raises(ValueError, match=r"page\.gguf is no GGUF file: it begins with b'"):
            GGUF(tmp_path / "page.gguf")


def test_a_file_that_was_cut_short_anywhere_is_named(path):
    whole = path.read_bytes()
    for size in (4, 8, 20, 24, 50, 100, 200, len(whole) // 2, len(whole) * 3 // 4):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=rf"small\.gguf is damaged or cut short, at {size:,} bytes: "):
            GGUF(path)


def test_a_damaged_file_is_named(path):
    whole = path.read_bytes()
    version = struct.pack("<I", 77)
    path.write_bytes(whole[:4] + version + whole[8:])
    with pytest.raises(ValueError, match=r"small\.gguf is damaged.*version 77 is not known, only \(2, 3\)"):
        GGUF(path)
    path.write_bytes(whole[:24] + b"\xff" * 8 + whole[32:])  # the length of a name
    with pytest.raises(ValueError, match="is damaged"):
        GGUF(path)


@pytest.mark.parametrize("alignment", [0, "32"])
def test_an_alignment_that_means_nothing_is_named(tmp_path, alignment):
    writer = GGUFWriter(path := tmp_path / "small.gguf", "llama")
    (writer.add_string if isinstance(alignment, str) else writer.add_uint32)("general.alignment", alignment)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(ValueError, match=rf"small\.gguf .*general\.alignment is {alignment!r}; it must be a whole"):
        GGUF(path)


def test_the_names_of_the_fields_can_be_asked_for(path):
    assert [name for name in GGUF(path) if name.startswith("llama.")] == [
        "llama.block_count",
        "llama.attention.layer_norm_rms_epsilon",
    ]


def test_a_tensor_of_an_unknown_type_is_named(path):
    whole = path.read_bytes()
    place = whole.index(b"plain") + len(b"plain") + 4 + 2 * 8  # after the name: dimensions, their sizes, the type
    assert whole[place : place + 4] == struct.pack("<I", GGMLQuantizationType.F32)
    path.write_bytes(whole[:place] + struct.pack("<I", 999) + whole[place + 4 :])
    with pytest.raises(ValueError, match=r"is damaged.*999 is not a valid GGMLQuantizationType"):
        GGUF(path)
