"""The tool behind the vision Transformer: what it shuffles, what it measures, and what lies in the book."""

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
import vit
import vit_page
from torch.testing import assert_close

from largemodels.data import ImageData, Labelled, digits
from largemodels.models import ViT, ViTConfig
from largemodels.train import evaluate, load_weights, save_weights

ROOT = Path(__file__).resolve().parents[2]


def few(data: ImageData, learn: int, test: int) -> ImageData:
    train, test = (Labelled(part.images[:n], part.labels[:n]) for part, n in ((data.train, learn), (data.test, test)))
    return ImageData(train, test, data.names)


@pytest.fixture
def few_images(monkeypatch):
    """A handful of digits in the place of MNIST, and of those that ship with scikit-learn."""
    for program in (vit, vit_page):
        monkeypatch.setattr(program, "mnist", lambda: few(digits(), 97, 31))
    monkeypatch.setattr(vit_page, "digits", lambda size: few(digits(size), 41, 53))


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
    result = json.loads((tmp_path / "results/vit.json").read_text(encoding="utf-8"))
    rows = [(run["model"], run["digits"], run["order"], run["seed"]) for run in result["runs"]]
    assert len(set(rows)) == len(rows) == 3 * 3 * 2
    assert all(0 <= run["accuracy"] <= 1 for run in result["runs"])
    assert all(0 <= run["known"] <= 1 for run in result["runs"] if run["model"] != "SVM")
    svm = {run["order"]: run["accuracy"] for run in result["runs"] if run["model"] == "SVM" and run["seed"] == 5}
    assert result["command"] == "python experiments/vit.py few --steps 3 --seeds 5 7"

    model = ViT(vit_page.CONFIG)
    save_weights(tmp_path / "runs/0/weights.safetensors", model)
    assert vit.main(["places", str(tmp_path / "runs"), "--out", str(tmp_path)]) == 0
    added = json.loads((tmp_path / "results/vit.json").read_text(encoding="utf-8"))
    assert added["runs"] == result["runs"]
    assert added["places"]["all"] == [vit.likeness(model)]
    empty = vit.empty_places(vit.mnist().train.images)
    assert added["places"]["empty_places"] == empty.sum()
    assert added["places"]["empty"] == [vit.likeness(model, empty)]
    assert added["places"]["inked"] == [vit.likeness(model, ~empty)]
    assert svm
    with pytest.raises(ValueError, match="holds no finished run"):
        vit.places(tmp_path / "nothing", torch.zeros(1, 1, 28, 28))


def test_likeness_is_one_for_places_that_are_alike_and_falls_where_they_are_not():
    model = ViT(ViTConfig())
    rows = torch.arange(49) // 7
    model.places.vectors.data[1:] = torch.eye(48)[rows]  # alike in a row, else at right angles
    likeness = vit.likeness(model)
    assert len(likeness) == 6
    assert 0 < likeness[5] < likeness[0] < 0.5
    model.places.vectors.data[:] = 1
    assert likeness != vit.likeness(model) == pytest.approx([1] * 6)


def test_places_are_empty_where_there_is_hardly_ever_ink_and_can_be_looked_at_alone():
    images = torch.zeros(20, 1, 28, 28)
    images[:, :, 4:8, 8:12] = 1.0  # the patch in row 1, column 2
    images[0, :, 12:16, 12:16] = 1.0  # one in twenty
    empty = vit.empty_places(images)
    assert (~empty).nonzero().tolist() == [[1 * 7 + 2]]

    model, corners = ViT(ViTConfig()), torch.zeros(49, dtype=torch.bool)
    corners[[0, 6, 42]] = True
    vectors = model.places.vectors.data[1:]
    vectors[6], vectors[42] = vectors[0], -vectors[0]
    assert vit.likeness(model, corners)[:5] == [None] * 5  # 6 apart, or 6 √2, which is 8
    assert vit.likeness(model, corners)[5] == pytest.approx(0)  # alike to one, opposite to the other


def test_a_pose_keeps_most_of_the_ink_in_the_frame():
    x = F.pad(digits(20).test.images[:200], (4,) * 4)
    posed = vit_page.in_any_pose(x, torch.Generator().manual_seed(0))
    assert posed.shape == x.shape
    assert 0 <= posed.min() < posed.max() <= 1
    assert 0.5 < posed.mean() / x.mean() < 2
    assert torch.equal(posed, vit_page.in_any_pose(x, torch.Generator().manual_seed(0)))


def test_the_page_gets_rounded_weights_and_their_record(few_images, tmp_path):
    assert vit_page.main(["--epochs", "1", "--out", str(tmp_path)]) == 0
    record = json.loads((tmp_path / "vit.json").read_text(encoding="utf-8"))
    model = ViT(ViTConfig(**record["model"]))
    load_weights(tmp_path / "vit.safetensors", model)
    assert all(torch.equal(p, p.half().float()) for p in model.parameters())
    others = vit_page.framed(vit_page.digits(20).test)
    assert record["accuracy_on_digits"] == pytest.approx(evaluate(model, others.images, others.labels).accuracy)
    assert record["command"] == "python experiments/vit_page.py --epochs 1"


def test_the_same_digits_as_they_are_are_measured_in_the_same_way(few_images, tmp_path):
    assert vit.main(["still", "--epochs", "1", "--out", str(tmp_path)]) == 0
    result = json.loads((tmp_path / "results/vit.json").read_text(encoding="utf-8"))["still"]
    model, _ = vit_page.for_the_page(vit.mnist(), 1, augment=None)
    assert result["all"] == vit.likeness(model)
    assert vit.likeness(vit_page.for_the_page(vit.mnist(), 1)[0]) != result["all"]
    assert result["command"] == "python experiments/vit.py still --epochs 1"


def test_the_books_checkpoint_is_what_its_record_says():
    folder = ROOT / "assets/checkpoints"
    record = json.loads((folder / "vit.json").read_text(encoding="utf-8"))
    model = ViT(ViTConfig(**record["model"])).eval()
    load_weights(folder / "vit.safetensors", model)
    assert sum(p.numel() for p in model.parameters()) == record["parameters"]
    assert (folder / "vit.safetensors").stat().st_size < 100_000
    others = vit_page.framed(digits(20).test)
    score = evaluate(model, others.images, others.labels)
    assert score.accuracy == pytest.approx(record["accuracy_on_digits"], abs=0.006)
    assert min(record["accuracy"], record["accuracy_in_any_pose"]) > 0.975
