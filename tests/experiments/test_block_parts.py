"""What a part of Llama's block is worth is measured on models that differ from an end, GPT or Llama, in it alone."""

import json
from dataclasses import asdict

import block_model
import block_parts
import pytest
import torch
from block_model import GPT, LLAMA, WAYS, Decoder
from torch.testing import assert_close

from largemodels import models
from largemodels.data import Text
from largemodels.text import UNKNOWN, Vocabulary

SIZES = block_model.VOCABULARY, block_model.CONTEXT, block_model.LAYERS, block_model.HEADS


def tokens() -> torch.Tensor:
    return torch.randint(97, (3, 23), generator=torch.Generator().manual_seed(1))


def test_all_models_have_as_many_parameters_as_whole_units_of_the_mlp_allow():
    wanted = block_model.parameters(GPT, 4 * block_model.WIDTH)
    for name, parts in WAYS.items():
        hidden = block_model.hidden_width(parts)
        missing = abs(block_model.parameters(parts, hidden) - wanted)
        assert missing <= 0.0025 * wanted, name
        assert missing <= min(abs(block_model.parameters(parts, hidden + i) - wanted) for i in (-1, 1)), name


@pytest.mark.parametrize("name", [name for name in WAYS if name not in ("GPT", "Llama")])
def test_a_model_differs_from_its_end_in_one_part(name):
    end, parts = asdict(WAYS[name.split(",")[0]]), asdict(WAYS[name])
    assert sum(end[part] != parts[part] for part in parts) == 1


def test_the_five_parts_together_lead_from_one_end_to_the_other():
    added = {part for name in WAYS if name.startswith("GPT") for part in asdict(GPT) if differs(name, GPT, part)}
    assert added == {part for part in asdict(GPT) if asdict(GPT)[part] != asdict(LLAMA)[part]}


def differs(name, end, part) -> bool:
    return getattr(WAYS[name], part) != getattr(end, part)


def test_one_end_is_the_books_llama():
    torch.manual_seed(0)
    model = Decoder(LLAMA)
    config = models.LlamaConfig(
        *SIZES, LLAMA.kv_heads, block_model.WIDTH, model.hidden, block_model.HEAD_WIDTH, LLAMA.base
    )
    llama = models.Llama(config)
    llama.load_state_dict(model.state_dict() | {"head.weight": model.embedding.weight})
    assert_close(model(tokens()), llama(tokens()), atol=1e-5, rtol=1e-5)


def test_the_other_end_is_the_books_gpt():
    torch.manual_seed(0)
    model = Decoder(GPT)
    gpt = models.GPT(models.GPTConfig(*SIZES, block_model.WIDTH, "learned", norm_queries=False, quiet_start=False))
    weights = model.state_dict()
    for i in range(block_model.LAYERS):
        for kind in ("weight", "bias"):
            three = [weights.pop(f"blocks.{i}.attention.to_{part}.{kind}") for part in "qkv"]
            weights[f"blocks.{i}.attention.to_qkv.{kind}"] = torch.cat(three)
            for number, name in ((0, "expand"), (2, "contract")):
                weights[f"blocks.{i}.mlp.{name}.{kind}"] = weights.pop(f"blocks.{i}.mlp.{number}.{kind}")
    gpt.load_state_dict(weights)
    assert_close(model(tokens()), gpt(tokens()), atol=1e-5, rtol=1e-5)


@pytest.fixture
def short(monkeypatch):
    """Two ways of learning a short text that repeats itself."""
    chance = torch.Generator().manual_seed(0)
    numbers = torch.randint(2, (2999,), generator=chance).cumsum(0) % 6 + 1
    text = Text(numbers[:2000], numbers[2000:], Vocabulary((UNKNOWN, *map(chr, range(32, 128)))))
    monkeypatch.setattr(block_parts, "source_code", lambda: text)
    monkeypatch.setattr(block_parts, "LONG", 150)
    monkeypatch.setattr(block_parts, "EXCERPTS", 3)
    monkeypatch.setattr(block_parts, "WAYS", {name: WAYS[name] for name in ("GPT", "Llama")})


def learn(path, *flags) -> dict:
    assert block_parts.main([*flags, "--steps", "4", "--out", str(path)]) == 0
    return json.loads(path.read_text(encoding="utf-8"))


def test_what_the_file_holds_is_kept_and_the_rest_is_made(short, monkeypatch, tmp_path):
    path, made = tmp_path / "found.json", []
    learn(path, "ways", "--seeds", "3")
    monkeypatch.setattr(
        block_parts, "measure", lambda *given, run=block_parts.measure: made.append(given) or run(*given)
    )
    found = learn(path, "ways", "--seeds", "3", "5")
    assert [(run["seed"], run["way"]) for run in found["runs"]] == [(s, w) for s in (3, 5) for w in ("GPT", "Llama")]
    assert [given[3] for given in made] == [5, 5]
    for run in found["runs"]:
        assert len(run["excerpts"]) == 3
        assert abs(sum(run["excerpts"]) / 3 - run["nats"]) < 1e-4
    rates = learn(path, "rates")
    assert rates["runs"] == found["runs"]
    assert len(rates["rates"]) == 2 * len(block_parts.RATES)
    with pytest.raises(ValueError, match="move it away first"):
        block_parts.main(["ways", "--steps", "5", "--out", str(path)])


def test_learning_rates_are_compared_without_the_held_out_text():
    text = Text(torch.arange(1000), torch.arange(1000, 1050), None)
    other = block_parts.held_out(text)
    assert other.train.tolist() == list(range(900))
    assert other.validation.tolist() == list(range(900, 950))


def test_the_stored_runs_are_whole_and_their_rate_is_the_best_for_both_ends_together():
    found = json.loads(block_parts.FILE.read_text(encoding="utf-8"))
    seeds = sorted({run["seed"] for run in found["runs"]})
    assert len(seeds) >= 3
    assert [(run["seed"], run["way"]) for run in found["runs"]] == [(seed, name) for seed in seeds for name in WAYS]
    assert {run["rate"] for run in found["runs"]} == {block_parts.RATE}
    tried = {rate: [] for rate in block_parts.RATES}
    for run in found["rates"]:
        tried[run["rate"]].append(run["nats"])
    assert {len(ends) for ends in tried.values()} == {2}
    assert min(tried, key=lambda rate: sum(tried[rate])) == block_parts.RATE
