"""The full-size runs of GPTs: trained as the file says, measured on all that was held out, and as good as promised."""

import json
from dataclasses import asdict, replace
from math import log
from pathlib import Path

import gpt_cache
import gpts
import pytest
import torch
from torch.optim import AdamW, Muon

from largemodels.data import Text, passages
from largemodels.models import GPT, GPTConfig
from largemodels.text import UNKNOWN, Vocabulary
from largemodels.train import Recipe, evaluate, evaluate_text

ROOT = Path(__file__).resolve().parents[2]

SIZES = {"layers": 1, "heads": 1, "width": 8, "context": 12}


def small_text():
    tokens = torch.randint(2, (1499,), generator=torch.Generator().manual_seed(0)).cumsum(0) % 5 + 1
    return Text(tokens[:1201], tokens[1201:], Vocabulary((UNKNOWN, *"abcde")))


def small(**change):
    return replace(
        gpts.Part(small_text, SIZES, 7, {"plain": gpts.Way(gpts.GPT2), "ours": gpts.Way()}, steps=60), **change
    )


def learn(monkeypatch, folder, part, *flags):
    monkeypatch.setitem(gpts.PARTS, "code", part)
    assert gpts.main(["code", "--out", str(folder), *flags]) == 0
    return json.loads((folder / "gpt-code.json").read_text(encoding="utf-8"))


def test_every_way_learns_with_every_seed_for_as_many_steps(monkeypatch, tmp_path):
    found = learn(monkeypatch, tmp_path, small(steps=60), "--seeds", "3", "5")
    assert [(run["seed"], run["way"]) for run in found["runs"]] == [(s, w) for s in (3, 5) for w in ("plain", "ours")]
    assert {run["steps"] for run in found["runs"]} == {60}
    assert {run["characters"] for run in found["runs"]} == {60 * 7 * 12}
    assert max(run["validation_loss"] for run in found["runs"]) < log(6)
    assert len({run["validation_loss"] for run in found["runs"]}) == 4
    assert found["command"].startswith("python experiments/gpts.py code --out")
    assert (found["seeds"], found["steps"]) == ([3, 5], 60)
    assert found["measured"].startswith("all held-out characters but the first 149, each with at least 7 before it")
    assert found["ways"]["ours"] == asdict(gpts.Way())
    plain = sum(p.numel() for p in GPT(GPTConfig(6, 12, 1, 1, 8, **gpts.GPT2)).parameters())
    assert [run["parameters"] for run in found["runs"][:2]] == [plain, plain - 12 * 8]


def test_runs_that_the_file_holds_are_kept_and_a_way_may_take_longer(monkeypatch, tmp_path):
    ways = {"ours": gpts.Way()}
    (first,) = learn(monkeypatch, tmp_path, small(steps=10, ways=ways), "--seeds", "5")["runs"]
    made = []
    monkeypatch.setattr(gpts, "run", lambda *given, run=gpts.run: made.append(given[2:]) or run(*given))
    ways |= {"longer": gpts.Way(longer=1.3)}
    found = learn(monkeypatch, tmp_path, small(steps=10, ways=ways), "--seeds", "3", "5")
    assert made == [("ours", 3), ("longer", 3), ("longer", 5)]
    assert [(run["seed"], run["way"]) for run in found["runs"]] == [(s, w) for s in (3, 5) for w in ways]
    assert found["runs"][2] == first
    assert found["seeds"] == [3, 5]
    assert [run["steps"] for run in found["runs"]] == [10, 13, 10, 13]
    assert found["runs"][1]["characters"] == 13 * 7 * 12


@pytest.mark.parametrize("change", [{"steps": 11}, {"ways": {"ours": gpts.Way(rate=1.0)}}, {"ways": {}}])
def test_a_file_of_other_runs_is_left_alone(monkeypatch, tmp_path, change):
    learn(monkeypatch, tmp_path, small(steps=2, ways={"ours": gpts.Way()}), "--seeds", "3")
    before = (tmp_path / "gpt-code.json").read_bytes()
    with pytest.raises(ValueError, match=r"gpt-code\.json holds runs that differ in (steps|ours); move it away"):
        learn(monkeypatch, tmp_path, small(**{"steps": 2, "ways": {"ours": gpts.Way()}, **change}), "--seeds", "3")
    assert (tmp_path / "gpt-code.json").read_bytes() == before


def test_the_learning_rate_is_that_of_the_recipe_and_may_end_above_zero():
    way, recipe = gpts.Way(rate=3e-3, warmup=0.1), Recipe(3e-3, schedule="cosine", warmup=20)
    for step in (20, 50, 110, 199):
        assert gpts.rate_at(way, step / 200) == pytest.approx(recipe.rate(step, 200))
    assert gpts.rate_at(way, 0.05) == pytest.approx(1.5e-3)
    assert gpts.rate_at(replace(way, end=0.1), 1.0) == pytest.approx(3e-4)


