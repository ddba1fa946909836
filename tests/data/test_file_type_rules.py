"""What stands around the network of file types is what the package magika does."""

import io
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from magika import Magika, PredictionMode
from magika.types import ContentTypeLabel, Seekable
from torch.testing import assert_close

from largemodels.data import MODES, file_types, magika_folder, package_files
from largemodels.export import read_onnx_weights
from largemodels.models import file_type_net

ROUNDING = 5e-3  # the package takes a variance as a difference of two means: in a dull file, few of its digits are left
MODE = {"high-confidence": "HIGH_CONFIDENCE", "medium-confidence": "MEDIUM_CONFIDENCE", "best-guess": "BEST_GUESS"}


PRODUCTS = {mode: Magika(prediction_mode=getattr(PredictionMode, MODE[mode])) for mode in MODES}


def theirs(product, content):
    """Return the package's own answer to which bytes are read: numbers, or the label of a file that is too short."""
    result, features = product._get_result_or_features_from_seekable(Seekable(io.BytesIO(content)))
    return result.prediction.output.label if features is None else [*features.beg, *features.end]


white = st.text(" \t\n\r\x0b\x0c", max_size=9).map(str.encode)
middle = st.binary(max_size=40) | st.integers(900, 9000).map(lambda n: bytes(i * 7 % 251 for i in range(n)))


@given(white, middle, white)
def test_the_bytes_that_are_read_are_the_packages(before, content, after):
    content = before + content + after
    expected, tokens = theirs(PRODUCTS[MODES[0]], content), file_types().tokens(content)
    if tokens is None:
        assert file_types().without_network(content) == expected
    else:
        assert tokens.tolist() == expected


def test_several_hundred_files_are_named_as_the_package_names_them():
    files = package_files(["numpy", "matplotlib", "scikit-learn", "torch", "jupyterlab", "pandas", "sphinx"], most=5)
    contents = [file.read() for file in files] + [b"", b"short", b"\xff\xfe", b"  \n \t     ", b"torch\nnumpy\n"]
    assert len(contents) > 200
    rules, network = file_types(), file_type_net(read_onnx_weights(magika_folder() / "model.onnx"))
    read = [i for i, content in enumerate(contents) if rules.tokens(content) is not None]
    with torch.no_grad():
        chances = torch.cat([network(part).softmax(1) for part in rules.batch(contents[i] for i in read).split(32)])
    said, differences = dict(zip(read, chances, strict=True)), []
    for i, content in enumerate(contents):
        answer = PRODUCTS[MODES[0]].identify_bytes(content).prediction
        if i not in said:
            assert (answer.output.label, answer.score) == (rules.without_network(content), 1.0)
            continue
        name, sure = rules.names[said[i].argmax()], said[i].max().item()
        assert abs(answer.score - sure) < ROUNDING
        if said[i].topk(2).values.diff().abs() > ROUNDING:
            assert answer.dl.label == name
        if abs(sure - rules.threshold(name)) > ROUNDING:
            assert answer.output.label == rules.decide(name, sure)
        differences.append(abs(answer.score - sure))
    assert sorted(differences)[len(differences) // 2] < 1e-6


@given(st.integers(0, 213), st.floats(0, 1), st.sampled_from(MODES))
def test_what_is_said_of_a_confidence_is_what_the_package_says(kind, confidence, mode):
    rules, one = file_types(), PRODUCTS[mode]
    label, _ = one._get_output_label_from_dl_label_and_score(ContentTypeLabel(rules.names[kind]), confidence)
    assert rules.decide(rules.names[kind], confidence, mode) == label


def test_mistakes_are_explained(monkeypatch):
    with pytest.raises(ValueError, match="no type 'pyton', or no mode"):
        file_types().threshold("pyton")
    with pytest.raises(ValueError, match="the modes are high-confidence, medium-confidence, best-guess"):
        file_types().decide("python", 0.9, "certain")
    with pytest.raises(ValueError, match="reads files of 8 bytes or more"):
        file_types().batch([b"long enough", b"short"])
    monkeypatch.setattr(sys.modules[magika_folder.__module__], "MODEL", "another")
    with pytest.raises(FileNotFoundError, match="no model another is here: pip install magika"):
        magika_folder()


def test_a_batch_is_its_files_one_below_the_other():
    contents = [b"import this", bytes(range(256)) * 20]
    assert_close(file_types().batch(contents), torch.stack([file_types().tokens(content) for content in contents]))
