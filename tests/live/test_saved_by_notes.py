"""The notes in notebooks that say how a reader's own model gets into a page: their code does what they say."""

import json
import re
from pathlib import Path

import onnx
import pytest
import torch

from largemodels import live
from largemodels.data import digits
from largemodels.data.source_code import CODE_CHARACTERS
from largemodels.models import GPT, CharRNN, CharRNNConfig, ConvNet, GPTConfig

CHAPTERS = Path(__file__).resolve().parents[2] / "chapters"
WIDGETS = "application/vnd.jupyter.widget-state+json"
TEXT = 'def f(x, text="a string"):  # it has all that units are asked for\n    return [x, (text, 3)]\n'


def after_cnn():
    """Return what the notebook has when a reader gets to its note."""
    images = digits().test.images
    picks = torch.arange(10)
    return {"network": ConvNet(), "images": images, "picks": picks, "digits": digits, "device": torch.device("cpu")}


def after_gpt():
    model = GPT(GPTConfig(len(CODE_CHARACTERS), 64, 1, 2, 16)).eval()
    begin = {"ids": CODE_CHARACTERS.encode("    def ")[None]}
    return {
        "model": model,
        "CODE_CHARACTERS": CODE_CHARACTERS,
        "examples": {"code": TEXT},
        "CONTEXT": 64,
        "begin": begin,
    }


def after_rnn():
    model, shared = (CharRNN(CharRNNConfig(len(CODE_CHARACTERS), 4, 8)).eval() for _ in range(2))
    known = {"model": model, "shared": shared, "symbols": CODE_CHARACTERS, "examples": {"code": TEXT}}
    return known | {"heldout": [TEXT * 4] * 2, "begin": CODE_CHARACTERS.encode(TEXT)[None]}


NOTES = {"cnn/network": after_cnn, "transformer/gpt": after_gpt, "rnn/text": after_rnn}


def read(name):
    return json.loads((CHAPTERS / f"{name}.ipynb").read_text(encoding="utf-8"))


def code_of_the_note(notebook):
    """Return the code of the cell that saves a model; what it has from the package, the notebook imports."""
    [note] = [text for cell in notebook["cells"] if "save_for_page" in (text := "".join(cell["source"]))]
    [code] = re.findall(r"```python\n(.*?)```", note, re.S)
    return code


def test_every_note_is_tried():
    notebooks = [path for path in CHAPTERS.rglob("*.ipynb") if "save_for_page" in path.read_text(encoding="utf-8")]
    assert {path.relative_to(CHAPTERS).with_suffix("").as_posix() for path in notebooks} == set(NOTES)


@pytest.mark.parametrize("name", NOTES)
def test_the_code_of_a_note_writes_what_a_widget_of_its_page_takes(name, tmp_path, monkeypatch):
    notebook = read(name)
    code = code_of_the_note(notebook)
    monkeypatch.chdir(tmp_path)
    names = NOTES[name]() | {one: getattr(live, one) for one in live.__all__ if re.search(rf"\b{one}\(", code)}
    exec(code, names)  # as the reader runs it
    model = onnx.load(tmp_path / "mine.onnx")
    onnx.checker.check_model(model, full_check=True)
    found = {entry.key.removeprefix("largemodels."): entry.value for entry in model.metadata_props}
    settings, inputs, grows = (json.loads(found[each]) for each in ("settings", "inputs", "grows"))

    # what assets/own.js asks of a file
    states = [each["state"] for each in notebook["metadata"]["widgets"][WIDGETS]["state"].values()]
    kinds = [each for each in states if each.get("_anywidget_id", "").endswith(f".{found['kind']}")]
    assert kinds
    assert found["version"] == "1"
    for page in kinds:
        assert set(inputs) == set(page["inputs"])
        assert len(settings.get("names", ())) == len(page["settings"].get("names", ()))
        assert set(settings) <= set(page["settings"])
        answers = {each.name for each in model.graph.output}
        assert grows.get("text") or set(page["outputs"]) <= answers
        if "image" in inputs:
            assert inputs["image"]["shape"] == page["inputs"]["image"]["shape"]
        if "symbols" in settings:
            assert settings["symbols"] == list(CODE_CHARACTERS.symbols)
