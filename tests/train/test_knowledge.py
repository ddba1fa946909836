"""What the real model says when it is asked, and how probable it holds that."""

import math

import pytest
import torch
import torch.nn.functional as F

from largemodels.data import facts, made_up, smollm2
from largemodels.models import Llama
from largemodels.text import Tokenizer
from largemodels.train import TELLING, ask, complete
from largemodels.train.knowledge import _answer_tokens

pytestmark = pytest.mark.xdist_group("smollm2")


@pytest.fixture(scope="module")
def model():
    return Llama.from_gguf(smollm2())


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.from_gguf(smollm2())


FRANCE = next(fact for fact in facts() if "France" in fact.question)


def test_it_answers_in_chat_form_and_the_request_to_admit_ignorance_changes_the_answer(model, tokenizer):
    questions = [FRANCE, made_up()[0]]
    plain, told = ask(model, tokenizer, questions), ask(model, tokenizer, questions[1:], TELLING)
    assert FRANCE.judge(plain[0]) == "right"
    assert plain[1] != told[0]


def test_the_probability_is_that_of_the_very_tokens_of_the_answer(model, tokenizer):
    (sure,) = complete(model, tokenizer, [FRANCE])
    assert sure.text == "Paris"
    prompt = tokenizer.prompt([{"role": "user", "content": FRANCE.question}])
    answer = tokenizer.encode(" Paris")
    text = torch.cat([prompt, tokenizer.encode(FRANCE.start), answer])
    with torch.no_grad():
        loss = F.cross_entropy(model(text[None, :-1])[0, -len(answer) :], answer, reduction="sum").item()
    assert sure.probability == pytest.approx(math.exp(-loss), rel=1e-4)


@pytest.mark.parametrize(
    ("pieces", "answer"),
    [
        ([" Paris", "."], " Paris"),
        ([" Buenos", " Aires", ","], " Buenos Aires"),
        ([" ", "4", "2", " is"], " 42"),
        ([" ", "4", "2", "."], " 42"),
        ([" Paris", " and"], " Paris"),
        ([" Paris", ""], " Paris"),
        ([" Re", "yk", "jav", "ik", "\n"], " Reykjavik"),
        ([" '", "ABC", "'"], " 'ABC"),
        ([" Au"], " Au"),
        ([" Bogot", "\ufffd", "\ufffd", "."], " Bogot\ufffd\ufffd"),  # two tokens of one letter
    ],
)
def test_an_answer_ends_with_its_number_name_or_word(pieces, answer):
    assert "".join(pieces[: _answer_tokens(pieces)]) == answer
