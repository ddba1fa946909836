"""The planted truth: what decides is asked for alone, maps are compared fairly, and weights are mixed by part."""

import planted_truth
import pytest
import torch
from torch import nn

from largemodels.data import Planted, digits, planted_marks
from largemodels.models import ConvNet, ConvNetConfig


def planted(count=12, **parts):
    return planted_marks(digits().test, count, torch.Generator().manual_seed(0), **parts)


def test_edges_are_where_the_brightness_changes():
    image = torch.zeros(1, 1, 9, 9)
    image[..., 4:] = 1.0
    found = planted_truth.edges(image)
    assert found.shape == image.shape
    assert found[0, 0, 4].tolist() == [0, 0, 0, 4, 4, 0, 0, 0, 4]  # beyond the border it is dark


def test_means_are_over_the_images_that_have_a_value():
    found = planted_truth.spread(torch.tensor([1.0, 3.0, torch.nan, 2.0]))
    assert found == {"mean": 2.0, "error": pytest.approx(3**-0.5, abs=1e-4), "nan": 0.25}


class Reads(nn.Module):
    """A network that knows the answer of an image by heart, as long as its mark is there."""

    def __init__(self, some: Planted):
        super().__init__()
        self.some, self.part = some, nn.Parameter(torch.zeros(1))

    def forward(self, images):
        there = (images * self.some.where).flatten(1).sum(1) > 0
        return torch.where(there[:, None], nn.functional.one_hot(self.some.marks, 4), 0.0) + self.part


def test_a_network_that_reads_the_mark_fails_without_it_and_not_without_the_digit():
    whole = planted()
    asked = {"as it is": whole, "no digit": planted(digit=False), "no mark": planted(mark=False)}
    found = planted_truth.used(Reads(whole), asked, "mark")
    assert found["as it is"] == found["no digit"] == 1
    assert found["no mark"] < 0.7


def test_only_the_named_parts_are_another_networks():
    torch.manual_seed(1)
    one, other = (ConvNet(ConvNetConfig(classes=4)) for _ in range(2))
    mixed = planted_truth.mixed(one, other, "classifier", "stages.1").state_dict()
    for name, tensor in mixed.items():
        theirs = name.startswith(("classifier", "stages.1"))
        assert tensor.equal((other if theirs else one).state_dict()[name]), name


@pytest.fixture(scope="module")
def rows():
    """The curves of a network that learned nothing, and the correlations of two."""
    common = {"data": "planted", "network": "ConvNet", "seed": 0}
    model, test = planted_truth.network("ConvNet", 4, 0), planted(6)
    return planted_truth.curves("ConvNet", model, test, common), planted_truth.anew(
        "ConvNet", model, 4, test.images, common
    )


def test_every_order_deletes_from_the_whole_image_and_inserts_up_to_it(rows):
    curves, _ = rows
    orders = {row["order"] for row in curves}
    assert {"the mark first", "edges", "at random", "gradient", "integrated gradients, untrained"} <= orders
    first = {row["after"][0] for row in curves if row["of"] == "deletion"}
    last = {row["after"][-1] for row in curves if row["of"] == "insertion"}
    assert len(first) == 1
    assert first == last
    assert all(len(row["after"]) == len(planted_truth.COUNTS) for row in curves)


def test_maps_of_other_weights_are_compared_signed_and_by_magnitude(rows):
    _, found = rows
    kinds = {(row["pair"], row["part"], row["where"]) for row in found}
    assert len(kinds) == 4 * 2 * 2
    assert len(found) == 5 * len(kinds)
    assert all(-1 <= row["mean"] <= 1 for row in found if row["nan"] < 1)


def test_the_ink_of_the_mark_goes_first_so_that_ten_pixels_delete_it(monkeypatch):
    some = planted(6)
    network = Reads(some)
    maps = dict.fromkeys(("gradient", "integrated gradients"), torch.rand(some.images.shape))
    monkeypatch.setattr(planted_truth, "maps_of", lambda *_: maps.copy())
    rows = planted_truth.curves("ConvNet", network, some, {"data": "planted", "network": "ConvNet", "seed": 0})
    (first,) = (row for row in rows if row["of"] == "deletion" and row["order"] == "the mark first")
    assert first["after"][0] == first["after"][1] > 0.4  # five of nine are gone
    assert first["after"][2] == 0.25


def test_a_logit_that_reads_the_mark_moves_without_it_alone():
    whole = planted()
    asked = {"as it is": whole, "no digit": planted(digit=False), "no mark": planted(mark=False)}
    assert planted_truth.moves(Reads(whole), asked) == {"no digit": 0.0, "no mark": 1.0}
