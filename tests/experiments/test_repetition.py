"""Repetitions are counted in what was written alone, and what follows the end of a text counts for nothing."""

import json
from pathlib import Path

import pytest
import repetition
import torch
import torch.nn.functional as F

from largemodels.data import smollm2
from largemodels.models import Llama, LlamaConfig, next_probabilities
from largemodels.text import Tokenizer

ROOT = Path(__file__).resolve().parents[2]
SMALL = LlamaConfig(vocabulary=7, context=60, layers=1, heads=2, kv_heads=1, width=16, hidden=32, head_width=8)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(3)
    return Llama(SMALL).eval()


def test_a_sequence_counts_from_its_second_time_on():
    assert repetition.repeated([1, 2, 3, 4, 5, 6, 7]) == 0
    assert repetition.repeated([1, 2, 3, 4, 1, 2, 3, 4]) == pytest.approx(1 / 5)
    assert repetition.repeated([9] * 10) == pytest.approx(6 / 7)
    assert repetition.repeated([1, 2, 3]) == 0


def test_prompts_of_a_kind_are_as_long_as_one_another_and_all_different():
    found = repetition.prompts(Tokenizer.from_gguf(smollm2()))
    assert found["prose"].shape == (16, repetition.LONG)
    assert len(found["answers"]) == 16
    assert all(len(set(map(tuple, ids.tolist()))) == 16 for ids in found.values())


def test_what_is_noted_of_a_text_ends_where_it_ends(model):
    batch = torch.tensor([[1, 2, 3], [4, 5, 6], [0, 0, 0]])
    for costs in (True, False):
        rows = repetition.written(model, batch, 20, stop=2, seed=5, how={}, costs=costs)
        generator = torch.Generator().manual_seed(5)
        whole = model.generate(batch, 20, stop=(2,), generator=generator)
        with torch.no_grad():
            nats = F.cross_entropy(model(whole[:, :-1]).mT, whole[:, 1:], reduction="none")[:, 2:]
        ended = 0
        for row, ids, each in zip(rows, whole[:, 3:].tolist(), nats, strict=True):
            end = ids.index(2) if 2 in ids else len(ids)
            ended += end < len(ids)
            assert row["tokens"] == end
            assert row["repeated"] == pytest.approx(repetition.repeated(ids[:end]), abs=1e-4)
            assert ("nats" in row) is costs
            if costs:
                assert row["nats"] == pytest.approx(each[: end + 1].mean().item(), abs=1e-3)
        assert ended > 0


def test_a_penalty_lowers_the_logits_of_tokens_that_a_text_holds_and_no_others():
    logits = torch.tensor([[2.0, -2.0, 1.0, -1.0], [3.0, 0.0, -3.0, 1.0]])
    lower = repetition.penalised(logits, torch.tensor([[0, 1, 1], [2, 2, 2]]), 2.0)
    assert torch.equal(lower, torch.tensor([[1.0, -4.0, 1.0, -1.0], [3.0, 0.0, -6.0, 1.0]]))


def test_without_a_penalty_or_a_late_temperature_it_writes_as_the_library_does(model):
    batch, end = torch.tensor([[1, 2, 3], [4, 5, 6]]), (2,)
    here = repetition.write(model, batch, 12, end, torch.Generator(), temperature=0)
    assert torch.equal(here, model.generate(batch, 12, end, temperature=0))
    penalty = repetition.write(model, batch, 12, end, torch.Generator(), temperature=0, penalty=1e6)
    assert not torch.equal(penalty, here)


def test_a_late_temperature_lets_in_nothing_that_the_other_rules_refused(model):
    batch = torch.tensor([[1, 2, 3]]).expand(2000, 3)
    generator = torch.Generator().manual_seed(0)
    drawn = repetition.write(model, batch, 1, (), generator, late_temperature=3.0, top_p=0.5)[:, -1]
    with torch.no_grad():
        p = next_probabilities(model(batch[:1])[:, -1], top_p=0.5)[0] ** (1 / 3)
    share = drawn.bincount(minlength=7) / 2000
    assert (p == 0).any()
    assert torch.equal(share > 0, p > 0)
    assert (share - p / p.sum()).abs().max() < 4 * 0.5 / 2000**0.5


def test_the_committed_result_has_every_way_kind_and_seed():
    result = json.loads((ROOT / "results/repetition.json").read_text(encoding="utf-8"))
    assert result["ways"] == repetition.WAYS
    assert len(result["people"]) == 32
    runs = [(run["way"], run["kind"], run["seed"]) for run in result["runs"]]
    wanted = [
        (way, kind, seed)
        for way in repetition.WAYS
        for kind in ("prose", "answers")
        for seed in (result["seeds"] if repetition.WAYS[way].get("temperature") != 0 else result["seeds"][:1])
    ]
    assert runs == wanted
    assert len(result["seeds"]) == 2
    assert all(len(run["texts"]) == 16 for run in result["runs"])