def test_muon_takes_the_matrices_of_the_blocks_and_nothing_else():
    model = GPT(GPTConfig(6, **SIZES))
    adam, muon = gpts.optimizers(model, gpts.Way(muon=True))
    assert (type(adam), type(muon)) == (AdamW, Muon)
    name = {id(p): name for name, p in model.named_parameters()}
    by_muon = {name[id(p)] for group in muon.param_groups for p in group["params"]}
    assert by_muon == {
        f"blocks.0.{part}.weight" for part in ("attention.to_qkv", "attention.out", "mlp.expand", "mlp.contract")
    }
    by_adam = [[name[id(p)] for p in group["params"]] for group in adam.param_groups]
    assert by_adam[0] == ["embedding.weight"]
    assert by_muon | {each for group in by_adam for each in group} == set(name.values())
    assert [type(each) for each in gpts.optimizers(model, gpts.Way())] == [AdamW]


def test_the_loss_is_that_of_the_whole_validation_text(monkeypatch):
    part, text, trained = small(steps=5), small_text(), []
    monkeypatch.setattr(
        gpts, "train", lambda model, *rest, train=gpts.train: trained.append(model) or train(model, *rest)
    )
    found = gpts.run(part, text, "ours", 3)
    score = evaluate_text(trained[0], text.validation, text.vocabulary)
    assert found["validation_loss"] == pytest.approx(score.nats, abs=1e-5)
    separate = evaluate(trained[0], *passages(text.validation, 12)).loss
    assert found["in_separate_passages"] == pytest.approx(separate, abs=1e-5)
    assert found["standard_error"] == pytest.approx(score.standard_error, abs=1e-5)
    assert found["bits_per_byte"] == pytest.approx(score.bits_per_byte, abs=1e-5)


def test_learning_rates_can_be_chosen_without_the_validation_text(monkeypatch, tmp_path):
    found = learn(monkeypatch, tmp_path, small(steps=2), "--seeds", "3", "--held-out")
    text, tried = small_text(), gpts.held_out(small_text())
    assert torch.equal(
        torch.cat([tried.train, tried.validation]), text.train[: len(tried.train) + len(tried.validation)]
    )
    assert f"{len(tried.train):,} characters to learn from" in found["text"]
    assert len(tried.train) == 1080


def test_a_token_is_timed_with_and_without_the_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(gpt_cache, "LENGTHS", (3, 7, 11))
    monkeypatch.setattr(gpt_cache, "write_by_length", lambda measure=gpt_cache.write_by_length: measure(rounds=3))
    assert gpt_cache.main(["--out", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "gpt-cache.json").read_text(encoding="utf-8"))
    assert found["lengths"] == [3, 7, 11]
    assert [len(each) for each in found["milliseconds"].values()] == [3, 3]
    assert found["kept_numbers"] == [2 * 4 * 128 * t for t in (3, 7, 11)]


# ---- what the book promises ----


def result(name):
    return json.loads((ROOT / "results" / f"gpt-{name}.json").read_text(encoding="utf-8"))


def of(found, way):
    return [run["validation_loss"] for run in found["runs"] if run["way"] == way]


def test_the_run_of_nanogpt_is_matched_and_beaten():
    found = result("shakespeare")
    assert found["model"] == {"layers": 4, "heads": 4, "width": 128, "context": 64}
    assert {run["steps"] for run in found["runs"]} == {2000}
    assert {run["characters"] for run in found["runs"]} == {2000 * 12 * 64}
    ours = of(found, "+ Muon")
    assert len(ours) == len(found["seeds"]) == 3
    assert max(ours) < 1.75 < min(of(found, "nanoGPT"))
    assert max(of(found, "+ our learning rate")) < 1.88
    assert max(run["parameters"] for run in found["runs"]) < 820_000


def test_muon_is_ahead_on_source_code_also_of_adamw_with_more_time():
    found = result("code")
    cost = {way: sum(run["cpu_seconds"] for run in found["runs"] if run["way"] == way) for way in found["ways"]}
    assert len(of(found, "AdamW")) == len(of(found, "Muon")) == len(of(found, "AdamW, longer")) == 3
    assert max(of(found, "AdamW")) < 1.40
    assert max(of(found, "Muon")) < min(of(found, "AdamW, longer")) - 0.05
    assert cost["AdamW, longer"] > 0.95 * cost["Muon"] > cost["AdamW"]


def test_the_cache_makes_a_token_of_a_long_text_cheap():
    found = result("cache")
    with_cache, without = (found["milliseconds"][way] for way in ("with", "without"))
    assert found["lengths"][-1] == 1024
    assert without[-1] > 10 * with_cache[-1]
