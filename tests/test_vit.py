"""The tool behind the vision Transformer: what it shuffles, what it measures, and what lies in the book."""

import json
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from largemodels.data import ImageData, Labelled, digits
from largemodels.models import ViT, ViTConfig
from largemodels.train import evaluate, load_weights, save_weights

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import vit  # noqa: E402


@pytest.fixture
def few_images(monkeypatch):
    """A handful of digits in the place of MNIST."""
    whole = digits()
    train, test = (Labelled(part.images[:n], part.labels[:n]) for part, n in ((whole.train, 97), (whole.test, 31)))
    monkeypatch.setattr(vit, "mnist", lambda: ImageData(train, test, whole.names))


def test_patches_and_pixels_are_moved_and_none_is_lost():
    x = torch.rand(5, 1, 28, 28)
    assert torch.equal(vit.reorder(x, "as they are"), x)
    for order in ("patches", "pixels"):
        moved = vit.reorder(x, order)
        assert_close(moved.flatten(1).sort().values, x.flatten(1).sort().values)
        assert (moved != x).float().mean() > 0.9
        assert torch.equal(vit.reorder(x, order), moved)
    before, after = (F.unfold(images, 4, stride=4).mT for images in (x, vit.reorder(x, "patches")))
    for one, other in zip(before, after, strict=True):  # each patch is there, whole
        assert (one[:, None] == other).all(-1).any(1).all()


def test_few_digits_give_a_row_for_each_model_amount_order_and_seed(few_images, monkeypatch, tmp_path):
    monkeypatch.setattr(vit, "AMOUNTS", {50: ("as they are", "pixels"), 80: ("as they are",)})
    assert vit.main(["few", "--steps", "3", "--seeds", "5", "7", "--out", str(tmp_path)]) == 0
    result = json.loads((tmp_path / "results/vit.json").read_text())
    rows = [(run["model"], run["digits"], run["order"], run["seed"]) for run in result["runs"]]
    assert len(set(rows)) == len(rows) == 3 * 3 * 2
    assert all(0 <= run["accuracy"] <= 1 for run in result["runs"])
    svm = {run["order"]: run["accuracy"] for run in result["runs"] if run["model"] == "SVM" and run["seed"] == 5}
    assert result["command"] == "python tools/vit.py few --steps 3 --seeds 5 7"

    model = ViT(vit.CONFIG)
    save_weights(tmp_path / "runs/0/weights.safetensors", model)
    assert vit.main(["places", str(tmp_path / "runs"), "--out", str(tmp_path)]) == 0
    added = json.loads((tmp_path / "results/vit.json").read_text())
    assert added["runs"] == result["runs"]
    assert added["places"] == [vit.likeness(model)]
    assert svm
    with pytest.raises(ValueError, match="holds no finished run"):
        vit.places(tmp_path / "nothing")


def test_likeness_is_one_for_places_that_are_alike_and_falls_where_they_are_not():
    model = ViT(ViTConfig())
    rows = torch.arange(49) // 7
    model.places.vectors.data[1:] = torch.eye(48)[rows]  # alike in a row, else at right angles
    likeness = vit.likeness(model)
    assert len(likeness) == 6
    assert 0 < likeness[5] < likeness[0] < 0.5
    model.places.vectors.data[:] = 1
    assert likeness != vit.likeness(model) == pytest.approx([1] * 6)


def test_a_pose_keeps_most_of_the_ink_in_the_frame():
    x = F.pad(digits(20).test.images[:200], (4,) * 4)
    posed = vit.in_any_pose(x, torch.Generator().manual_seed(0))
    assert posed.shape == x.shape
    assert 0 <= posed.min() < posed.max() <= 1
    assert 0.5 < posed.mean() / x.mean() < 2
    assert torch.equal(posed, vit.in_any_pose(x, torch.Generator().manual_seed(0)))


def test_the_page_gets_rounded_weights_and_their_record(few_images, tmp_path):
    assert vit.main(["page", "--epochs", "1", "--out", str(tmp_path)]) == 0
    folder = tmp_path / "assets/checkpoints"
    record = json.loads((folder / "vit.json").read_text())
    model = ViT(ViTConfig(**record["model"]))
    load_weights(folder / "vit.safetensors", model)
    assert all(torch.equal(p, p.half().float()) for p in model.parameters())
    others = vit.framed(digits(20).test)
    assert record["accuracy_on_digits"] == pytest.approx(evaluate(model, others.images, others.labels).accuracy)
    assert record["command"] == "python tools/vit.py page --epochs 1"


def test_the_books_checkpoint_is_what_its_record_says():
    folder = ROOT / "assets/checkpoints"
    record = json.loads((folder / "vit.json").read_text())
    model = ViT(ViTConfig(**record["model"])).eval()
    load_weights(folder / "vit.safetensors", model)
    assert sum(p.numel() for p in model.parameters()) == record["parameters"]
    assert (folder / "vit.safetensors").stat().st_size < 100_000
    others = vit.framed(digits(20).test)
    score = evaluate(model, others.images, others.labels)
    assert score.accuracy == pytest.approx(record["accuracy_on_digits"], abs=0.006)
    assert min(record["accuracy"], record["accuracy_in_any_pose"]) > 0.975
