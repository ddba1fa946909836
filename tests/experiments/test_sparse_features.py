"""What the experiment on sparse features measures is what it says."""

import pytest
import torch
import torch.nn.functional as F
from sparse_features import ACTIVE, LENGTH, OFTEN, STRONGEST, best_of, by_token, cut, judge, losses, purity, usual
from torch.testing import assert_close

from largemodels.models import Llama, LlamaConfig


class Letters:
    """A tokenizer whose tokens are characters."""

    def encode(self, text):
        return torch.tensor([ord(character) for character in text])


def test_windows_are_cut_from_all_texts_none_across_two():
    found = cut(["a" * (2 * LENGTH + 5), "b" * 7, "c" * (9 * LENGTH)], Letters(), 6)
    assert found.shape == (6, LENGTH)
    assert [chr(row[0]) for row in found] == list("aacccc")  # no more than four of one text
    assert (found == found[:, :1]).all()
    with pytest.raises(ValueError, match="the texts have 1 windows; got 2"):
        cut(["a" * LENGTH], Letters(), 2)


def test_vectors_that_are_much_longer_than_usual_are_left_out():
    x = torch.ones(2, 5, 3)
    x[1, 2] *= 6
    assert usual(x).sum() == 9
    assert not usual(x)[1, 2]


def test_what_the_token_alone_predicts_is_a_share_of_the_variance_on_other_text():
    torch.manual_seed(0)
    ids, held_ids = torch.randint(7, (500,)), torch.randint(7, (300,))
    values = torch.randn(7, 2)
    noise = torch.randn(500, 1), torch.randn(300, 1)
    learned, held = torch.cat([values[ids], noise[0]], 1), torch.cat([values[held_ids], noise[1]], 1)
    found = by_token(learned, ids, held, held_ids)
    assert_close(found[:2], torch.ones(2), atol=1e-5, rtol=0)
    assert found[2].abs() < 0.1


def test_of_a_token_that_was_never_met_the_mean_is_expected():
    learned, ids = torch.tensor([[1.0], [3.0]]), torch.tensor([4, 9])
    held, held_ids = torch.tensor([[1.0], [2.0], [3.0], [2.0]]), torch.tensor([4, 6, 9, 12])
    assert_close(by_token(learned, ids, held, held_ids), torch.ones(1))


def test_purity_is_the_share_of_the_commonest_token_among_the_strongest():
    strengths = torch.zeros(60, 1)
    strengths[:STRONGEST, 0] = torch.arange(STRONGEST) + 1.0
    ids = torch.arange(60)
    ids[:15] = 99
    assert_close(purity(strengths, ids), torch.tensor([15 / STRONGEST]))


def test_only_columns_that_are_active_often_are_judged():
    torch.manual_seed(0)
    held = torch.zeros(50, 3)
    held[:OFTEN, 0] = torch.rand(OFTEN) + 0.1
    held[: OFTEN - 1, 1] = 1
    ids = torch.randint(5, (50,))
    assert judge(held, ids, held, ids)["columns"] == 1


def test_the_best_directions_rebuild_what_they_span():
    torch.manual_seed(0)
    directions = F.normalize(torch.randn(ACTIVE + 9, 40), dim=1)
    directions = torch.linalg.qr(directions.T)[0].T  # as many as 40, orthogonal
    x = torch.randn(7, ACTIVE) @ directions[:ACTIVE]
    assert_close(best_of(x, directions), x, atol=1e-3, rtol=1e-3)


@torch.no_grad()
def test_a_change_that_changes_nothing_costs_nothing_and_the_first_position_stays(monkeypatch):
    monkeypatch.setattr("sparse_features.LAYER", 1)
    torch.manual_seed(0)
    sizes = {"vocabulary": 47, "context": 29, "layers": 3, "heads": 6, "kv_heads": 2, "width": 24, "hidden": 34}
    model, windows = Llama(LlamaConfig(**sizes, head_width=10)).eval(), torch.randint(47, (3, 13))
    for parameter in model.parameters():
        parameter.add_(torch.randn_like(parameter) * 0.2)
    whole = F.cross_entropy(model(windows)[:, 1:-1].transpose(1, 2), windows[:, 2:], reduction="none")
    assert_close(losses(model, windows, lambda x: x), whole, atol=1e-5, rtol=1e-5)
    assert ((losses(model, windows, torch.zeros_like) - whole).mean(1).abs() > 1e-3).all()
    assert_close(losses(model, windows, lambda x: torch.cat([0 * x[:, :1], x[:, 1:]], 1)), whole, atol=1e-5, rtol=1e-5)
