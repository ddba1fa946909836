"""The experiment on answering, run whole with a very small model in the place of the real one."""

import json

import answering
import answering_rest
import answering_ways as ways
import pytest
import torch

from largemodels.data import Question, small_questions, smollm2, written_dates
from largemodels.layers import adapt, adapters
from largemodels.models import Llama, LlamaConfig
from largemodels.text import Tokenizer
from largemodels.train import load_weights

SMALL = LlamaConfig(layers=30, heads=2, kv_heads=1, width=16, hidden=16, head_width=8)


def small(path, dtype=torch.float32):
    torch.manual_seed(0)
    return Llama(SMALL).to(dtype).eval()


@pytest.fixture
def tokenizer():
    return Tokenizer.from_gguf(smollm2())


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Run the experiment with few questions and steps; return its result, where it is, and what runs it again."""
    folder = tmp_path_factory.mktemp("answering")
    with pytest.MonkeyPatch.context() as patch:
        yield run(patch, folder), folder, lambda: run(patch, folder)


def run(monkeypatch, tmp_path) -> dict:
    monkeypatch.setattr(Llama, "from_gguf", small)
    for where, name, value in (
        (ways, "HELD_OUT", 6),
        (ways, "NEW", 4),
        (ways, "LENGTH", 5),
        (answering_rest, "GENERAL", answering_rest.GENERAL[:2]),
        (answering_rest, "LENGTH", 4),
        (answering_rest, "TOKENS", 5),
        (answering, "ASKED", 5),
        (answering, "STEPS", 3),
        (answering, "START", 1),
        (answering, "REWARD", {"steps": 1, "rate": 1e-3}),
        (answering, "PREFER", {"questions": 5, "epochs": 1, "rate": 1e-3, "size": 2}),
        (answering, "TOO_FAR", {"questions": 5, "epochs": 1, "rate": 1e-3, "size": 2}),
        (answering, "KEPT", tmp_path),
    ):
        monkeypatch.setattr(where, name, value)
    # a small model is never right, so that no answer would be better than another: let the number of words decide
    monkeypatch.setattr(Question, "score", lambda self, text, finished=True: len(text) / 100)
    out = tmp_path / "answering.json"
    monkeypatch.setattr("sys.argv", ["answering.py", *answering.PARTS, "--seeds", "0", "--out", str(out)])
    assert answering.main() == 0
    return json.loads(out.read_text(encoding="utf-8"))


def test_every_part_is_measured_once_and_a_second_run_adds_nothing(done):
    result, _, again = done
    ways_run = [run["way"] for run in result["runs"]]
    answers = ["the original's answers", "preferences", "preferences, too far"]
    rewards = ["rewards", "rewards, shuffled"]
    assert ways_run == ["before", "rank 2", *answers, *rewards, "rank 1", "rank 8", "all weights"]
    assert again() == result


def test_every_training_says_what_it_did_to_the_rest(done):
    trained = [run for run in done[0]["runs"] if run.get("seed") is not None]
    assert all("rest" in run for run in trained)
    assert len(trained) == 8


def test_of_preferences_the_pairs_that_were_learned_from_are_measured_too(done):
    for run in done[0]["runs"]:
        if run["way"].startswith("preferences"):
            assert len(run["own_chosen"]) == len(run["own_rejected"]) == len(run["pairs"])


def test_a_way_named_again_is_made_again_and_the_others_are_kept(tmp_path):
    path = tmp_path / "x.json"
    answering.write(path, {"training": "this"}, [{"way": "rewards", "seed": 0}, {"way": "rank 2", "seed": 0}])
    runs = answering.Runs(path, {"training": "this"}, ["rewards"])
    assert ("rewards", 0) not in runs
    assert ("rank 2", 0) in runs


def test_a_word_twice_in_a_row_is_a_stutter(tokenizer):
    assert answering_rest.stutters(tokenizer, tokenizer.encode("Rose lives in Cairo Cairo"))
    assert not answering_rest.stutters(tokenizer, tokenizer.encode("Rose lives in Cairo, in Cairo"))


def test_shuffled_rewards_are_the_same_ones_given_to_other_answers(monkeypatch, tokenizer):
    asked, given = written_dates(2, 1000), {False: [], True: []}
    written = [ways.ended(tokenizer, "none" if i % 3 else iso) for _, iso in asked for i in range(ways.GROUP)]
    monkeypatch.setattr(ways, "write_each", lambda *_, **__: written)
    for shuffled, seen in given.items():
        monkeypatch.setattr(ways, "group_advantages", lambda rewards, seen=seen: seen.append(rewards) or 0 * rewards)
        model = adapt(small(None), ways.LAYERS, rank=2)
        ways.reward(tokenizer, model, 0, 1, 1e-3, questions=2, shuffled=shuffled)
    (kept,), (mixed,) = given[False], given[True]
    assert kept.tolist() == [[1, 0, 0, 1, 0, 0, 1, 0]] * 2
    assert not torch.equal(mixed, kept)
    assert torch.equal(mixed.sort(1).values, kept.sort(1).values)


def test_what_is_kept_is_what_was_learned(done):
    model = adapt(small(None), ways.LAYERS, rank=ways.RANK)
    for name in ("dates", "short"):
        load_weights(done[1] / f"smollm2-{name}.safetensors", adapters(model))
        assert all(x.any() for x in adapters(model).values())


def test_the_rest_is_measured_on_every_text(done):
    for run in done[0]["runs"]:
        for kind, rows in run.get("rest", {}).items():
            sizes = {len(row) for row in rows.values()}
            assert sizes == {{"English": 30, "Python": 16, "answers": 2}[kind]}
            assert min(rows["bytes"]) > 0
            assert min(rows["divergence"]) >= 0
            assert min(rows["before"]) > 0


def test_a_model_that_has_not_changed_has_not_moved(monkeypatch, tokenizer):
    monkeypatch.setattr(answering_rest, "GENERAL", answering_rest.GENERAL[:2])
    monkeypatch.setattr(answering_rest, "TOKENS", 5)
    model = small(None)
    for rows in answering_rest.Rest(model, tokenizer).measure(model).values():
        assert rows["before"] == rows["after"]
        assert max(rows["divergence"]) < 1e-6


def test_the_best_and_the_worst_answer_make_a_pair_and_equal_ones_make_none(tokenizer):
    questions = small_questions(3)
    ids = [tokenizer.encode(text) for text in ("a", "b c", "d")]
    answers = [[(ids[0], 0.2), (ids[1], 0.9), (ids[2], 0.5)], [(ids[0], 0.4)] * 3, [(ids[2], 0.1), (ids[1], 0.0)]]
    pairs = ways.pairs_of(questions, answers)
    assert pairs == [(questions[0].text, ids[1], ids[0]), (questions[2].text, ids[2], ids[1])]
    assert ways.in_words(tokenizer, pairs) == [[questions[0].text, "b c", "a"], [questions[2].text, "d", "b c"]]
    (_, best), (_, worst) = ways.packed(tokenizer, pairs)
    assert [row[row >= 0].tolist() for row in best] == [ids[1].tolist(), ids[2].tolist()]
    assert [row[row >= 0].tolist() for row in worst] == [ids[0].tolist(), ids[1].tolist()]


def test_runs_of_another_training_are_refused(tmp_path):
    path = tmp_path / "x.json"
    answering.write(path, {"training": "other"}, [])
    with pytest.raises(ValueError, match="holds runs with 'other'; move it away first"):
        answering.Runs(path, {"training": "this"})
