"""Questions that a program can check: what is held out is made of other words, and better answers score more."""

import re

import pytest

from largemodels.data import small_questions
from largemodels.data.questions import FORMS, WORDS


def words(questions):
    return {word for question in questions for word in re.findall(r"\w+", question.text)}


def test_held_out_questions_share_no_name_thing_or_place_with_the_others():
    for kind, (learned, held_out) in WORDS.items():
        assert not set(learned.split()) & set(held_out.split()), kind
    learned, held_out = words(small_questions(200)), words(small_questions(100, held_out=True))
    frame = {word for form, _ in FORMS for word in re.findall(r"\w+", re.sub(r"{\w+}", "", form))}
    assert learned & held_out <= frame


def test_questions_differ_and_come_in_every_form_equally_often():
    questions = small_questions(100, held_out=True)
    assert len({question.text for question in questions}) == 100
    for i, question in enumerate(questions):
        assert question.text.endswith(re.sub(r".*{\w+}", "", FORMS[i % len(FORMS)][0]))


def test_a_seed_gives_the_same_questions_always_and_another_others():
    assert small_questions(30, 4) == small_questions(30, 4) != small_questions(30, 5)


def test_each_question_holds_its_answer_in_the_first_sentence():
    for question in small_questions(200):
        assert question.right(question.text.split(".")[0])
        assert not question.right(question.text.split(".")[1])


def test_right_is_better_than_wrong_short_better_than_long_and_finished_better_than_cut_off():
    question = small_questions(1)[0]
    word = question.answer
    order = [word, f"It is {word}.", f"It is {word}, of course.", f"Well, I would say that it is {word}."]
    scores = [question.score(text) for text in order]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 4
    assert question.score("No.") == question.score("") == question.score(f"x{word}x") == 0
    assert question.score(order[2], finished=False) < question.score(order[2])
    assert question.score(word + " again" * 500) > 0
    assert question.right(word.upper())


@pytest.mark.parametrize("count", [0, -1, 481])
def test_more_questions_than_there_are_is_an_error(count):
    with pytest.raises(ValueError, match=f"from 1 to 480 questions of this kind, as many in each form; got {count}"):
        small_questions(count)
