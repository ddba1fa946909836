"""The network that reads drawings is the chapter's own, and as good as its record says."""

import json

import convnet
import pytest
import torch
from vit_page import framed

from largemodels.data import ImageData, Labelled, digits
from largemodels.models import ConvNet, ConvNetConfig
from largemodels.train import evaluate, load_weights


@pytest.fixture(scope="module")
def kept():
    record = json.loads((convnet.OUT / "convnet.json").read_text(encoding="utf-8"))
    widths = tuple(record["model"]["widths"])
    model = ConvNet(ConvNetConfig(**{**record["model"], "widths": widths}))
    load_weights(convnet.OUT / "convnet.safetensors", model)
    return record, model.eval()


def test_it_is_the_network_of_the_chapter_and_light(kept):
    record, model = kept
    assert model.config == ConvNetConfig()
    assert record["parameters"] == sum(p.numel() for p in model.parameters()) == 34_826
    assert (convnet.OUT / "convnet.safetensors").stat().st_size < 75_000
    assert all(torch.equal(p.half().float(), p) for p in model.parameters())


def test_it_reads_the_digits_that_ship_as_its_record_says(kept):
    record, model = kept
    test = framed(digits(20).test)
    assert evaluate(model, test.images, test.labels).accuracy == pytest.approx(
        record["accuracy_on_digits"], abs=1 / 360
    )
    assert record["accuracy"] > 0.99
    assert record["accuracy_in_any_pose"] > 0.97


def test_the_program_trains_writes_and_records(tmp_path, monkeypatch):
    some = digits().train
    few = Labelled(some.images[:97], some.labels[:97])
    monkeypatch.setattr(convnet, "mnist", lambda: ImageData(few, few, digits().names))
    monkeypatch.setattr(convnet, "AGAIN", 0)
    assert convnet.main(["--epochs", "2", "--out", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "convnet.json").read_text(encoding="utf-8"))
    assert record["command"] == "python experiments/convnet.py --epochs 2"
    model = ConvNet(convnet.CONFIG)
    load_weights(tmp_path / "convnet.safetensors", model)
    assert record["accuracy"] == evaluate(model.eval(), few.images, few.labels).accuracy
