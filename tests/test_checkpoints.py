"""The page's checkpoint is what its record says, and its ONNX is its torch model, one character after the other."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import onnxruntime
import pytest
import torch
import torch.nn.functional as F

from largemodels.data import UNKNOWN, Text, Vocabulary
from largemodels.data.source_code import CODE_CHARACTERS
from largemodels.models import CharRNN, CharRNNConfig
from largemodels.train import load_weights

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import checkpoints  # noqa: E402

SMALL = CharRNNConfig(vocabulary=7, features=5, hidden=11)


def stream(path, ids, hidden):
    """Read ids with the ONNX model, one after the other; return all logits and the last gates."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    h = c = torch.zeros(1, 1, hidden).numpy()
    rows = []
    for i in ids:
        logits, h, c, gates = session.run(["logits", "next_h", "next_c", "gates"], {"token": [[i]], "h": h, "c": c})
        rows.append(torch.from_numpy(logits))
    return torch.cat(rows), gates


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Train small models of two seeds for 48 steps."""
    out = tmp_path_factory.mktemp("checkpoints")
    chance = torch.Generator().manual_seed(0)
    tokens = torch.randint(2, (997,), generator=chance).cumsum(0) % 6 + 1
    text = Text(tokens[:797], tokens[797:], Vocabulary((UNKNOWN, *"abcdef")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "source_code", lambda: text)
        patch.setattr(checkpoints, "CONFIG", SMALL)
        assert checkpoints.main(["--seeds", "5", "3", "--steps", "48", "--out", str(out)]) == 0
    return out


def test_the_first_seed_is_kept_and_all_are_recorded(made):
    assert sorted(path.name for path in made.iterdir()) == [
        f"char-lstm.{kind}" for kind in ("json", "onnx", "safetensors")
    ]
    record = json.loads((made / "char-lstm.json").read_text())
    assert (record["seeds"], record["kept"]) == ([5, 3], 5)
    assert len(set(record["validation_loss"])) == 2
    assert record["model"] == asdict(SMALL)
    for run in record["runs"]:
        assert [line["step"] for line in run["curve"]] == list(range(2, 49, 2))
        assert run["curve"][-1]["validation_loss"] == run["validation_loss"]
        assert run["cpu_seconds"] >= run["curve"][-1]["cpu_seconds"]
    assert [row["order"] for row in record["ngram"]] == [5, 8]


def check(folder):
    """Compare the files of a folder with each other; return its record."""
    record = json.loads((folder / "char-lstm.json").read_text())
    model = CharRNN(CharRNNConfig(**record["model"]))
    load_weights(folder / "char-lstm.safetensors", model)
    assert sum(p.numel() for p in model.parameters()) == record["parameters"]
    size = model.config.vocabulary
    ids = torch.randint(size, (1, 61), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        logits = model(ids)[0]
    ours, gates = stream(folder / "char-lstm.onnx", ids[0].tolist(), model.config.hidden)
    torch.testing.assert_close(ours, logits, atol=1e-5, rtol=0)
    assert gates.shape == (1, 4, model.config.hidden)
    return record


def test_onnx_reads_as_torch_does(made):
    check(made)


def test_the_page_s_model_is_small_and_beats_counting_five_characters_with_every_seed():
    record = check(checkpoints.OUT)
    assert record["parameters"] == 98_561
    assert len(record["seeds"]) == 3
    assert record["ngram"][0]["order"] == 5
    assert max(record["validation_loss"]) < record["ngram"][0]["validation_loss"]
    for kind in ("onnx", "safetensors"):
        assert (checkpoints.OUT / f"char-lstm.{kind}").stat().st_size < 450_000


def test_the_page_s_model_has_learned_python():
    model = CharRNN()
    load_weights(checkpoints.OUT / "char-lstm.safetensors", model)
    encode = CODE_CHARACTERS.encode
    code = "import os\n\n\ndef name_of(self, path):\n    if path is None:\n        return None\n"
    ids = encode(code)[None]
    with torch.no_grad():
        learned = F.cross_entropy(model(ids)[0, :-1], ids[0, 1:])
    assert learned < 1.5
    for prompt, follows in (("impor", "t"), ("    retur", "n"), ("def __init_", "_"), ("x is not Non", "e")):
        written = model.generate(encode(prompt)[None], 1, temperature=0)[0]
        assert CODE_CHARACTERS.decode(written) == prompt + follows
