"""The probes begin where nothing is open, are judged fairly, and find what is there and not what is not."""

import json

import probes
import pytest
import torch
from sklearn.metrics import roc_auc_score

from largemodels.data import source_code
from largemodels.data.source_code import CODE_CHARACTERS


def encoded(text):
    return torch.as_tensor(CODE_CHARACTERS.encode(text))


def test_passages_begin_on_lines_at_whose_start_nothing_is_open(monkeypatch):
    monkeypatch.setattr(probes, "LENGTH", 4)
    text = 'a = (1,\n     2)\nb = """x\ny"""\nc = 3\nlast'
    starts, known = probes.free_places(encoded(text))
    assert [text[start:].split("\n")[0] for start in starts.tolist()] == ['b = """x', "c = 3", "last"]
    assert set(known) == set(probes.WHAT)
    assert all(len(x) == len(text) for x in known.values())


def test_what_is_true_of_a_passage_is_true_of_its_characters(monkeypatch):
    monkeypatch.setattr(probes, "LENGTH", 8)
    text = encoded('x = "ab"\ny = [1, 2]\nz = "c"\nt = 1   # no\n' * 3)
    places = probes.free_places(text)
    tokens, truth = probes.passages(text, places, 5, seed=3)
    assert tokens.shape == (5, 8)
    assert all(x.shape == (40,) for x in truth.values())
    for row, inside in zip(tokens, truth["inside a string"].view(5, 8), strict=True):
        start = next(s for s in places[0].tolist() if text[s : s + 8].equal(row))
        assert places[1]["inside a string"][start : start + 8].equal(inside)


def test_the_last_eight_characters_end_with_the_one_that_is_asked_about():
    seen = probes.last_eight(torch.tensor([[5, 6, 7]])).view(3, 8, 97)
    assert seen.argmax(2).tolist() == [[0] * 7 + [5], [0] * 6 + [5, 6], [0] * 5 + [5, 6, 7]]


def test_the_task_without_meaning_rests_on_three_characters_alone():
    tokens = torch.randint(97, (50, 64), generator=torch.Generator().manual_seed(0))
    tokens[0, 10:13] = tokens[1, 30:33] = torch.tensor([1, 2, 3])
    labels = probes.by_chance(tokens, 0.3, seed=0).view(50, 64)
    assert labels[0, 12] == labels[1, 32]
    assert labels.mean().item() == pytest.approx(0.3, abs=0.03)
    assert not labels.equal(probes.by_chance(tokens, 0.3, seed=1).view(50, 64))


def test_the_area_is_scikit_learns_ties_included():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(9, (200, 3), generator=generator).float()
    truth = (torch.rand(200, 2, generator=generator) < 0.3).float()
    expected = [[roc_auc_score(truth[:, m], scores[:, k]) for m in range(2)] for k in range(3)]
    torch.testing.assert_close(probes.area(scores, truth), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("hidden", [0, 32])
def test_a_probe_finds_what_a_vector_holds_and_nothing_else(hidden):
    generator = torch.Generator().manual_seed(0)
    x, new = torch.randn(2000, 8, generator=generator) * 5 + 3, torch.randn(1000, 8, generator=generator) * 5 + 3
    y, new_y = (
        (torch.stack([z[:, 2] > 3, torch.rand(len(z), generator=generator) > 0.5], 1)).float() for z in (x, new)
    )
    found = probes.area(probes.probe(x, y, new, hidden, seed=0), new_y).diagonal()
    assert found[0] > 0.95
    assert abs(found[1] - 0.5) < 0.06


def test_the_shuffled_gpt_has_the_same_numbers_in_other_places():
    model, shuffled = probes.gpt(), probes.gpt(0)
    for (name, a), b in zip(model.named_parameters(), shuffled.parameters(), strict=True):
        assert a.flatten().sort().values.equal(b.flatten().sort().values)
        assert a.equal(b) == (a.ndim == 1), name


def test_an_autoencoder_is_judged_by_what_the_model_loses(monkeypatch):
    monkeypatch.setattr(probes, "STEPS", 20)
    monkeypatch.setattr(probes, "FEATURES", 64)
    text = source_code().validation[:20_000]
    places = probes.free_places(text)
    sides = [probes.passages(text, places, count, seed=0) for count in (60, 20)]
    rows = probes.sparse({"GPT": probes.gpt()}, sides, seed=0)
    by_way = {row["way"]: row for row in rows if row["of"] == "sparse"}
    assert by_way["as it is"]["explained"] == 1
    assert abs(by_way["its mean"]["explained"]) < 0.1
    assert by_way["as it is"]["loss"] < min(row["loss"] for way, row in by_way.items() if way != "as it is")
    assert all(0 <= row[name] <= 1 for row in rows if row["of"] == "feature" for name in probes.WHAT)
    json.dumps(rows)
