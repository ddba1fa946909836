"""The pages' checkpoints are what their records say, and the ONNX of each is its torch model."""

import json
from dataclasses import asdict, replace

import checkpoints
import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F

from largemodels.data import Text
from largemodels.data.source_code import CODE_CHARACTERS
from largemodels.live import GPTExplained
from largemodels.models import GPT, CharRNN, CharRNNConfig, GPTConfig
from largemodels.text import UNKNOWN, Vocabulary
from largemodels.train import load_weights

SMALL = {
    "char-lstm": CharRNNConfig(vocabulary=7, features=5, hidden=11),
    "gpt": GPTConfig(vocabulary=7, context=13, layers=2, heads=3, width=18),
}


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
    """Train small models of both kinds, of two seeds, for 48 steps."""
    out = tmp_path_factory.mktemp("assets")
    chance = torch.Generator().manual_seed(0)
    tokens = torch.randint(2, (997,), generator=chance).cumsum(0) % 6 + 1
    text = Text(tokens[:797], tokens[797:], Vocabulary((UNKNOWN, *"abcdef")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "source_code", lambda: text)
        for name, config in SMALL.items():
            page = replace(checkpoints.PAGES[name], config=config, context=11)
            patch.setitem(checkpoints.PAGES, name, page)
            assert checkpoints.main([name, "--seeds", "5", "3", "--steps", "48", "--out", str(out)]) == 0
    return out


def test_the_first_seed_is_kept_and_all_are_recorded(made):
    assert sorted(str(path.relative_to(made)) for path in made.rglob("*.*")) == [
        "checkpoints/char-lstm.json",
        "checkpoints/char-lstm.onnx",
        "checkpoints/char-lstm.safetensors",
        "checkpoints/gpt.json",
        "checkpoints/gpt.safetensors",
        "models/gpt-next.onnx",
        "models/gpt.onnx",
    ]
    for name, config in SMALL.items():
        record = json.loads((made / f"checkpoints/{name}.json").read_text(encoding="utf-8"))
        assert (record["seeds"], record["kept"]) == ([5, 3], 5)
        assert len(set(record["validation_loss"])) == 2
        assert record["model"] == asdict(config)
        for run in record["runs"]:
            assert [line["step"] for line in run["curve"]] == list(range(2, 49, 2))
            assert run["curve"][-1]["validation_loss"] == run["validation_loss"]
            assert run["cpu_seconds"] >= run["curve"][-1]["cpu_seconds"]
        assert [row["order"] for row in record["ngram"]] == [5, 8]


def load(folder, name, kind, config):
    """Return the record of a checkpoint and the model that its weights make."""
    record = json.loads((folder / f"checkpoints/{name}.json").read_text(encoding="utf-8"))
    model = kind(config(**record["model"]))
    load_weights(folder / f"checkpoints/{name}.safetensors", model)
    assert sum(p.numel() for p in model.parameters()) == record["parameters"]
    return record, model.eval()


def check_lstm(folder):
    """Compare the files of the LSTM with each other; return its record."""
    record, model = load(folder, "char-lstm", CharRNN, CharRNNConfig)
    size = model.config.vocabulary
    ids = torch.randint(size, (1, 61), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        logits = model(ids)[0]
    ours, gates = stream(folder / "checkpoints/char-lstm.onnx", ids[0].tolist(), model.config.hidden)
    torch.testing.assert_close(ours, logits, atol=1e-5, rtol=0)
    assert gates.shape == (1, 4, model.config.hidden)
    return record


def check_gpt(folder, vocabulary):
    """Compare the files of the GPT with each other, in everything that the explorer shows; return its record."""
    record, model = load(folder, "gpt", GPT, GPTConfig)
    config, chance = model.config, torch.Generator().manual_seed(0)
    ids = torch.randint(1, config.vocabulary, (1, config.context - 2), generator=chance)
    heads = torch.stack([torch.ones(config.layers, config.heads), torch.eye(config.layers, config.heads)])
    dials = torch.tensor([0.8]), torch.tensor([5]), torch.tensor([0.9])
    with torch.no_grad():
        wanted = GPTExplained(model)(ids, heads, *dials)
    text = torch.tensor([[ord(character) for character in vocabulary.decode(ids[0])]])
    given = dict(zip(("text", "heads", "temperature", "top_k", "top_p"), (text, heads, *dials), strict=True))
    session = onnxruntime.InferenceSession(folder / "models/gpt.onnx", providers=["CPUExecutionProvider"])
    given = {name: value.float().numpy() for name, value in given.items()}  # a page sends float32 only
    nothing = np.zeros((2, config.layers, 2, config.heads, 0, config.width // config.heads), np.float32)
    answers = session.run(list(wanted), {**given, "past": nothing})
    for (name, ours), theirs in zip(wanted.items(), answers, strict=True):
        torch.testing.assert_close(torch.from_numpy(theirs), ours, atol=1e-5, rtol=1e-5, msg=name)
    assert all(torch.equal(p.half().float(), p) for p in model.parameters())
    check_next(folder, model, text, wanted["probabilities"][0, -1])
    return record


def check_next(folder, model, text, probabilities):
    """Compare what the writer of the page expects after a text with the GPT's own ``probabilities``."""
    room = model.config.context - text.shape[1]
    given = {
        "text": F.pad(text, (0, room)),
        "count": torch.tensor([text.shape[1]]),
        "temperature": torch.ones(1),
    }
    session = onnxruntime.InferenceSession(folder / "models/gpt-next.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(["probabilities"], {name: value.float().numpy() for name, value in given.items()})
    torch.testing.assert_close(torch.from_numpy(found[0]), probabilities, atol=1e-5, rtol=1e-5)


def test_onnx_reads_as_torch_does(made):
    check_lstm(made)
    check_gpt(made, Vocabulary((UNKNOWN, *"abcdef")))


def check_small_and_better_than_counting(record, parameters, sizes):
    assert record["parameters"] == parameters
    assert len(record["seeds"]) == 3
    assert record["ngram"][0]["order"] == 5
    assert max(record["validation_loss"]) < record["ngram"][0]["validation_loss"]
    for name, size in sizes.items():
        assert (checkpoints.OUT / name).stat().st_size < size


def test_the_pages_lstm_is_small_and_beats_counting_five_characters_with_every_seed():
    sizes = dict.fromkeys((f"checkpoints/char-lstm.{kind}" for kind in ("onnx", "safetensors")), 450_000)
    check_small_and_better_than_counting(check_lstm(checkpoints.OUT), 98_561, sizes)


def test_the_pages_gpt_is_small_and_beats_counting_five_characters_with_every_seed():
    record = check_gpt(checkpoints.OUT, CODE_CHARACTERS)
    sizes = dict.fromkeys(("checkpoints/gpt.safetensors", "models/gpt.onnx"), 1_700_000)
    sizes["models/gpt-next.onnx"] = 1_750_000
    check_small_and_better_than_counting(record, 805_760, sizes)
    assert abs(record["kept_in_half_precision"] - record["validation_loss"][0]) < 1e-3


def test_the_pages_gpt_writes_python_that_goes_on_as_it_began():
    model = load(checkpoints.OUT, "gpt", GPT, GPTConfig)[1]
    for prompt, follows in (("impor", "t"), ("    retur", "n"), ("def __init_", "_"), ("x is not Non", "e")):
        written = model.generate(CODE_CHARACTERS.encode(prompt)[None], 1, temperature=0)[0]
        assert CODE_CHARACTERS.decode(written) == prompt + follows


def test_the_page_s_model_has_learned_python():
    model = load(checkpoints.OUT, "char-lstm", CharRNN, CharRNNConfig)[1]
    encode = CODE_CHARACTERS.encode
    code = "import os\n\n\ndef name_of(self, path):\n    if path is None:\n        return None\n"
    ids = encode(code)[None]
    with torch.no_grad():
        learned = F.cross_entropy(model(ids)[0, :-1], ids[0, 1:])
    assert learned < 1.5
    for prompt, follows in (("impor", "t"), ("    retur", "n"), ("def __init_", "_"), ("x is not Non", "e")):
        written = model.generate(encode(prompt)[None], 1, temperature=0)[0]
        assert CODE_CHARACTERS.decode(written) == prompt + follows
