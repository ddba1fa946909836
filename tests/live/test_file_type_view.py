"""The reader of file types: the way back that a browser goes is autograd's, and the page's model is the package's."""

from pathlib import Path

import onnxruntime
import page_file_types
import pytest
import torch
from torch.testing import assert_close

from largemodels.data import file_types, magika_folder, package_files
from largemodels.export import read_onnx_weights
from largemodels.interpret import byte_slopes
from largemodels.live import FileTypeExplained, FileTypeReader
from largemodels.models import FileTypeConfig, FileTypeNet, file_type_net

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("seed", range(3))
def test_relevance_is_what_autograd_says(seed):
    torch.manual_seed(seed)
    config = FileTypeConfig(length=52, features=3, group=4, filters=11, kernel=5, types=7)
    model, tokens = FileTypeNet(config).double(), torch.randint(257, (1, 52))
    answer = FileTypeExplained(model)(tokens)
    wanted = byte_slopes(model, tokens, answer["probabilities"].argmax(1))
    assert_close(answer["relevance"], wanted, atol=1e-9, rtol=1e-7)


def test_the_pages_model_is_the_packages_in_half_precision():
    network = file_type_net(read_onnx_weights(magika_folder() / "model.onnx"))
    explained = FileTypeExplained(network)
    session = onnxruntime.InferenceSession(page_file_types.TARGET, providers=["CPUExecutionProvider"])
    files = package_files(["numpy", "matplotlib"], most=1)
    for file in files[:12]:
        tokens = file_types().tokens(file.read())[None]
        chances, relevance = session.run(None, {"tokens": tokens.float().numpy()})
        with torch.no_grad():
            answer = explained(tokens)
        assert chances.argmax() == answer["probabilities"].argmax()
        assert_close(torch.from_numpy(chances), answer["probabilities"], atol=0.01, rtol=0)
        cosine = torch.cosine_similarity(torch.from_numpy(relevance), answer["relevance"])
        assert cosine > 0.98  # where two places have nearly the same maximum, rounding moves it


def test_the_stored_model_is_what_the_program_writes():
    assert page_file_types.TARGET.read_bytes() == page_file_types.page_model()
    assert page_file_types.TARGET.stat().st_size < 1_600_000


def test_examples_that_are_no_text_are_kept_as_bytes():
    view = FileTypeReader(file_types(), {"text": b"some text\n", "bytes": b"\x93NUMPY" + bytes(3000)})
    text, other = view.settings["examples"]
    assert text["text"] == "some text\n"
    assert "first" not in text
    assert "text" not in other
    assert [len(other["first"]), len(other["last"]), other["size"]] == [1024, 1024, 3006]


@pytest.mark.parametrize(
    ("examples", "message"),
    [({}, "no file to begin with"), ({"short": b"a"}, "files of 8 bytes or more; 'short' has fewer")],
)
def test_examples_that_cannot_be_read_are_refused(examples, message):
    with pytest.raises(ValueError, match=message):
        FileTypeReader(file_types(), examples)
