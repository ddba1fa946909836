"""What a part of Llama's block is worth is measured on models that differ from an end, GPT or Llama, in it alone."""

import json
from dataclasses import asdict

import block_model
import block_parts
import pytest
import torch
from block_model import GPT, LLAMA, WAYS, Decoder, initialise
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
def test_a_model_differs_from_its_end_in_the_parts_that_its_name_says(name):
    end, parts = asdict(WAYS[name.split(",")[0]]), asdict(WAYS[name])
    assert sum(end[part] != parts[part] for part in parts) == 1 + name.count(" and ")


def test_the_five_parts_together_lead_from_one_end_to_the_other():
    added = {part for name in WAYS if name.startswith("GPT") for part in asdict(GPT) if differs(name, GPT, part)}
    assert added == {part for part in asdict(GPT) if asdict(GPT)[part] != asdict(LLAMA)[part]}


def differs(name, end, part) -> bool:
    return getattr(WAYS[name], part) != getattr(end, part)


def test_a_matrix_starts_alike_in_all_ways_in_which_it_has_the_same_shape():
    first = {name: dict(initialise(Decoder(parts), 3).named_parameters()) for name, parts in WAYS.items()}
    for name, weights in first.items():
        end = first[name.split(",")[0]]
        for matrix in weights:
            if matrix in end and end[matrix].shape == weights[matrix].shape:
                assert torch.equal(weights[matrix], end[matrix]), (name, matrix)
        assert torch.equal(weights["embedding.weight"], end["embedding.weight"])
        assert torch.equal(weights["blocks.1.attention.to_q.weight"], end["blocks.1.attention.to_q.weight"])


def test_another_seed_another_name_or_another_width_of_the_first_weights_gives_other_weights():
    one, other, small = (dict(initialise(Decoder(GPT), *given).named_parameters()) for given in ((3,), (4,), (3, 0.02)))
    matrices = [f"blocks.{i}.attention.to_{part}.weight" for i in range(block_model.LAYERS) for part in "qkv"]
    for i, name in enumerate(matrices):
        assert not torch.equal(one[name], other[name])
        assert not any(torch.equal(one[name], one[earlier]) for earlier in matrices[:i])
        assert_close(small[name] * (block_model.STD / 0.02), one[name])
        assert abs(one[name].std() / block_model.STD - 1) < 0.05
    assert abs(one["blocks.0.mlp.2.weight"].std() / block_model.STD * 2 - 1) < 0.05  # less by the root of 2 · LAYERS
    assert torch.equal(one["embedding.weight"], small["embedding.weight"])
    assert (one["norm.weight"] == 1).all()


def test_one_end_is_the_books_llama():
    model = initialise(Decoder(LLAMA), 0)
    config = models.LlamaConfig(
        *SIZES, LLAMA.kv_heads, block_model.WIDTH, model.hidden, block_model.HEAD_WIDTH, LLAMA.base
    )
    llama = models.Llama(config)
    llama.load_state_dict(model.state_dict() | {"head.weight": model.embedding.weight})
    assert_close(model(tokens()), llama(tokens()), atol=1e-5, rtol=1e-5)


def test_the_other_end_is_the_books_gpt():
    model = initialise(Decoder(GPT), 0)
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
    monkeypatch.setattr(block_parts, "WAYS", {name: WAYS[name] for name in ("GPT", "GPT, SwiGLU", "Llama")})
    monkeypatch.setattr(block_parts, "RATES", {"GPT": (1e-3, 1e-2), "Llama": (1e-2, 2e-2)})


def learn(path, *flags) -> dict:
    assert block_parts.main([*flags, "--steps", "4", "--out", str(path)]) == 0
    return json.loads(path.read_text(encoding="utf-8"))


def test_what_the_file_holds_is_kept_and_the_rest_is_made(short, monkeypatch, tmp_path):
    path, made = tmp_path / "found.json", []
    with pytest.raises(ValueError, match="run `rates` first"):
        learn(path, "ways")
    rates = learn(path, "rates")["rates"]
    assert [run["rate"] for run in rates] == [1e-3, 1e-2, 1e-2, 2e-2]
    learn(path, "ways", "--seeds", "3")
    monkeypatch.setattr(
        block_parts, "measure", lambda *given, run=block_parts.measure: made.append(given) or run(*given)
    )
    found = learn(path, "ways", "--seeds", "3", "5")
    ways = [*block_parts.WAYS]
    assert [(run["seed"], run["way"]) for run in found["runs"]] == [(s, w) for s in (3, 5) for w in ways]
    assert [given[3] for given in made] == [5] * len(ways)
    for run in found["runs"]:
        assert len(run["excerpts"]) == 3
        assert abs(sum(run["excerpts"]) / 3 - run["nats"]) < 1e-4
        assert run["rate"] == block_parts.best(rates)[run["way"].split(",")[0]]
    small = learn(path, "initial", "--seeds", "3")
    assert small["rates"] == rates
    assert small["runs"] == found["runs"]
    assert [(run["way"], run["std"]) for run in small["initial"]] == [("GPT", 0.02), ("GPT, SwiGLU", 0.02)]
    assert small["initial"][0]["nats"] != found["runs"][0]["nats"]
    with pytest.raises(ValueError, match="move it away first"):
        block_parts.main(["ways", "--steps", "5", "--out", str(path)])


def test_the_best_rate_of_an_end_is_the_one_with_the_lowest_loss():
    tried = {("GPT", 0.1): 3.0, ("GPT", 0.2): 2.0, ("Llama", 0.1): 1.0, ("Llama", 0.2): 1.5}
    runs = [{"way": way, "rate": rate, "nats": nats} for (way, rate), nats in tried.items()]
    assert block_parts.best(runs) == {"GPT": 0.2, "Llama": 0.1}
    with pytest.raises(ValueError, match="no learning rate was tried for Llama"):
        block_parts.best(runs[:2])


def test_learning_rates_are_compared_without_the_held_out_text():
    text = Text(torch.arange(1000), torch.arange(1000, 1050), None)
    other = block_parts.held_out(text)
    assert other.train.tolist() == list(range(900))
    assert other.validation.tolist() == list(range(900, 950))


def test_the_stored_runs_are_whole_and_each_ends_rate_is_the_best_of_those_tried():
    found = json.loads(block_parts.FILE.read_text(encoding="utf-8"))
    seeds = sorted({run["seed"] for run in found["runs"]})
    assert seeds == block_parts.SEEDS["ways"]
    assert [(run["seed"], run["way"]) for run in found["runs"]] == [(seed, name) for seed in seeds for name in WAYS]
    tried = [(run["way"], run["rate"]) for run in found["rates"]]
    assert tried == [(end, rate) for end, rates in block_parts.RATES.items() for rate in rates]
    rates = block_parts.best(found["rates"])
    for end, rate in rates.items():
        assert rate not in (block_parts.RATES[end][0], block_parts.RATES[end][-1])  # one to each side did worse
    for run in found["runs"] + found["initial"]:
        assert run["rate"] == rates[run["way"].split(",")[0]]
    small = sorted({run["seed"] for run in found["initial"]})
    assert small == block_parts.SEEDS["initial"]
    assert [(run["seed"], run["way"]) for run in found["initial"]] == [(s, w) for s in small for w in block_parts.SMALL]
    assert {run["std"] for run in found["initial"]} == {block_parts.SMALL_STD}
