"""The experiment on errors over steps: what it asks is right, and what it counts is what a model would write."""

import json
from itertools import pairwise
from types import SimpleNamespace

import pytest
import steps
import steps_tasks as tasks
import torch
import torch.nn.functional as F

from largemodels.data import smollm2
from largemodels.models import Llama, LlamaConfig
from largemodels.text import Tokenizer

SMALL = LlamaConfig(layers=2, heads=2, kv_heads=1, width=16, hidden=16, head_width=8)


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.from_gguf(smollm2())


def drawn(task, size, seed=0):
    return tasks.TASKS[task](size, torch.Generator().manual_seed(seed))


def text(pieces):
    return "".join(part for part, _ in pieces)


@pytest.mark.parametrize("seed", range(5))
def test_the_answers_of_all_sums_are_right(seed):
    for task, size in (("sum", 4), ("chain", 7), ("at once", 5)):
        for step in text(drawn(task, size, seed)).strip().split(", "):
            left, _, result = step.partition(" = ")
            assert sum(map(int, left.split(" + "))) == int(result)
    totals = [int(each.split(" + ")[0]) for each in text(drawn("run on", 7, seed)).strip().split(" = ")]
    added = [int(each.split(" + ")[1]) for each in text(drawn("run on", 7, seed)).strip().split(" = ")[:-1]]
    assert [b - a for a, b in pairwise(totals)] == added


def test_a_wrong_line_has_one_error_that_is_not_asked_for_and_goes_on_from_it():
    right, wrong = drawn("run on", 7), drawn("wrong", 7)
    off = [int(b) - int(a) for (a, _), (b, _) in zip(right[2::2], wrong[2::2], strict=True) if a.isdigit()]
    assert off[: tasks.WRONG] == [0] * tasks.WRONG
    assert len(set(off[tasks.WRONG :])) == 1
    assert off[-1] in (1, 2, 3)
    assert [part for part, asked in wrong if not asked and part.isdigit()] == [
        wrong[0][0],
        wrong[2 * tasks.WRONG + 2][0],
    ]


def test_words_are_one_token_each_and_copied_in_order(tokenizer):
    assert all(len(tokenizer.encode(f" {word}")) == 1 for word in tasks.WORDS)
    words = [part for part, asked in drawn("copy", 9) if asked]
    assert len(set(words)) == 9
    assert text(drawn("copy", 9)).count("".join(words)) == 2


class Foreseeing:
    """A model that knows the text it reads, but says 8 where 7 comes next."""

    def __init__(self, seven, eight):
        self.seven, self.eight = seven, eight

    def start(self, batch=1, room=1):
        return SimpleNamespace(kept=[torch.zeros(2, batch, 1, room, 1)], length=0)

    def advance(self, tokens, cache, last=None):
        cache.length += tokens.shape[1]
        following = torch.cat([tokens[:, 1:], tokens[:, :1]], 1)
        return F.one_hot(torch.where(following == self.seven, self.eight, following), 49_152)


@pytest.mark.parametrize("task", list(tasks.TASKS))
def test_a_part_is_right_just_where_all_its_tokens_are_foreseen(tokenizer, task):
    seven, eight = (tokenizer.encode(digit).item() for digit in "78")
    questions = [drawn(task, 5, seed) for seed in range(4)]
    found = steps.answered(Foreseeing(seven, eight), tokenizer, [drawn(task, 5, 9)], questions)
    for question, marks in zip(questions, found, strict=True):
        assert marks == "".join(str(int("7" not in part)) for part, asked in question if asked)


def test_reading_after_shared_examples_is_reading_the_whole_text(tokenizer):
    torch.manual_seed(0)
    model = Llama(SMALL).eval()
    shots, questions = [drawn("chain", 3, 7)], [drawn("chain", 3, seed) for seed in range(3)]
    with torch.no_grad():
        for question in questions:
            tokens, _ = steps.encode(tokenizer, question)
            before = tokenizer.encode(text(shots[0]))
            whole = model(torch.cat([before, torch.tensor(tokens)])[None])[0, len(before) :]
            cache = steps.shared(model, before[None], 2, len(tokens))
            torch.testing.assert_close(model.advance(torch.tensor([tokens, tokens]), cache), whole.expand(2, -1, -1))


def test_the_program_writes_each_run_with_its_seed(monkeypatch, tmp_path):
    torch.manual_seed(0)
    model = Llama(SMALL).eval()
    monkeypatch.setattr(Llama, "from_gguf", lambda path: model)
    monkeypatch.setattr(steps, "SIZES", {"sum": (2,), "copy": (3, 33)})
    out = tmp_path / "steps.json"
    monkeypatch.setattr("sys.argv", ["steps.py", "--seeds", "4", "5", "--asked", "3", "--out", str(out)])
    threads = torch.get_num_threads()
    assert steps.main() == 0
    torch.set_num_threads(threads)
    result = json.loads(out.read_text(encoding="utf-8"))
    assert [(run["task"], run["size"], run["seed"]) for run in result["runs"]] == [
        (task, size, seed) for seed in (4, 5) for task, size in (("sum", 2), ("copy", 3), ("copy", 33))
    ]
    assert [len(run["right"]) for run in result["runs"]] == [3, 3, 2] * 2
    assert {len(each) for each in result["runs"][1]["right"]} == {3}
