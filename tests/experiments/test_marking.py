"""The experiments on marking and on associations: what they score is what the model says of each text alone."""

import json
from pathlib import Path

import associations
import marking
import pytest
import torch

from largemodels.data import SETS, Exercise, exercises, gendered_nouns, occupations, smollm2
from largemodels.models import Llama, LlamaConfig
from largemodels.text import Tokenizer

RESULTS = Path(__file__).resolve().parents[2] / "results"
SHOWN, ASKED = exercises("capitals", 5, 0), exercises("two digits", 3, 1)


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.from_gguf(smollm2())


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return Llama(LlamaConfig(layers=2, heads=2, kv_heads=1, width=16, hidden=16, head_width=8)).eval()


@torch.no_grad()
def after(model, ids):  # log-probabilities after a text that is read alone
    return model(ids[None]).log_softmax(-1)[0]


def examples():
    marks = ("right", "wrong", "wrong", "right", "right")
    answers = [e.right if mark == "right" else e.wrong for e, mark in zip(SHOWN, marks, strict=True)]
    return "".join(
        f"Question: {e.question}\nAnswer: {answer}\nThe answer is {mark}.\n\n"
        for e, answer, mark in zip(SHOWN, answers, marks, strict=True)
    )


def test_a_mark_is_how_much_likelier_right_is_than_wrong_after_the_examples(model, tokenizer):
    right, wrong = (tokenizer.encode(word) for word in (" right", " wrong"))
    scores = marking.marked(model, tokenizer, SHOWN, ASKED)
    for i, exercise in enumerate(ASKED):
        for j, answer in enumerate((exercise.right, exercise.wrong)):
            ids = tokenizer.encode(f"{examples()}Question: {exercise.question}\nAnswer: {answer}\nThe answer is")
            last = after(model, ids)[-1]
            assert scores[j][i] == pytest.approx(float(last[right] - last[wrong]), abs=1e-5)


def test_in_conversation_it_is_how_much_likelier_yes_is_than_no(model, tokenizer):
    yes, no = (tokenizer.encode(word) for word in ("Yes", "No"))
    scores = marking.chatted(model, tokenizer, SHOWN, ASKED)
    for i, exercise in enumerate(ASKED):
        for j, answer in enumerate((exercise.right, exercise.wrong)):
            said = f"Question: {exercise.question}\nAnswer: {answer}\nIs this answer right? Reply with yes or no."
            last = after(model, tokenizer.prompt([{"role": "user", "content": said}]))[-1]
            assert scores[j][i] == pytest.approx(float(last[yes] - last[no]), abs=1e-5)


def test_its_own_score_is_the_log_probability_of_the_answer_and_the_end_of_its_line(model, tokenizer):
    before = "".join(f"Question: {e.question}\nAnswer: {e.right}\n\n" for e in SHOWN)
    scores = marking.own(model, tokenizer, SHOWN, ASKED)
    for i, exercise in enumerate(ASKED):
        for j, answer in enumerate((exercise.right, exercise.wrong)):
            question = tokenizer.encode(f"{before}Question: {exercise.question}\nAnswer:")
            said = tokenizer.encode(f" {answer}\n")
            likely = after(model, torch.cat([question, said]))[len(question) - 1 : -1]
            assert scores[j][i] == pytest.approx(float(likely.gather(1, said[:, None]).sum()), abs=1e-4)


def test_both_answers_of_an_exercise_stand_in_its_text():
    exercise = Exercise("What is 2 + 2?", "4", "5")
    assert marking.text(exercise, True) == "Question: What is 2 + 2?\nAnswer: 4"
    assert marking.text(exercise, False) == "Question: What is 2 + 2?\nAnswer: 5"


def test_associations_keeps_a_score_for_each_noun_and_template(model, tokenizer):
    found = associations.scored(model, tokenizer, ["nurse", "guard"], "before", False)
    assert [run["template"] for run in found] == [0, 1, 2]
    assert all(len(run["whole"]) == len(run["word"]) == 2 for run in found)
    assert all(run["word"][0] == pytest.approx(run["word"][1], abs=1e-3) for run in found)  # nothing stands before it


def test_the_results_hold_every_set_model_and_control():
    kept = json.loads((RESULTS / "associations.json").read_text(encoding="utf-8"))
    assert kept["nouns"] == [*occupations(), *gendered_nouns()]
    kinds = [(run["model"], run["set"], run["neutral"]) for run in kept["runs"]]
    for which in SETS:
        for kind in (("real", False), ("real", True), ("weights shuffled", False)):
            assert kinds.count((kind[0], which, kind[1])) == 3
    marks = json.loads((RESULTS / "marking.json").read_text(encoding="utf-8"))
    assert len(marks["runs"]) == 3 * 3 * 4
    assert all(len(run["right"]) == marks["asked"] for run in marks["runs"])
